import ThroughlineCore

/// The plain baseline that many multi-camera systems are: tracks are averaged, and every few frames the closest
/// pairs are merged greedily while they are closer than a threshold; what is merged stays merged.
public struct GreedyMerge: Sendable {
  /// The greatest cosine distance at which two groups are merged.
  public var distance: Double
  /// A window's length in frames.
  public var window: Int
  /// Whether two tracks that were seen in one frame of one camera are kept apart.
  public var keepsSimultaneousApart: Bool

  /// A baseline by its parts.
  public init(distance: Double = 0.2, window: Int = 20, keepsSimultaneousApart: Bool = false) {
    self.distance = distance
    self.window = max(1, window)
    self.keepsSimultaneousApart = keepsSimultaneousApart
  }

  /// The thresholds of a sweep.
  public static let sweep = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]

  private struct Group {
    var tracks: Set<TrackID>
    var sum: [Float]
    var frames: [CameraName: Set<Int>]
  }

  /// Decides the identities of all tracks.
  public func run(_ cameras: [CameraTracks]) -> [TrackID: Int] {
    var byWindow: [Int: [(id: TrackID, observation: TrackObservation)]] = [:]
    for camera in cameras {
      for (id, list) in camera.observations {
        for observation in list {
          byWindow[(observation.frame - 1) / window, default: []].append((id, observation))
        }
      }
    }
    var groups: [Group] = []
    var groupOf: [TrackID: Int] = [:]
    for (_, observations) in byWindow.sorted(by: { $0.key < $1.key }) {
      for (id, observation) in observations.sorted(by: {
        ($0.id, $0.observation.frame) < ($1.id, $1.observation.frame)
      }) {
        let place = groupOf[id] ?? groups.count
        if place == groups.count {
          groups.append(Group(tracks: [id], sum: [], frames: [:]))
          groupOf[id] = place
        }
        groups[place].frames[id.camera, default: []].insert(observation.frame)
        guard let values = observation.item?.embedding else { continue }
        if groups[place].sum.isEmpty {
          groups[place].sum = values
        } else if groups[place].sum.count == values.count {
          for index in values.indices { groups[place].sum[index] += values[index] }
        }
      }
      merge(&groups, &groupOf)
    }
    return groupOf.mapValues { $0 + 1 }
  }

  private func merge(_ groups: inout [Group], _ groupOf: inout [TrackID: Int]) {
    var means: [Int: Embedding] = [:]
    for (index, group) in groups.enumerated() where !group.tracks.isEmpty && !group.sum.isEmpty {
      means[index] = try? Embedding(normalizing: group.sum)
    }
    let live = means.keys.sorted()
    var pairs: [(distance: Double, left: Int, right: Int)] = []
    for (place, left) in live.enumerated() {
      for right in live[(place + 1)...] {
        guard let first = means[left], let second = means[right] else { continue }
        let distance = 1 - Double(first.similarity(to: second))
        if distance < self.distance { pairs.append((distance, left, right)) }
      }
    }
    pairs.sort { ($0.distance, $0.left, $0.right) < ($1.distance, $1.left, $1.right) }
    var isUsed = Set<Int>()
    for pair in pairs where !isUsed.contains(pair.left) && !isUsed.contains(pair.right) {
      if keepsSimultaneousApart, areSimultaneous(groups[pair.left], groups[pair.right]) { continue }
      // A group takes part once a window; chains close in the next.
      isUsed.formUnion([pair.left, pair.right])
      let absorbed = groups[pair.right]
      for track in absorbed.tracks { groupOf[track] = pair.left }
      groups[pair.left].tracks.formUnion(absorbed.tracks)
      for index in absorbed.sum.indices where index < groups[pair.left].sum.count {
        groups[pair.left].sum[index] += absorbed.sum[index]
      }
      for (camera, frames) in absorbed.frames {
        groups[pair.left].frames[camera, default: []].formUnion(frames)
      }
      groups[pair.right] = Group(tracks: [], sum: [], frames: [:])
    }
  }

  private func areSimultaneous(_ left: Group, _ right: Group) -> Bool {
    left.frames.contains { camera, frames in
      right.frames[camera].map { !$0.isDisjoint(with: frames) } ?? false
    }
  }
}
