import Association
import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Evaluation

@Suite struct WorldTests {
  private func settings(_ change: (inout WorldSettings) -> Void) -> WorldSettings {
    var settings = WorldSettings()
    settings.duration = 60
    settings.frameRate = 2
    settings.appearance.dimension = 64
    change(&settings)
    return settings
  }

  private func run(_ settings: WorldSettings, _ change: (inout AssociationSettings) -> Void = { _ in }) throws
    -> (report: WorldReport, associator: Associator)
  {
    var association = AssociationSettings()
    change(&association)
    var associator = try Associator(
      network: EmbeddingNetwork(name: "world", version: "1", dimension: settings.appearance.dimension),
      settings: association)
    let report = try WorldEvaluation.run(World(settings: settings), with: &associator)
    return (report, associator)
  }

  @Test func theSameSeedGivesTheSameWorld() {
    let settings = settings { $0.overlapShare = 0.5 }
    var one = World(settings: settings)
    var other = World(settings: settings)
    var frames = 0
    while let frame = one.next() {
      let twin = other.next()
      #expect(frame.tracks == twin?.tracks && frame.looks == twin?.looks && frame.time == twin?.time)
      frames += 1
    }
    #expect(frames == 4 * 120 && other.next() == nil)
  }

  @Test func framesAreConsistent() {
    var world = World(
      settings: settings {
        $0.cameraCount = 6
        $0.personCount = 40
        $0.overlapShare = 0.4
        $0.clockSkew = 0.3
      })
    var latest: [CameraName: Timestamp] = [:]
    var ended = Set<TrackID>()
    var seenPeople = Set<Int>()
    while let frame = world.next() {
      #expect(latest[frame.camera].map { $0 < frame.time } ?? true)
      latest[frame.camera] = frame.time
      #expect(frame.detections.count == frame.people.count)
      #expect(Set(frame.tracks.map(\.id)).count == frame.tracks.count)
      #expect(Set(frame.owners.values).count == frame.owners.count, "one track per person")
      for track in frame.tracks {
        #expect(track.box.isValid && !ended.contains(track.id))
        if track.state == .ended { ended.insert(track.id) }
      }
      for (id, _) in frame.looks { #expect(frame.owners[id] != nil) }
      seenPeople.formUnion(frame.owners.values)
    }
    #expect(!ended.isEmpty && seenPeople.count > 20)
  }

  @Test(arguments: [(4, 10, 0.0), (6, 30, 0.5)])
  func associationComesNearTheOracle(cameras: Int, people: Int, overlap: Double) throws {
    let (report, _) = try run(
      settings {
        $0.cameraCount = cameras
        $0.personCount = people
        $0.overlapShare = overlap
        $0.duration = 120
      })
    #expect(report.sharedFrames == 0)
    #expect(report.identityF1 >= 0.9 * report.oracleF1, "\(report)")
    #expect(Double(report.identities) <= 1.25 * Double(report.people), "\(report)")
  }

  @Test func uniformsStaySeparateAndUnsure() throws {
    let (report, associator) = try run(
      settings {
        $0.personCount = 8
        $0.uniformShare = 1
        $0.appearance.uniformity = 1
        $0.duration = 90
      })
    #expect(report.sharedFrames == 0)
    let together = associator.gallery.contents.identities.keys.sorted()
    for (place, one) in together.enumerated() {
      for other in together.dropFirst(place + 1) where associator.gallery.seenTogether(one, other) != nil {
        #expect(associator.gallery.resolve(one) != associator.gallery.resolve(other))
      }
    }
    #expect(report.identities > 1)
  }

  @Test func skewedClocksAndDisjointCamerasDoNoHarm() throws {
    let (report, _) = try run(
      settings {
        $0.clockSkew = 0.4
        $0.personCount = 12
      }
    ) {
      $0.defaultOverlap = .disjoint
      $0.clockTolerance = 1.5
    }
    #expect(report.sharedFrames == 0)
    #expect(report.identityF1 >= 0.8 * report.oracleF1, "\(report)")
  }

  @Test func anOfflineAssociationKeepsTheExclusions() throws {
    let settings = settings {
      $0.personCount = 15
      $0.duration = 90
    }
    var recording = AssociationSettings()
    recording.consolidationWindow = .infinity
    recording.maximumEndedTracks = Associator.maximumRecordingTracks
    var associator = try Associator(
      network: EmbeddingNetwork(name: "world", version: "1", dimension: 64), settings: recording)
    var world = World(settings: settings)
    var frames: [WorldFrame] = []
    while let frame = world.next() {
      _ = try associator.update(
        camera: frame.camera, at: frame.time, tracks: frame.tracks, looks: frame.looks)
      frames.append(frame)
    }
    _ = associator.finishRecording(at: frames.last?.time ?? Timestamp(seconds: 0))
    let spans = associator.identitySpans()
    let identities = spans.compactMapValues(\.last?.identity)
    var wrong = 0
    var pairs = 0
    var owner: [TrackID: Int] = [:]
    for frame in frames {
      let shown = frame.owners.keys.compactMap { spans[$0]?.identity(at: frame.time) }
      #expect(Set(shown).count == shown.count)
      owner.merge(frame.owners) { first, _ in first }
    }
    let tracks = owner.keys.filter { identities[$0] != nil }.sorted()
    for (place, one) in tracks.enumerated() {
      for other in tracks.dropFirst(place + 1)
      where owner[one] == owner[other] || identities[one] == identities[other] {
        pairs += 1
        if owner[one] != owner[other] || identities[one] != identities[other] { wrong += 1 }
      }
    }
    #expect(pairs > 20)
    #expect(Double(wrong) < 0.3 * Double(pairs), "\(wrong) of \(pairs) pairs are wrong")
  }

  @Test func realEmbeddingsCanBeDrawnFrom() throws {
    let own = try (0..<3).map { person in
      [try Embedding(normalizing: (0..<64).map { $0 == person ? 1 : 0 })]
    }
    var world = World(
      settings: settings {
        $0.personCount = 3
        $0.presence = 1
      }, embeddings: own)
    var drawn = 0
    while let frame = world.next() {
      for (id, look) in frame.looks {
        drawn += 1
        #expect(frame.owners[id].map { own[$0][0] } == look.embedding)
      }
    }
    #expect(drawn > 0)
  }
}
