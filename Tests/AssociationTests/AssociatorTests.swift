import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Association

@Suite struct AssociatorTests {
  @Test func aPersonKeepsTheNumberAcrossCameras() throws {
    var stage = try Stage(people: 3)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
    _ = try stage.frame("a", 4, [], ended: [1, 2])
    try stage.play("b", from: 10, to: 14, [(1, 1, 0), (2, 2, 4)])
    let first = try #require(stage.identity("a", 1))
    let second = try #require(stage.identity("a", 2))
    #expect(first != second)
    #expect(stage.identity("b", 1) == second)
    #expect(stage.identity("b", 2) != first && stage.identity("b", 2) != second)
    #expect(stage.associator.gallery.count == 3)
    let assigned = stage.events.contains {
      if case .identityAssigned(second, _, _, let confidence, let text) = $0 {
        return confidence > 0.9 && text.contains("identity \(second)") && !text.contains("\n")
      }
      return false
    }
    #expect(assigned)
  }

  @Test func aTrackStaysTentativeUntilTheEvidenceSuffices() throws {
    var stage = try Stage(people: 1)
    let update = try stage.frame("a", 0, [(1, 0, 0)])
    #expect(update.assignments[TrackID(camera: camera("a"), number: 1)] == .tentative)
    try stage.play("a", from: 0.1, to: 2, [(1, 0, 0)])
    #expect(stage.identity("a", 1) == IdentityID(1))
  }

  @Test(arguments: [(0.97, 0), (0.8, 2)])
  func whoIsNotQuiteUnlikeEverybodyWaitsForBetterLooks(probability: Double, hasty: Int) throws {
    var created = 0
    for (seed, first) in [(1, 0.25), (3, 0.35), (3, 0.4), (5, 0.25)] as [(UInt64, Float)] {
      var settings = AssociationSettings()
      settings.creationProbability = probability
      var stage = try Stage(people: 3, seed: seed, settings: settings)
      // Views of person 0: from behind, and then from the side.
      for (view, similarity) in [(1, first), (2, 0.9)] as [(Int, Float)] {
        let other = stage.people[view]
        stage.people[view] = try Embedding(
          normalizing: zip(stage.people[0], other).map {
            similarity * $0 + (1 - similarity * similarity).squareRoot() * $1
          }
        ).values
      }
      try stage.play("a", from: 0, to: 4, [(1, 0, 0)])
      _ = try stage.frame("a", 4, [], ended: [1])
      try stage.play("b", from: 10, to: 11, [(1, 1, 0)])
      created += stage.identity("b", 1) == nil ? 0 : 1
      try stage.play("b", from: 11, to: 14, [(1, 2, 0)])
      #expect(stage.identity("b", 1) == stage.identity("a", 1), "seed \(seed), first looks \(first) alike")
    }
    #expect(created == hasty)
  }

