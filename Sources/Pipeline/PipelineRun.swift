import Association
import Configuration
import Detection
import Foundation
import Gallery
import Imaging
import Logging
import Media
import Privacy
import Reidentification
import Store
import Synchronization
import ThroughlineCore
import Tracking

/// One run of the main job: all cameras at once, from their sources to the outputs.
///
/// A camera that fails is noted and the others go on; the run ends when the last source has ended or ``stop()`` was
/// called. ``wait()`` blocks until everything is written.
public final class PipelineRun: Sendable {
  /// How far a run is.
  public struct Progress: Sendable, Hashable {
    /// Frames that went out, of all cameras.
    public var frames = 0
    /// Embeddings made.
    public var embeddings = 0
    /// Sources that have ended.
    public var endedSources = 0
    /// All sources.
    public var sources = 0
    /// The share of the work that is done, 0...1; `nil` where the end is not known.
    public var fraction: Double?
    /// Cameras that give no good pictures now, and what is wrong with each: `till: stalled`.
    public var troubles: [String] = []
  }

  private struct Shared {
    var statuses: [CameraName: SourceStatus] = [:]
    var problems: [String] = []
    var outcome: Coordinator.Outcome?
    var isStopping = false
    var hasStarted = false
  }

  let settings: PipelineSettings
  private let logger: Logger
  let sources: [CameraName: FrameSource]
  let lanes: [CameraLane]
  let outputs: [CameraName: OutputLane]
  let meters: [CameraName: LaneMeter]
  /// The main streams of cameras whose persons are found in a sub-stream, where they are recorded.
  let mainSources: [CameraName: FrameSource]
  let mainLanes: [CameraName: MainStreamLane]
  /// What makes the pictures of wide lenses straight.
  let lenses: [CameraName: LensStage]
  let mainLenses: [CameraName: LensStage]
  private let dial: QualityDial
  let monitor: QualityMonitor?
  let networks: PipelineNetworks
  private let coordinator: Coordinator
  private let sinks: [any FrameSink]
  /// The cameras' own recordings, where they are made.
  var recordings: CameraRecordings? { sinks.lazy.compactMap { $0 as? CameraRecordings }.first }
  private let thumbnails: ThumbnailSink?
  private let mot: MOTWriter?
  private let events: EventLog?
  private let gallery: GalleryKeeper?
  private let channel = Mutex<GalleryChannel?>(nil)
  private let shared: SharedState
  private let began = ProcessInfo.processInfo.systemUptime

  /// The part that callbacks of other threads write to.
  private final class SharedState: Sendable {
    let state = Mutex(Shared())
    /// What ends the run when its window is closed.
    let requestStop = Mutex<(@Sendable () -> Void)?>(nil)
    let finished = DispatchGroup()
  }

  /// Prepares a run; nothing is read yet.
  ///
  /// - Parameters:
  ///   - settings: what is to be done.
  ///   - networks: the compiled networks.
  ///   - logger: where warnings go.
  ///   - observer: told everything that the networks say about every frame, on the cameras' threads; embeds every
  ///     person, which costs far more than a run needs.
  /// - Throws: ``PipelineError`` for what cannot be opened.
  public convenience init(
    settings: PipelineSettings, networks: PipelineNetworks, logger: Logger,
    observer: (@Sendable (FrameObservation) -> Void)? = nil
  ) throws {
    try self.init(
      settings: settings, networks: networks, logger: logger, observer: observer, additionalSinks: [])
  }

