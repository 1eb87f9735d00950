import Association
import Gallery
import ThroughlineCore

/// Runs the product's association over recorded observations.
public struct AssociationReplay: Sendable {
  /// How identities are decided.
  public var settings: AssociationSettings
  /// What is known beforehand about the network's similarities.
  public var prior = ThresholdCalibrator.Prior()
  /// The lowest quality of a look.
  public var minimumQuality: Double
  /// Looks taken quickly at the beginning of a track, as the product does it.
  public var openingLooks: Int
  /// The shortest time between the opening looks, in seconds.
  public var openingInterval: Double
  /// The time between later looks, in seconds.
  public var refresh: Double

  /// A replay by its rules; the defaults are the product's.
  public init(
    settings: AssociationSettings = AssociationSettings(), minimumQuality: Double = 0.25,
    openingLooks: Int = 4,
    openingInterval: Double = 0.25, refresh: Double = 2
  ) {
    self.settings = settings
    self.minimumQuality = minimumQuality
    self.openingLooks = openingLooks
    self.openingInterval = openingInterval
    self.refresh = refresh
  }

  /// What a replay found.
  public struct Outcome: Sendable {
    /// Who each track is from when until when, all corrections applied.
    public var spans: [TrackID: [IdentitySpan]]
    /// The looks that were taken.
    public var looks: Int
    /// What the calibration found on the way; `nil` without embeddings.
    public var calibration: CalibrationReport?

    /// Who a track is at a moment.
    public func identity(of track: TrackID, at time: Timestamp) -> Int? {
      spans[track]?.identity(at: time).map { Int(clamping: $0.rawValue) }
    }
  }

  /// When identities are decided.
  public enum Mode: Sendable {
    /// As the frames come; what is known at the end counts.
    case live
    /// At the end, with the whole recording known.
    case wholeRecording
  }

  /// A crop is clearly better at this many times the best quality so far, and clearly different where it has grown or
  /// shrunk by ``differentSize``; the least time between two looks, in seconds; the most looks in a frame.
  private static let betterFactor = 1.25
  private static let differentSize = 1.3
  private static let shortestInterval = 0.2
  private static let looksPerFrame = 4

  private struct Memory {
    var count = 0
    var last: Timestamp
    var best: Double
    var box: BoundingBox
  }

  /// Associates the tracks of all cameras, frame after frame in the order of time.
  ///
  /// - Returns: nobody where no embedding is in the recording.
  public func run(_ cameras: [CameraTracks], mode: Mode = .live) throws -> Outcome {
    let embeddings = cameras.lazy.flatMap { $0.frames.lazy.flatMap { $0.items.lazy.compactMap(\.embedding) } }
    guard let dimension = embeddings.first?.count else { return Outcome(spans: [:], looks: 0) }
    let network = EmbeddingNetwork(name: "recorded", version: "1", dimension: dimension)
    var settings = settings
    if mode == .wholeRecording {
      settings.consolidationWindow = .infinity
      settings.maximumEndedTracks = Associator.maximumRecordingTracks
    }
    var associator = try Associator(network: network, settings: settings, prior: prior)
    var order: [(time: Timestamp, camera: Int, frame: Int)] = []
    for (camera, tracks) in cameras.enumerated() {
      for (frame, observed) in tracks.frames.enumerated() { order.append((observed.time, camera, frame)) }
    }
    order.sort { ($0.time, $0.camera, $0.frame) < ($1.time, $1.camera, $1.frame) }
    var memories: [TrackID: Memory] = [:]
    var lookCount = 0
    for entry in order {
      let tracks = cameras[entry.camera]
      let frame = tracks.frames[entry.frame]
      let report = tracks.reports[entry.frame]
      var due: [(track: Track, embedding: Embedding, quality: Double, urgency: Double)] = []
      for track in report where track.isObserved {
        guard let item = frame.items.first(where: { $0.detection.box == track.box && $0.embedding != nil }),
          let embedding = item.embedding.flatMap({ try? Embedding(normalizing: $0) })
        else { continue }
        let quality = item.quality ?? 0.5
        guard quality >= minimumQuality,
          let urgency = urgency(memories[track.id], quality: quality, box: track.box, at: frame.time)
        else { continue }
        due.append((track, embedding, quality, urgency))
      }
      due.sort { $0.urgency != $1.urgency ? $0.urgency > $1.urgency : $0.track.id < $1.track.id }
      var looks: [TrackID: Look] = [:]
      for (track, embedding, quality, _) in due.prefix(Self.looksPerFrame) {
        let memory = memories[track.id]
        memories[track.id] = Memory(
          count: (memory?.count ?? 0) + 1, last: frame.time, best: max(memory?.best ?? 0, quality),
          box: track.box)
        looks[track.id] = Look(embedding: embedding, time: frame.time, quality: quality, box: track.box)
      }
      lookCount += looks.count
      _ = try associator.update(camera: tracks.camera, at: frame.time, tracks: report, looks: looks)
    }
    if let last = order.last {
      switch mode {
      case .live: _ = associator.finish(at: last.time)
      case .wholeRecording: _ = associator.finishRecording(at: last.time)
      }
    }
    return Outcome(
      spans: associator.identitySpans(), looks: lookCount, calibration: associator.calibrationReport())
  }

  /// How much a look is wanted, by the product's rules; `nil` where it is not.
  private func urgency(_ memory: Memory?, quality: Double, box: BoundingBox, at time: Timestamp) -> Double? {
    guard let memory else { return 1000 + quality }
    let elapsed = time.seconds(since: memory.last)
    if memory.count < openingLooks, elapsed >= openingInterval { return 100 + elapsed }
    if elapsed >= refresh { return 10 + elapsed }
    guard elapsed >= Self.shortestInterval else { return nil }
    if quality > memory.best * Self.betterFactor { return 5 + quality }
    let grown = max(box.height / memory.box.height, memory.box.height / box.height)
    return grown > Self.differentSize && elapsed >= refresh / 4 ? 1 + elapsed : nil
  }
}
