import Gallery
import ThroughlineCore
import Tracking

/// What was seen and what was not in a world, kept until it is known who everybody is.
struct WorldNotes {
  private struct Seen {
    var frame: Int32
    var time: Timestamp
    var person: Int32
    var box: SIMD4<Float>
  }

  private var seen: [TrackID: [Seen]] = [:]
  /// People in the field of view in whose frame nothing was found of them, by camera and frame.
  private var unseen: [CameraName: [Int: [(person: Int32, box: SIMD4<Float>)]]] = [:]
  private(set) var seenCount = 0
  private(set) var truthCount = 0
  private(set) var people = Set<Int>()
  var trackCount: Int { seen.count }

  /// What these notes take, in bytes.
  var byteCount: Int {
    let missing = unseen.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + 32 + 32 * $1.count } }
    return seen.values.reduce(missing) { $0 + MemoryLayout<Seen>.stride * $1.capacity + 64 }
  }

  mutating func add(_ frame: WorldFrame) {
    truthCount += frame.truth.count
    var found = Set<Int>()
    for track in frame.tracks {
      guard let person = frame.owners[track.id] else { continue }
      found.insert(person)
      people.insert(person)
      seenCount += 1
      seen[track.id, default: []].append(
        Seen(frame: Int32(frame.number), time: frame.time, person: Int32(person), box: Self.packed(track.box))
      )
    }
    for (person, box) in frame.truth where !found.contains(person) {
      unseen[frame.camera, default: [:]][frame.number, default: []].append((Int32(person), Self.packed(box)))
    }
  }

  /// The numbers of frames that each person and each owner of tracks have in common, and the number of boxes, both with
  /// short gaps filled.
  ///
  /// - Parameter owner: who a track is at a moment; `nil` counts as somebody of its own.
  func common(
    filling gaps: GapFilling, owner: (_ track: TrackID, _ time: Timestamp, _ person: Int) -> IdentityID?
  ) -> (frames: [Int: [IdentityID: Int]], boxes: Int) {
    var common: [Int: [IdentityID: Int]] = [:]
    var boxes = seenCount
    var byOwner: [CameraName: [IdentityID: [Seen]]] = [:]
    for (track, list) in seen {
      for entry in list {
        guard let owner = owner(track, entry.time, Int(entry.person)) else { continue }
        common[Int(entry.person), default: [:]][owner, default: 0] += 1
        byOwner[track.camera, default: [:]][owner, default: []].append(entry)
      }
    }
    for (camera, owners) in byOwner {
      for (owner, list) in owners {
        let ordered = list.sorted { $0.frame < $1.frame }
        for (before, after) in zip(ordered, ordered.dropFirst()) {
          for (frame, box) in gaps.boxes(between: Self.observation(before), and: Self.observation(after)) {
            boxes += 1
            let hidden = (unseen[camera]?[frame] ?? []).map {
              (person: Int($0.person), overlap: Self.box($0.box).intersectionOverUnion(with: box))
            }
            guard let nearest = hidden.max(by: { $0.overlap < $1.overlap }), nearest.overlap >= 0.5 else {
              continue
            }
            common[nearest.person, default: [:]][owner, default: 0] += 1
          }
        }
      }
    }
    return (common, boxes)
  }

  private static func observation(_ seen: Seen) -> GapFilling.Observation {
    GapFilling.Observation(frame: Int(seen.frame), time: seen.time, box: box(seen.box))
  }

  private static func packed(_ box: BoundingBox) -> SIMD4<Float> {
    SIMD4(Float(box.x), Float(box.y), Float(box.width), Float(box.height))
  }

  private static func box(_ packed: SIMD4<Float>) -> BoundingBox {
    BoundingBox(x: Double(packed.x), y: Double(packed.y), width: Double(packed.z), height: Double(packed.w))
  }
}
