import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Association

@Suite struct RecordingTests {
  private func settings() -> AssociationSettings {
    var settings = AssociationSettings()
    settings.consolidationWindow = .infinity
    settings.maximumEndedTracks = Associator.maximumRecordingTracks
    return settings
  }

  @Test func theWholeRecordingRepairsWhatWasDecidedEarly() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try Stage(people: 4, seed: seed, settings: settings())
      stage.noise = 1.1  // the beginning is hardly recognisable
      try stage.play("a", from: 0, to: 3, [(1, 0, 0), (2, 1, 5)])
      try stage.play("b", from: 3, to: 6, [(1, 1, 0), (2, 2, 5)])
      stage.noise = 0.35
      try stage.play("a", from: 6, to: 16, [(1, 0, 0), (2, 1, 5)])
      try stage.play("b", from: 16, to: 26, [(1, 1, 0), (2, 2, 5), (3, 3, 9)])
      let update = stage.associator.finishRecording(at: at(27))
      let spans = stage.associator.identitySpans()
      func identity(_ name: String, _ track: UInt64) -> IdentityID? {
        spans[TrackID(camera: camera(name), number: track)]?.identity(at: at(25))
      }
      #expect(identity("a", 2) != nil && identity("a", 2) == identity("b", 1), "seed \(seed)")
      let others = [identity("a", 1), identity("b", 2), identity("b", 3), identity("b", 1)]
      #expect(Set(others).count == 4, "seed \(seed)")
      // What the store is told leads to the same gallery.
      var replica = GalleryContents()
      for change in stage.changes + update.changes { try replica.apply(change) }
      #expect(replica == stage.associator.gallery.contents, "seed \(seed)")
      #expect(
        stage.associator.gallery.contents.identities.values.allSatisfy { record in
          record.sightings.allSatisfy { !$0.isOpen }
        })
    }
  }

  @Test func nobodySharesANumberInOnePicture() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try Stage(people: 1, seed: seed, settings: settings())
      try stage.play("a", from: 0, to: 5, [(1, 0, 0), (2, 0, 3), (3, 0, 6)])
      try stage.play("b", from: 20, to: 25, [(1, 0, 0), (2, 0, 3)])
      _ = stage.associator.finishRecording(at: at(30))
      let spans = stage.associator.identitySpans()
      for (name, numbers) in [("a", 1...3), ("b", 1...2)] as [(String, ClosedRange<UInt64>)] {
        let found = numbers.compactMap { number in
          spans[TrackID(camera: camera(name), number: number)]?.identity(at: at(30))
        }
        #expect(Set(found).count == found.count, "seed \(seed), camera \(name)")
      }
    }
  }

  /// Two persons who have crossed, at 7 s.
  private func crossing(seed: UInt64) throws -> Stage {
    var stage = try Stage(people: 2, seed: seed, settings: settings())
    try stage.play("a", from: 0, to: 6, [(1, 0, 0), (2, 1, 5)])
    try stage.play("a", from: 6, to: 7, [(1, 0, 2), (2, 1, 2.2)])
    return stage
  }

  @Test func tracksThatChangedOverWherePersonsCrossedAreCut() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed)
      // The tracker gives each the other one's track, and they are not seen for long.
      try stage.play("a", from: 7, to: 8.4, [(1, 1, 3), (2, 0, 1)])
      let update = stage.associator.finishRecording(at: at(9))
      let spans = stage.associator.identitySpans()
      func identity(_ track: UInt64, _ time: Double) -> IdentityID? {
        spans[TrackID(camera: camera("a"), number: track)]?.identity(at: at(time))
      }
      #expect(identity(1, 3) != nil && identity(1, 3) == identity(2, 8), "seed \(seed)")
      #expect(identity(2, 3) != nil && identity(2, 3) == identity(1, 8), "seed \(seed)")
      #expect(identity(1, 3) != identity(2, 3), "seed \(seed)")
      let told = (stage.events + update.events).reduce(into: (began: 0, ended: 0)) { told, event in
        if case .sightingBegan = event { told.began += 1 }
        if case .sightingEnded = event { told.ended += 1 }
      }
      #expect(told.began == 4 && told.ended == 4, "seed \(seed)")
      // No name of a part comes out, and the store is told what the gallery knows.
      for event in stage.events + update.events {
        if case .sightingBegan(_, let sighting) = event { #expect(sighting.track.number <= 2) }
        if case .identityReassigned(let track, _, _, _, _, _) = event { #expect(track.number <= 2) }
      }
      var replica = GalleryContents()
      for change in stage.changes + update.changes { try replica.apply(change) }
      #expect(replica == stage.associator.gallery.contents, "seed \(seed)")
    }
  }

  /// Where three persons meet, each track has another opinion of when it may have changed over: for some frames the
  /// first part of one and the second part of the other were there at once.
  @Test func tracksThatChangedOverAmongThreePersonsAreCutAtOneMoment() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try Stage(people: 3, seed: seed, settings: settings())
      try stage.play("a", from: 0, to: 6, [(1, 0, 0), (2, 1, 5), (3, 2, 9)])
      try stage.play("a", from: 6, to: 7, [(1, 0, 2), (2, 1, 2.2), (3, 2, 9)])
      // The first two have changed over; the second goes on crossing the third.
      try stage.play("a", from: 7, to: 7.8, [(1, 1, 3), (2, 0, 1.5), (3, 2, 1.7)])
      try stage.play("a", from: 7.8, to: 9.4, [(1, 1, 3), (2, 0, 1), (3, 2, 8)])
      _ = stage.associator.finishRecording(at: at(10))
      let spans = stage.associator.identitySpans()
      func identity(_ track: UInt64, _ time: Double) -> IdentityID? {
        spans[TrackID(camera: camera("a"), number: track)]?.identity(at: at(time))
      }
      #expect(identity(1, 3) != nil && identity(1, 3) == identity(2, 9), "seed \(seed)")
      #expect(identity(2, 3) != nil && identity(2, 3) == identity(1, 9), "seed \(seed)")
      #expect(identity(3, 3) != nil && identity(3, 3) == identity(3, 9), "seed \(seed)")
      for time in stride(from: 0.0, to: 9.4, by: 0.1) {
        let shown = (1...3).compactMap { identity($0, time) }
        #expect(Set(shown).count == shown.count, "seed \(seed), \(time) s")
      }
    }
  }

  /// What the tracker took for one track counts where looks tell little.
  @Test func tracksThatCrossAndGoOnHardlyRecognisableStayWhole() throws {
    var pieces = 0
    for seed in 1...6 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed)
      stage.noise = 0.9
      try stage.play("a", from: 7, to: 9, [(1, 0, 3), (2, 1, 1)])
      _ = stage.associator.finishRecording(at: at(13))
      pieces += stage.associator.identitySpans().values.map(\.count).reduce(0, +)
    }
    #expect(pieces == 12, "of the seeds 1 to 6")
  }

  @Test func tracksThatCrossAndGoOnStayWhole() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try crossing(seed: seed)
      try stage.play("a", from: 7, to: 12, [(1, 0, 3), (2, 1, 1)])
      _ = stage.associator.finishRecording(at: at(13))
      #expect(stage.associator.identitySpans().values.map(\.count) == [1, 1], "seed \(seed)")
    }
  }

  @Test func aGlimpseIsNobodyHoweverOftenItReturns() throws {
    var stage = try Stage(people: 2, settings: settings())
    for loop in 0..<3 {
      let begin = 3 * Double(loop)
      let own = UInt64(10 * loop)
      try stage.play("a", from: begin, to: begin + 2, [(own + 1, 0, 0)])
      _ = try stage.frame("a", begin + 2, [(own + 1, 0, 0), (own + 2, 1, 5)])
      _ = try stage.frame("a", begin + 2.1, [], ended: [own + 1, own + 2])
    }
    _ = stage.associator.finishRecording(at: at(10))
    #expect(stage.associator.gallery.count == 1)
  }

  @Test func aNamedPersonKeepsNumberAndName() throws {
    var stage = try Stage(people: 2, settings: settings())
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
    let known = try #require(stage.identity("a", 2))
    try stage.associator.name(known, as: "Ada")
    try stage.play("b", from: 10, to: 14, [(1, 1, 0)])
    _ = stage.associator.finishRecording(at: at(20))
    #expect(
      stage.associator.identitySpans()[TrackID(camera: camera("b"), number: 1)]?.last?.identity == known)
    #expect(stage.associator.gallery[known]?.identity.name == "Ada")
  }
}
