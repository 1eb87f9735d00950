import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Association

@Suite struct ReviewTests {
  /// Two persons who cross after 7 s and whose tracks change over.
  private func crossing(seed: UInt64, settings: AssociationSettings = AssociationSettings()) throws -> Stage {
    var stage = try Stage(people: 2, seed: seed, settings: settings)
    try stage.play("a", from: 0, to: 6, [(1, 0, 0), (2, 1, 5)])
    try stage.play("a", from: 6, to: 7, [(1, 0, 2), (2, 1, 2.2)])
    try stage.play("a", from: 7, to: 8.4, [(1, 1, 3), (2, 0, 1)])
    return stage
  }

  private func identity(_ stage: Stage, _ track: UInt64, _ time: Double) -> IdentityID? {
    stage.associator.identitySpans()[TrackID(camera: camera("a"), number: track)]?.identity(at: at(time))
  }

  @Test func aLiveRunRepairsWhatItDecidedEarly() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed)
      try stage.play("a", from: 8.4, to: 16, [(1, 1, 3), (2, 0, 1)])
      #expect(identity(stage, 1, 3) != nil && identity(stage, 1, 3) == identity(stage, 2, 15), "seed \(seed)")
      #expect(identity(stage, 2, 3) != nil && identity(stage, 2, 3) == identity(stage, 1, 15), "seed \(seed)")
      #expect(stage.identity("a", 1) == identity(stage, 2, 3), "seed \(seed)")
      #expect(stage.sharedFrames == 0)
      // The tracks go on under their names.
      try stage.play("a", from: 16, to: 18, [(1, 1, 3), (2, 0, 1)])
      let update = stage.associator.finish(at: at(19))
      var replica = GalleryContents()
      for change in stage.changes + update.changes { try replica.apply(change) }
      #expect(replica == stage.associator.gallery.contents, "seed \(seed)")
      let told = (stage.events + update.events).reduce(into: (began: 0, ended: 0)) { told, event in
        if case .sightingBegan = event { told.began += 1 }
        if case .sightingEnded = event { told.ended += 1 }
      }
      #expect(told.began == told.ended, "seed \(seed)")
    }
  }

  @Test func aRecordingIsReviewedOnTheWay() throws {
    var settings = AssociationSettings()
    settings.consolidationWindow = .infinity
    settings.maximumEndedTracks = Associator.maximumRecordingTracks
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed, settings: settings)
      try stage.play("a", from: 8.4, to: 16, [(1, 1, 3), (2, 0, 1)])
      #expect(identity(stage, 1, 3) != nil && identity(stage, 1, 3) == identity(stage, 2, 15), "seed \(seed)")
      #expect(identity(stage, 2, 3) != nil && identity(stage, 2, 3) == identity(stage, 1, 15), "seed \(seed)")
      #expect(stage.sharedFrames == 0, "seed \(seed)")
    }
  }

  @Test(arguments: [0, 300])
  func aReviewTellsWhatItChangedAndWhy(reviewed: Int) throws {
    var told = 0
    var repaired = 0
    for seed in 1...4 as ClosedRange<UInt64> {
      var settings = AssociationSettings()
      settings.reviewedTracks = reviewed
      var stage = try Stage(people: 2, seed: seed, settings: settings)
      try stage.play("a", from: 0, to: 6, [(1, 0, 0), (2, 1, 5)])
      try stage.play("a", from: 6, to: 7, [(1, 0, 2), (2, 1, 2.2)])
      // Too short for a live decision to see that the tracks have changed over.
      try stage.play("a", from: 7, to: 7.9, [(1, 1, 3), (2, 0, 1)])
      for event in stage.associator.finish(at: at(8)).events {
        switch event {
        case .identityReassigned(_, _, _, _, _, let text):
          told += text.contains("the last 10 minutes known") ? 1 : 0
        case .identityMerged(let record): told += record.explanation.contains("minutes known") ? 1 : 0
        case .identitySplit(let record): told += record.explanation.contains("minutes known") ? 1 : 0
        default: break
        }
      }
      if identity(stage, 1, 3) == identity(stage, 2, 7.8) { repaired += 1 }
    }
    #expect((told > 0) == (reviewed > 0))
    #expect((repaired > 0) == (reviewed > 0))
  }

  @Test func reviewsElsewhereComeBackLater() throws {
    var settings = AssociationSettings()
    settings.reviewsAside = true
    for seed in 1...3 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed, settings: settings)
      try stage.play("a", from: 8.4, to: 12, [(1, 1, 3), (2, 0, 1)])
      let due = stage.associator.takeReview()
      let review = try #require(due)
      let next = stage.associator.takeReview()
      #expect(next == nil)
      let solution = review.solve()
      // Somebody else comes meanwhile, and one of the two goes.
      try stage.play("a", from: 12, to: 13, [(2, 0, 1), (3, 1, 8)])
      _ = try stage.frame("a", 13, [(2, 0, 1), (3, 1, 8)], ended: [1])
      let update = stage.associator.adopt(solution)
      var replica = GalleryContents()
      for change in stage.changes + update.changes { try replica.apply(change) }
      #expect(replica == stage.associator.gallery.contents, "seed \(seed)")
      #expect(identity(stage, 1, 3) == identity(stage, 2, 12.5), "seed \(seed)")
      #expect(identity(stage, 2, 12.5) != identity(stage, 3, 12.5), "seed \(seed)")
      try stage.play("a", from: 13, to: 15, [(2, 0, 1), (3, 1, 8)])
      #expect(stage.sharedFrames == 0)
    }
  }

  @Test func whatAPersonSaidOutlivesReviews() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var stage = try Stage(people: 2, seed: seed)
      try stage.play("a", from: 0, to: 4, [(1, 0, 0)])
      _ = try stage.frame("a", 4, [], ended: [1])
      try stage.play("a", from: 20, to: 24, [(2, 1, 5)])
      let first = try #require(stage.identity("a", 1))
      let second = try #require(stage.identity("a", 2))
      #expect(first != second)
      _ = try stage.associator.merge(second, into: first, at: at(24))
      try stage.play("a", from: 24, to: 60, [(2, 1, 5)])
      #expect(stage.identity("a", 1) == stage.identity("a", 2), "seed \(seed)")
    }
  }

  /// A look back that sees the last minutes only puts two people together whom earlier looks tell apart.
  @Test func earlierLooksHoldATrackWhereItIs() throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var stage = try Stage(people: 2, seed: seed)
      try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
      _ = try stage.frame("a", 4, [], ended: [1, 2])
      try stage.play("b", from: 20, to: 24, [(1, 0, 0)])
      _ = try stage.frame("b", 24, [], ended: [1])
      try stage.play("b", from: 30, to: 34, [(2, 1, 5)])
      let found = [stage.identity("b", 1), stage.identity("b", 2)]
      try #require(found == [stage.identity("a", 1), stage.identity("a", 2)] && found[0] != found[1])
      var mistaken = AssociationReview.Solution(knowledge: "too little")
      for (track, begin) in [(1, 20.0), (2, 30.0)] as [(UInt64, Double)] {
        mistaken.segments[TrackID(camera: camera("b"), number: track)] = [.init(begin: at(begin), cluster: 0)]
      }
      let update = stage.associator.adopt(mistaken)
      #expect(update.events.isEmpty, "seed \(seed)")
      #expect([stage.identity("b", 1), stage.identity("b", 2)] == found, "seed \(seed)")
    }
  }

  @Test func peopleInUniformStayApartInReviews() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try Stage(people: 1, seed: seed)
      try stage.play("a", from: 0, to: 25, [(1, 0, 0), (2, 0, 3), (3, 0, 6)])
      try stage.play("b", from: 30, to: 55, [(1, 0, 0), (2, 0, 3)])
      #expect(stage.sharedFrames == 0)
      let found = (1...3).compactMap { stage.identity("a", $0) }
      #expect(Set(found).count == 3, "seed \(seed)")
    }
  }
}