  @Test func twinsInOnePictureNeverShareANumber() throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      var stage = try Stage(people: 1, seed: seed)
      try stage.play("a", from: 0, to: 5, [(1, 0, 0), (2, 0, 3), (3, 0, 6)])
      try stage.play("b", from: 20, to: 25, [(1, 0, 0), (2, 0, 3)])
      let found = [1, 2, 3].compactMap { stage.identity("a", $0) }
      #expect(Set(found).count == found.count, "seed \(seed)")
      let elsewhere = [1, 2].compactMap { stage.identity("b", $0) }
      #expect(Set(elsewhere).count == elsewhere.count, "seed \(seed)")
      #expect(stage.sharedFrames == 0)
      // Everybody looks like three people at once: whoever got a number is not sure of it.
      for number in [1, 2] as [UInt64] {
        let assignment = stage.associator.assignment(of: TrackID(camera: camera("b"), number: number))
        #expect(!assignment.isSure, "seed \(seed)")
      }
    }
  }

  @Test func beingSeenTogetherLaterTakesTheNumberFromOne() throws {
    var stage = try Stage(people: 1)
    try stage.play("a", from: 0, to: 3, [(1, 0, 0)])
    // Track 1 is lost, track 2 looks the same and takes over ...
    for step in 0..<30 { _ = try stage.frame("a", 3 + Double(step) / 10, [(2, 0, 1)], lost: [1]) }
    #expect(stage.identity("a", 1) == stage.identity("a", 2))
    // ... until both are seen at once.
    let update = try stage.frame("a", 6, [(1, 0, 5), (2, 0, 1)])
    let shown = update.assignments.values.compactMap(\.identity)
    #expect(Set(shown).count == shown.count)
    #expect(
      update.events.contains {
        if case .identitySplit(let record) = $0 { return record.explanation.contains("seen at once") }
        return false
      })
    try stage.play("a", from: 6.1, to: 12, [(1, 0, 5), (2, 0, 1)])
    #expect(stage.sharedFrames == 0)
    #expect(stage.identity("a", 1) != stage.identity("a", 2))
  }

  @Test func whoIsHiddenForAMomentIsLinkedAgain() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 3, [(1, 0, 0), (2, 1, 6)])
    _ = try stage.frame("a", 3, [(2, 1, 6)], ended: [1])
    try stage.play("a", from: 5, to: 8, [(3, 0, 0.5), (2, 1, 6)])
    #expect(stage.identity("a", 3) == stage.identity("a", 1))
  }

  @Test func nobodyIsInTwoDisjointCamerasAtOnce() throws {
    var settings = AssociationSettings()
    settings.defaultOverlap = .disjoint
    var stage = try Stage(people: 1, settings: settings)
    for step in 0..<60 {
      _ = try stage.frame("a", Double(step) / 10, [(1, 0, 0)])
      _ = try stage.frame("b", Double(step) / 10, [(1, 0, 0)])
    }
    #expect(stage.identity("a", 1) != nil)
    #expect(stage.identity("a", 1) != stage.identity("b", 1))
    settings.defaultOverlap = .learned
    stage = try Stage(people: 1, settings: settings)
    for step in 0..<60 {
      _ = try stage.frame("a", Double(step) / 10, [(1, 0, 0)])
      _ = try stage.frame("b", Double(step) / 10, [(1, 0, 0)])
    }
    #expect(stage.identity("a", 1) == stage.identity("b", 1))
  }

  @Test func earlyMistakesAreRepairedByLaterEvidence() throws {
    var stage = try Stage(people: 1)
    stage.noise = 0.9  // at first hardly recognisable
    try stage.play("a", from: 0, to: 2, [(1, 0, 0)])
    try stage.play("b", from: 0, to: 2, [(1, 0, 0)])
    stage.noise = 0.3
    for step in 0..<200 {
      _ = try stage.frame("a", 2 + Double(step) / 10, [(1, 0, 0)])
      _ = try stage.frame("b", 2 + Double(step) / 10, [(1, 0, 0)])
    }
    #expect(stage.identity("a", 1) == stage.identity("b", 1))
    #expect(stage.associator.gallery.count == 1)
  }

  @Test func journalAndGalleryAgree() throws {
    var stage = try Stage(people: 4)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
    try stage.play("b", from: 4, to: 8, [(1, 1, 0), (2, 2, 5), (3, 3, 8)])
    let update = stage.associator.finish(at: at(9))
    var replica = GalleryContents()
    for change in stage.changes + update.changes { try replica.apply(change) }
    #expect(replica == stage.associator.gallery.contents)
    #expect(
      stage.associator.gallery.contents.identities.values.allSatisfy {
        $0.sightings.allSatisfy { !$0.isOpen }
      })
    #expect(stage.associator.gallery.contents.learnedState.count == 2)
  }

  @Test func aRestartGoesOnWithTheGallery() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
    let known = stage.identity("a", 2)
    let contents = stage.associator.gallery.contents  // as after a kill: sightings are still open
    stage.associator = try Associator(network: network, gallery: Gallery(contents: contents))
    let next = contents.lastTrackNumbers[camera("a")] ?? 0
    #expect(next >= 2)
    try stage.play("b", from: 30, to: 34, [(next + 1, 1, 0)])
    #expect(stage.identity("b", next + 1) == known)
    let other = EmbeddingNetwork(name: "other", version: "1", dimension: 64)
    #expect(throws: GalleryError.self) {
      try Associator(network: other, gallery: Gallery(contents: contents))
    }
  }
}

@Suite struct TrackCutTests {
  @Test func aTrackThatChangesOverIsCut() throws {
    var stage = try Stage(people: 3)
    try stage.play("a", from: 0, to: 5, [(1, 0, 0), (2, 1, 5)])
    let first = try #require(stage.identity("a", 1))
    let second = try #require(stage.identity("a", 2))
    // The tracker goes on with track 1 on a third person.
    try stage.play("a", from: 5, to: 10, [(1, 2, 0), (2, 1, 5)])
    let later = try #require(stage.identity("a", 1))
    #expect(later != first && later != second)
    #expect(stage.identity("a", 2) == second)
    let spans = try #require(stage.associator.identitySpans()[TrackID(camera: camera("a"), number: 1)])
    #expect(spans.map(\.identity) == [first, later])
    #expect(spans.identity(at: at(2)) == first && spans.identity(at: at(9)) == later)
    #expect(spans[0].end < spans[1].begin)
    // The first person comes back and is still known.
    try stage.play("b", from: 30, to: 33, [(1, 0, 0), (2, 2, 5)])
    #expect(stage.identity("b", 1) == first && stage.identity("b", 2) == later)
    #expect(stage.sharedFrames == 0)
  }

  @Test func oneBadLookCutsNothing() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 5, [(1, 0, 0)])
    _ = try stage.frame("a", 5.0, [(1, 1, 0)])
    try stage.play("a", from: 5.1, to: 10, [(1, 0, 0)])
    #expect(stage.associator.identitySpans()[TrackID(camera: camera("a"), number: 1)]?.count == 1)
  }
}