  /// Prepares a run whose frames go to further sinks as well.
  init(
    settings: PipelineSettings, networks: PipelineNetworks, logger: Logger,
    observer: (@Sendable (FrameObservation) -> Void)?, additionalSinks: [any FrameSink]
  ) throws {
    self.settings = settings
    self.logger = logger
    self.networks = networks
    let shared = SharedState()
    self.shared = shared
    let names = settings.cameras.map(\.name)

    let opened = try GalleryFile.open(settings, logger: logger)
    let gallery = opened.store.map {
      GalleryKeeper(store: $0, retention: settings.gallery.retention, logger: logger)
    }
    self.gallery = gallery
    let associator = try Associator(
      network: networks.embedder.network, settings: settings.association,
      gallery: Gallery(contents: opened.contents, scanner: KernelScanner.best),
      prior: SimilarityPrior.of(networks.embedder.network))
    let lastNumbers = opened.contents.lastTrackNumbers
    let start = Self.startTime(settings, after: opened.contents)

    do {
      events = try settings.outputs.events.map { path throws(EventLogError) in try EventLog(path: path) }
      mot = try settings.outputs.motDirectory.map { directory throws(MOTFileError) in
        try MOTWriter(
          directory: directory, cameras: names,
          filling: GapFilling(longest: settings.outputs.motGap, topSpeed: TrackerSettings().topSpeed))
      }
    } catch { throw PipelineError.output("\(error)") }
    thumbnails = settings.outputs.report == nil ? nil : ThumbnailSink()
    let outputSinks = try OutputSinks.make(
      settings, thumbnails: thumbnails, crops: gallery?.crops, logger: logger,
      windowClosed: { shared.requestStop.withLock { $0 }?() })
    let sinks = outputSinks + additionalSinks
    self.sinks = sinks

    let dial = QualityDial()
    self.dial = dial
    var outputs: [CameraName: OutputLane] = [:]
    var meters: [CameraName: LaneMeter] = [:]
    var mainLanes: [CameraName: MainStreamLane] = [:]
    for camera in settings.cameras {
      let isRecordedFromMain = camera.subStream != nil && settings.outputs.recordsCameras
      if isRecordedFromMain {
        mainLanes[camera.name] = MainStreamLane(
          camera: camera.name, settings: settings.privacy, drawsBoxes: settings.outputs.boxes,
          showOnly: opened.showOnly, makeCrowds: { try networks.crowdWatch(settings.privacy) },
          sinks: sinks.filter { $0 is CameraRecordings })
      }
      let meter = LaneMeter()
      meters[camera.name] = meter
      outputs[camera.name] = OutputLane(
        camera: camera.name, settings: settings.privacy, drawsBoxes: settings.outputs.boxes,
        isOffline: settings.isOffline, meter: meter, showOnly: opened.showOnly,
        sinks: isRecordedFromMain ? sinks.filter { !($0 is CameraRecordings) } : sinks)
    }
    let mainLanesOut = mainLanes
    self.mainLanes = mainLanes
    let lanesOut = outputs
    self.outputs = outputs
    self.meters = meters
    let mot = mot
    let knownMeters = meters
    coordinator = Coordinator(
      cameras: names, isOrdered: settings.isOffline, associator: associator, events: events,
      writesFrames: settings.outputs.frameEvents,
      start: start ?? Timestamp(seconds: Date().timeIntervalSince1970),
      gallery: gallery, retention: settings.gallery.retention,
      deliver: { frame in
        mot?.write(frame.result)
        knownMeters[frame.result.frame.camera]?.noteEvent(of: frame.result.frame)
        mainLanesOut[frame.result.frame.camera]?.note(frame)
        lanesOut[frame.result.frame.camera]?.take(frame)
      },
      finished: { outcome in
        for lane in lanesOut.values { lane.close() }
        for lane in mainLanesOut.values { lane.close() }
        shared.state.withLock { $0.outcome = outcome }
        shared.finished.leave()
      })

    var sources: [CameraName: FrameSource] = [:]
    var mainSources: [CameraName: FrameSource] = [:]
    var lanes: [CameraLane] = []
    var lenses: [CameraName: LensStage] = [:]
    var mainLenses: [CameraName: LensStage] = [:]
    let turn = settings.isOffline ? nil : DetectionTurn(limit: networks.lanesAtOnce)
    for camera in settings.cameras {
      let queue = BoundedQueue<VideoFrame>(
        capacity: settings.isOffline ? 4 : CameraLane.mostHeld,
        policy: settings.isOffline ? .block : .dropOldest)
      let coordinator = coordinator
      lanes.append(
        CameraLane(
          camera: camera.name, frames: queue,
          rules: .init(
            isOffline: settings.isOffline, interval: camera.detectionInterval,
            motion: settings.isOffline ? nil : MotionGate.Settings(), isMotionGated: camera.isMotionGated,
            refresh: camera.planner.refresh),
          quality: dial, turn: turn, meter: meters[camera.name] ?? LaneMeter(),
          makeWorkers: {
            try networks.workers(
              for: camera, firstTrack: (lastNumbers[camera.name] ?? 0) + 1, privacy: settings.privacy)
          },
          observer: observer,
          deliver: { coordinator.take(.result($0)) },
          noteCondition: { coordinator.take(.condition(camera.name, $0)) },
          ended: { coordinator.take(.ended($0)) }))
      let name = camera.name
      let lens = camera.lens.map {
        LensStage(lens: $0, isOffline: settings.isOffline, meter: meters[camera.name])
      }
      lenses[name] = lens
      var options = camera.source
      options.startTime = start
      if let lane = mainLanes[name] {
        let mainLens = camera.lens.map { LensStage(lens: $0, isOffline: settings.isOffline, meter: nil) }
        mainLenses[name] = mainLens
        mainSources[name] = FrameSource(
          camera: name, address: camera.address, options: options,
          onStatus: { status in
            PipelineRun.note(mainStream: status, of: name, shared: shared, logger: logger)
            coordinator.take(.mainState(name, status))
          },
          consumer: { PipelineRun.hand($0, through: mainLens, to: lane.frames) })
      }
      sources[name] = FrameSource(
        camera: name, address: camera.subStream ?? camera.address, options: options,
        onStatus: { status in
          PipelineRun.note(status, of: name, shared: shared, logger: logger)
          coordinator.take(.state(name, status))
          if status.isFinal { queue.close() }
        },
        consumer: { PipelineRun.hand($0, through: lens, to: queue) })
    }
    self.sources = sources
    self.mainSources = mainSources
    self.lenses = lenses
    self.mainLenses = mainLenses
    self.lanes = lanes
    monitor =
      settings.adaptsQuality
      ? QualityMonitor(
        dial: dial, lanes: lanes.map { ($0, meters[$0.camera] ?? LaneMeter()) },
        lowest: networks.hasSmallInput ? .smallInput : .third,
        isOutputBehind: { sinks.contains { $0.isBehind } }, logger: logger) : nil
  }

