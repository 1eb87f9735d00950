import Foundation
import Gallery
import ThroughlineCore

@testable import Association

let network = EmbeddingNetwork(name: "test", version: "1", dimension: 64)

func camera(_ name: String) -> CameraName { CameraName(sanitizing: name) }

func at(_ seconds: Double) -> Timestamp { Timestamp(seconds: 10_000 + seconds) }

/// People with made-up embeddings, and a clock, around an associator.
struct Stage {
  var associator: Associator
  var random: SplitMix64
  var people: [[Float]]
  var noise = 0.35
  var lastLook: [TrackID: Double] = [:]
  var events: [AssociationEvent] = []
  var changes: [GalleryChange] = []
  var sharedFrames = 0

  init(people count: Int, seed: UInt64 = 1, settings: AssociationSettings = AssociationSettings()) throws {
    random = SplitMix64(seed: seed)
    people = []
    associator = try Associator(network: network, settings: settings)
    for _ in 0..<count {
      people.append(
        try Embedding(normalizing: (0..<64).map { _ in Float(random.nextGaussian()) }).values)
    }
  }

  /// A look of a person: the similarity of two looks of one person is about `1 / (1 + (2 noise)²)`.
  mutating func embedding(of person: Int) throws -> Embedding {
    let own = people[person]
    let scale = noise / 8
    return try Embedding(normalizing: own.map { $0 + Float(random.nextGaussian() * scale * 2) })
  }

  /// One frame: who is seen in which track at which place (in box heights along the picture).
  mutating func frame(
    _ name: String, _ time: Double, _ seen: [(track: UInt64, person: Int, place: Double)],
    lost: [UInt64] = [],
    ended: [UInt64] = []
  ) throws -> AssociationUpdate {
    let camera = camera(name)
    var tracks: [Track] = []
    var looks: [TrackID: Look] = [:]
    func track(_ number: UInt64, _ place: Double, _ state: TrackState) -> Track {
      Track(
        id: TrackID(camera: camera, number: number), state: state,
        box: BoundingBox(x: place * 100, y: 100, width: 40, height: 100), isObserved: state == .tracked,
        score: 0.9, firstSeen: at(0), lastSeen: at(time))
    }
    for (number, person, place) in seen {
      let reported = track(number, place, .tracked)
      tracks.append(reported)
      if time - (lastLook[reported.id] ?? -1) >= 0.5 {
        lastLook[reported.id] = time
        looks[reported.id] = Look(
          embedding: try embedding(of: person), time: at(time), quality: 0.9, box: reported.box)
      }
    }
    for number in lost { tracks.append(track(number, 0, .lost)) }
    for number in ended { tracks.append(track(number, 0, .ended)) }
    let update = try associator.update(camera: camera, at: at(time), tracks: tracks, looks: looks)
    let shown = update.assignments.values.compactMap(\.identity)
    if Set(shown).count != shown.count { sharedFrames += 1 }
    events += update.events
    changes += update.changes
    return update
  }

  /// The same frame again and again, ten times a second.
  mutating func play(
    _ name: String, from begin: Double, to end: Double, _ seen: [(track: UInt64, person: Int, place: Double)]
  ) throws {
    var step = 0
    while begin + Double(step) / 10 < end {
      _ = try frame(name, begin + Double(step) / 10, seen)
      step += 1
    }
  }

  func identity(_ name: String, _ track: UInt64) -> IdentityID? {
    associator.assignment(of: TrackID(camera: camera(name), number: track)).identity
  }
}
