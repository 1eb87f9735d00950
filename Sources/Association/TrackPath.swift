import ThroughlineCore

/// Where a track's person stood, sampled over its whole life: the middle of the box's lower edge, in pixels.
///
/// At most ``limit`` samples are kept; when they are full every second one goes, so that a long track is known more
/// coarsely, and never only in part.
struct TrackPath: Sendable {
  struct Sample: Sendable, Hashable {
    var time: Timestamp
    var x: Float
    var y: Float
    /// The height of the box, which stands for the distance to the camera.
    var height: Float
  }

  static let limit = 96
  /// Samples farther apart than this, in seconds, say nothing about the time between them.
  static let longestGap = 1.5

  private(set) var samples: [Sample] = []
  private var interval = 0.2

  mutating func add(_ box: BoundingBox, at time: Timestamp) {
    if let last = samples.last, time.seconds(since: last.time) < interval { return }
    samples.append(
      Sample(time: time, x: Float(box.centerX), y: Float(box.maxY), height: Float(max(1, box.height))))
    guard samples.count > Self.limit else { return }
    interval *= 2
    samples = samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
  }

  /// Where the person stood at a moment, between two samples; `nil` outside and within long gaps.
  func position(at time: Timestamp) -> Sample? {
    guard let first = samples.first, let last = samples.last, time >= first.time, time <= last.time else {
      return nil
    }
    var low = 0
    var high = samples.count - 1
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].time < time { low = middle + 1 } else { high = middle }
    }
    let after = samples[low]
    guard low > 0, after.time > time else { return after }
    let before = samples[low - 1]
    let gap = after.time.seconds(since: before.time)
    guard gap <= max(Self.longestGap, 1.5 * interval) else { return nil }
    let share = Float(time.seconds(since: before.time) / gap)
    return Sample(
      time: time, x: before.x + (after.x - before.x) * share, y: before.y + (after.y - before.y) * share,
      height: before.height + (after.height - before.height) * share)
  }

  /// This path and a later one as one.
  func appending(_ later: TrackPath) -> TrackPath {
    var result = self
    result.interval = max(interval, later.interval)
    result.samples += later.samples
    while result.samples.count > Self.limit {
      result.interval *= 2
      result.samples = result.samples.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }
    return result
  }

  /// The parts before and from a moment on.
  func divided(at time: Timestamp) -> (earlier: TrackPath, later: TrackPath) {
    var earlier = self
    var later = self
    earlier.samples = samples.filter { $0.time < time }
    later.samples = samples.filter { $0.time >= time }
    return (earlier, later)
  }
}