  /// Hands a frame to a lane, made straight where the camera has a lens.
  private static func hand(_ frame: VideoFrame, through lens: LensStage?, to queue: BoundedQueue<VideoFrame>)
  {
    guard let lens else {
      queue.push(frame)
      return
    }
    if let straight = lens.apply(frame) { queue.push(straight) }
  }

  /// When files that are read offline begin; `nil` where the wall clock says so.
  ///
  /// A fixed moment, so that two runs give the same result; but after everything that a gallery remembers, since
  /// nobody can be in one camera twice at the same time.
  private static func startTime(_ settings: PipelineSettings, after contents: GalleryContents) -> Timestamp? {
    guard settings.isOffline else { return nil }
    // What a gallery keeps has a time after which it is erased, which counts from when it was read in.
    guard settings.gallery.file != nil else { return FrameSourceOptions.offlineEpoch }
    let latest = contents.identities.values.map(\.identity.lastSeen).max()
    let now = StoreOptions.wallClock()
    return max(now, latest?.advanced(bySeconds: 60) ?? now)
  }

  /// Begins to read all cameras.
  public func start() {
    shared.state.withLock { $0.hasStarted = true }
    shared.finished.enter()
    shared.requestStop.withLock { $0 = { [weak self] in self?.stop() } }
    if case .off(let reason) = settings.privacy.faces {
      logger.warning("faces are shown: \(reason)")
    }
    if let showOnly = settings.showOnly {
      logger.warning("identity \(showOnly.identity) is shown: \(showOnly.reason)")
    }
    gallery?.begin(recordings: OutputSinks.recordings(settings))
    coordinator.begin()
    channel.withLock { $0 = makeChannel() }
    for lane in outputs.values { lane.start() }
    for lane in lanes { lane.start() }
    monitor?.start()
    for lane in mainLanes.values { lane.start() }
    for camera in settings.cameras {
      sources[camera.name]?.start()
      mainSources[camera.name]?.start()
    }
  }

  /// Takes requests about the gallery from other processes while the run goes on.
  private func makeChannel() -> GalleryChannel? {
    guard let store = gallery?.store else { return nil }
    let (host, settings) = (coordinator, settings.gallery)
    let channel = GalleryChannel(gallery: store.path) { request in
      try request.perform(
        in: GallerySession(of: host, store: store, settings: settings, actor: request.actor))
    }
    if channel == nil {
      logger.warning(
        "\(store.path): no requests are taken while this run holds it; its folder allows no socket")
    }
    return channel
  }

