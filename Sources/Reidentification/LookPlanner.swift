import ThroughlineCore

/// Decides, for one camera, whose crop is worth an embedding in a frame.
///
/// A track gets its first good look at once, a few more soon after (an identity is decided by several looks),
/// and then only when its crop is clearly better or clearly different, besides a slow refresh. The embeddings
/// of one frame are limited, so that a crowd costs time but not the frame rate.
public struct LookPlanner: Sendable {
  /// The rules of a planner.
  public struct Settings: Sendable, Hashable {
    /// Looks taken quickly at the beginning of a track.
    public var openingLooks = 4
    /// The shortest time between the opening looks, in seconds.
    public var openingInterval = 0.25
    /// The shortest time between any two looks at one track, in seconds.
    public var shortestInterval = 0.2
    /// A crop is clearly better at this many times the best quality so far.
    public var betterFactor = 1.25
    /// A track that goes on is looked at again after this time, in seconds.
    public var refresh = 2.0
    /// The most looks in one frame.
    public var perFrame = 4

    /// The usual rules.
    public init() {}
  }

  private struct Memory {
    var looks = 0
    var bestQuality = 0.0
    var lastTime: Timestamp
    var lastBox: BoundingBox
  }

  /// The rules in force.
  public var settings: Settings
  private var memories: [TrackID: Memory] = [:]

  /// A planner that has seen nobody.
  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Chooses from the candidates of one frame.
  ///
  /// - Parameters:
  ///   - candidates: tracks with the quality that their boxes promise; refused ones are never chosen.
  ///   - time: the frame's time.
  /// - Returns: the tracks to look at, the most urgent first.
  public func choose(
    from candidates: [(track: Track, quality: CropQuality)], at time: Timestamp
  ) -> [(track: Track, quality: CropQuality)] {
    let ranked = candidates.compactMap {
      candidate -> (entry: (track: Track, quality: CropQuality), urgency: Double)? in
      guard candidate.quality.isAccepted, let urgency = urgency(of: candidate, at: time) else { return nil }
      return (candidate, urgency)
    }
    return ranked.sorted {
      $0.urgency != $1.urgency ? $0.urgency > $1.urgency : $0.entry.track.id < $1.entry.track.id
    }
    .prefix(settings.perFrame).map(\.entry)
  }

  private func urgency(of candidate: (track: Track, quality: CropQuality), at time: Timestamp) -> Double? {
    guard let memory = memories[candidate.track.id] else { return 1000 + candidate.quality.value }
    let elapsed = time.seconds(since: memory.lastTime)
    if memory.looks < settings.openingLooks, elapsed >= settings.openingInterval { return 100 + elapsed }
    if elapsed >= settings.refresh { return 10 + elapsed }
    guard elapsed >= settings.shortestInterval else { return nil }
    if candidate.quality.value > memory.bestQuality * settings.betterFactor {
      return 5 + candidate.quality.value
    }
    let box = candidate.track.box
    let grown = max(box.height / memory.lastBox.height, memory.lastBox.height / box.height)
    if grown > 1.3, elapsed >= settings.refresh / 4 { return 1 + elapsed }
    return nil
  }

  /// Notes that a track was looked at, whether or not the look was any good.
  public mutating func noteLook(at track: Track, quality: CropQuality, time: Timestamp) {
    var memory = memories[track.id] ?? Memory(lastTime: time, lastBox: track.box)
    memory.lastTime = time
    memory.lastBox = track.box
    if quality.isAccepted {
      memory.looks += 1
      memory.bestQuality = max(memory.bestQuality, quality.value)
    }
    memories[track.id] = memory
  }

  /// Forgets every track that is not among these.
  public mutating func keep(only live: some Sequence<TrackID>) {
    let live = Set(live)
    memories = memories.filter { live.contains($0.key) }
  }
}
