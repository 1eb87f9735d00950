import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Association

@Suite struct AssociatorInputTests {
  private let id = TrackID(camera: camera("a"), number: 1)

  private func track(_ id: TrackID, box: BoundingBox = BoundingBox(x: 0, y: 0, width: 10, height: 20))
    -> Track
  {
    Track(id: id, state: .tracked, box: box, isObserved: true, score: 1, firstSeen: at(0), lastSeen: at(0))
  }

  @Test func badInputIsRefusedAndChangesNothing() throws {
    var associator = try Associator(network: network)
    let short = Look(
      embedding: try Embedding(normalizing: [1, 2]), time: at(0), quality: 1,
      box: BoundingBox(x: 0, y: 0, width: 1, height: 1))
    let foreign = TrackID(camera: camera("b"), number: 1)
    let cases: [(AssociationError, [Track], [TrackID: Look])] = [
      (.wrongEmbedding(track: id, expected: 64, found: 2), [track(id)], [id: short]),
      (.foreignTrack(foreign, camera: camera("a")), [track(foreign)], [:]),
      (.foreignTrack(foreign, camera: camera("a")), [track(id)], [foreign: short]),
      (.duplicateTrack(id), [track(id), track(id)], [:]),
      (.invalidBox(id), [track(id, box: BoundingBox(x: .nan, y: 0, width: 1, height: 1))], [:]),
      (.invalidBox(id), [track(id, box: BoundingBox(x: 0, y: 0, width: 0, height: 1))], [:]),
    ]
    for (expected, tracks, looks) in cases {
      #expect(throws: expected) {
        try associator.update(camera: camera("a"), at: at(0), tracks: tracks, looks: looks)
      }
      #expect(!expected.description.isEmpty && !expected.description.contains("\n"))
    }
    #expect(associator.tracks.isEmpty && associator.cameras.isEmpty)
  }

  @Test func tooManyCamerasAreRefused() throws {
    var settings = AssociationSettings()
    settings.maximumCameras = 2
    var associator = try Associator(network: network, settings: settings)
    for name in ["a", "b", "a"] { _ = try associator.update(camera: camera(name), at: at(0), tracks: []) }
    #expect(throws: AssociationError.tooManyCameras(limit: 2)) {
      try associator.update(camera: camera("c"), at: at(0), tracks: [])
    }
  }

  @Test func framesOutOfOrderAreLeftOut() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 5, [(1, 0, 0)])
    let update = try stage.frame("a", 3, [(2, 1, 4)])
    #expect(update.events == [.frameIgnored(camera("a"), at: at(3))])
    #expect(stage.identity("a", 2) == nil)
  }

  @Test func aClockThatIsSetBackStartsAnew() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 5000, to: 5005, [(1, 0, 0)])
    let known = try #require(stage.identity("a", 1))
    let update = try stage.frame("a", 0, [(7, 0, 0)])
    #expect(update.events.contains(.timeJumpedBack(camera("a"), from: at(5004.9), to: at(0))))
    try stage.play("a", from: 0.1, to: 5, [(7, 0, 0), (8, 1, 5)])
    #expect(stage.identity("a", 7) == known)
    #expect(stage.identity("a", 8) != nil)
    #expect(stage.sharedFrames == 0)
  }

  @Test func looksOfUnknownTracksAndWithoutQualityAreLeftOut() throws {
    var associator = try Associator(network: network)
    var random = SplitMix64(seed: 1)
    let embedding = try Embedding(normalizing: (0..<64).map { _ in Float(random.nextGaussian()) })
    for quality in [Double.nan, 0, -1] {
      let look = Look(embedding: embedding, time: at(0), quality: quality, box: track(id).box)
      _ = try associator.update(camera: camera("a"), at: at(0), tracks: [track(id)], looks: [id: look])
    }
    let unknown = TrackID(camera: camera("a"), number: 9)
    let look = Look(embedding: embedding, time: at(1), quality: 1, box: track(id).box)
    _ = try associator.update(camera: camera("a"), at: at(1), tracks: [], looks: [unknown: look])
    #expect(associator.tracks[id]?.lookCount == 0)
    #expect(associator.tracks[unknown] == nil)
  }

  @Test func silentTracksEndAndMemoryStaysBounded() throws {
    var settings = AssociationSettings()
    settings.maximumEndedTracks = 20
    settings.consolidationInterval = 1
    var stage = try Stage(people: 5, settings: settings)
    for number in 1...100 as ClosedRange<UInt64> {
      let begin = Double(number) * 15
      try stage.play("a", from: begin, to: begin + 2, [(number, Int(number) % 5, 0)])
    }
    #expect(stage.associator.tracks.count <= 25)
    #expect(stage.associator.gallery.count == 5)
    _ = stage.associator.tick(now: at(10_000))
    #expect(stage.associator.tracks.values.allSatisfy { !$0.isLive })
  }
}