  /// Ends the run early; everything that was analysed is still written. May be called from any thread, repeatedly.
  public func stop() {
    let isFirst = shared.state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    guard isFirst else { return }
    // A source that is blocked by its lane's full queue is let go first. Each then has its own thread to wait on, so
    // that one that is slow to end does not delay the others.
    for lane in lanes { lane.frames.close(discarding: true) }
    for source in Array(sources.values) + Array(mainSources.values) { Thread { source.stop() }.start() }
  }

  /// Whether ``stop()`` was called.
  public var wasStopped: Bool { shared.state.withLock { $0.isStopping } }

  /// How far the run is.
  public var progress: Progress {
    var progress = Progress()
    for lane in lanes {
      let figures = lane.figures
      progress.frames += figures.frames
      progress.embeddings += figures.embedded
    }
    progress.sources = sources.count
    let statuses = shared.state.withLock { $0.statuses }
    progress.endedSources = statuses.values.count(where: \.isFinal)
    progress.troubles = lanes.compactMap { lane in
      let (phase, condition) = (statuses[lane.camera]?.phase ?? .idle, lane.figures.condition)
      switch phase {
      case .live: return condition == .good ? nil : "\(lane.camera): \(condition.rawValue)"
      case .idle, .ended: return nil
      default: return "\(lane.camera): \(phase.rawValue)"
      }
    }
    progress.fraction = Self.fraction(
      of: sources.values.map { source in
        let hasEnded = statuses[source.camera]?.isFinal == true
        return (source.address.isLive && !hasEnded, hasEnded ? 1 : source.statistics.share)
      })
    return progress
  }

  /// The share of the work that is done: the mean over the files that tell it. Where a camera goes on for ever, and
  /// where no file tells, there is none.
  static func fraction(of sources: [(isEndless: Bool, share: Double?)]) -> Double? {
    guard !sources.contains(where: \.isEndless) else { return nil }
    let shares = sources.compactMap(\.share)
    return shares.isEmpty ? nil : shares.reduce(0, +) / Double(shares.count)
  }

  /// Waits for the end and writes everything.
  ///
  /// - Returns: what the run did.
  public func wait() -> RunSummary {
    shared.finished.wait()
    monitor?.stop()
    for lane in outputs.values { lane.wait() }
    for lane in mainLanes.values { lane.wait() }
    for source in mainSources.values { source.stop() }
    let elapsed = ProcessInfo.processInfo.systemUptime - began
    let outcome = shared.state.withLock { $0.outcome } ?? Coordinator.Outcome()
    var warnings = shared.state.withLock { $0.problems }
    var isGalleryWritten = false
    for sink in sinks { warnings += sink.finish() }
    if let mot { warnings += mot.finish(FinalIdentities(outcome.sightings)) }
    if let failure = outcome.failure { warnings.append("identities: \(failure)") }
    let cameras = settings.cameras.map { summary(of: $0, outcome: outcome, warnings: &warnings) }
    if let path = settings.outputs.report {
      warnings += writeReport(to: path, cameras: cameras, outcome: outcome)
    }
    channel.withLock { channel in
      channel?.close()
      channel = nil
    }
    if let gallery {
      gallery.note(recordings: OutputSinks.recordings(settings), outcome: outcome)
      warnings += gallery.close(isWritten: &isGalleryWritten)
    }
    if let events {
      var record = EventRecord(.runEnded, at: outcome.end ?? FrameSourceOptions.offlineEpoch)
      record.reason = shared.state.withLock { $0.isStopping } ? "stopped" : "all sources have ended"
      events.write(record)
      events.close()
      let figures = events.figures
      if figures.dropped > 0 {
        warnings.append(
          "\(figures.dropped) events were lost: \(figures.failure ?? "they could not be written")")
      }
    }
    let persons = outcome.identitiesByCamera.values.reduce(into: Set<IdentityID>()) { $0.formUnion($1) }
    var result = RunSummary(
      cameras: cameras, elapsed: elapsed, persons: persons.count, embeddings: outcome.embeddings,
      outputs: OutputSinks.written(settings, isGalleryWritten: isGalleryWritten), warnings: warnings)
    result.figures = self.figures
    result.ways = outcome.ways
    if let path = settings.outputs.summary {
      if let problem = result.write(to: path) { result.warnings.append(problem) }
    }
    return result
  }

  private func summary(
    of camera: PipelineSettings.Camera, outcome: Coordinator.Outcome, warnings: inout [String]
  ) -> RunSummary.Camera {
    var summary = RunSummary.Camera(name: camera.name)
    guard let lane = lanes.first(where: { $0.camera == camera.name }), let output = outputs[camera.name],
      let source = sources[camera.name]
    else { return summary }
    let figures = lane.figures
    summary.framesIn = Int(source.statistics.frames)
    summary.framesOut = output.figures.frames
    summary.detected = figures.detected
    summary.dropped =
      Int(lane.frames.dropped) + output.dropped + Int(source.statistics.dropped)
      + (lenses[camera.name]?.figures.dropped ?? 0)
    summary.sightings = outcome.sightingCounts[camera.name] ?? 0
    summary.persons = outcome.identitiesByCamera[camera.name]?.count ?? 0
    summary.state = RunSummary.state(
      phase: shared.state.withLock { $0.statuses[camera.name]?.phase } ?? .idle, condition: figures,
      interruptions: Int(source.statistics.interruptions))
    if let failure = figures.failure { warnings.append("\(camera.name): \(failure)") }
    for lens in [lenses[camera.name], mainLenses[camera.name]].compactMap(\.?.figures) where lens.dropped > 0
    {
      warnings.append("\(camera.name): \(lens.dropped) frames were dropped: \(lens.failure ?? "no lens")")
    }
    if let failure = output.figures.failure { warnings.append("\(camera.name): \(failure)") }
    if let main = mainLanes[camera.name]?.figures {
      if let failure = main.failure { warnings.append("\(camera.name), main stream: \(failure)") }
      if main.withheld > 0 {
        warnings.append(
          "\(camera.name): \(main.withheld) of \(main.frames) frames of the main stream were withheld because faces were not known"
        )
      }
    }
    if output.figures.withheld > 0 {
      warnings.append(
        "\(camera.name): \(output.figures.withheld) frames were withheld because faces were not known")
    }
    return summary
  }

  private func writeReport(
    to path: String, cameras: [RunSummary.Camera], outcome: Coordinator.Outcome
  ) -> [String] {
    var tracks: [IdentityID: Set<TrackID>] = [:]
    for sighting in outcome.sightings { tracks[sighting.identity, default: []].insert(sighting.track) }
    let persons = Set(outcome.sightings.map(\.identity)).map { identity in
      JourneyReport.Person(
        identity: identity, name: settings.gallery.namingPurpose == nil ? nil : outcome.names[identity],
        journey: Journey(identity: identity, sightings: outcome.sightings),
        thumbnails: thumbnails?.thumbnails(of: tracks[identity] ?? []) ?? [])
    }
    let begin = outcome.begin ?? Timestamp(seconds: 0)
    let report = JourneyReport(
      cameras: cameras.map { .init(name: $0.name, frames: $0.framesOut, state: $0.state) }, persons: persons,
      begin: begin, end: outcome.end ?? begin)
    do { try report.html().write(toFile: path, atomically: true, encoding: .utf8) } catch {
      return [
        "cannot write the report '\(path)': \(error.localizedDescription); choose another file with --report"
      ]
    }
    return []
  }

  private static func note(
    mainStream status: SourceStatus, of camera: CameraName, shared: SharedState, logger: Logger
  ) {
    guard let problem = status.problem else {
      logger.info("\(camera), main stream: \(status)")
      return
    }
    logger.warning("\(camera), main stream: \(problem)")
    if status.isFinal {
      shared.state.withLock { $0.problems.append("\(camera), main stream: \(problem)") }
    }
  }

  private static func note(_ status: SourceStatus, of camera: CameraName, shared: SharedState, logger: Logger)
  {
    shared.state.withLock { state in
      state.statuses[camera] = status
      if let problem = status.problem, status.isFinal { state.problems.append("\(camera): \(problem)") }
    }
    if let problem = status.problem {
      logger.warning("\(camera): \(problem)")
    } else {
      logger.info("\(camera): \(status)")
    }
  }
}
