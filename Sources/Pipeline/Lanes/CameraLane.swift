import Detection
import Foundation
import Inference
import Media
import Privacy
import Reidentification
import Synchronization
import ThroughlineCore
import Tracking

/// One camera's way from frames to tracks and looks: detector, tracker, crop choice and embedder, all on one thread
/// of its own. Nothing in a lane can hold up another lane.
///
/// A live lane looks at the newest frame that has come, as often as its quality allows; the frames between two
/// detections wait for the later one, so that somebody who has just come into the picture is covered in them too. Where
/// nothing has moved since the last detection, a frame goes on at once.
final class CameraLane: Sendable {
  /// What a lane works with; made on the lane's own thread and never seen by another.
  struct Workers {
    var detector: any Detector
    /// The same for smaller pictures, where the networks can be had so.
    var smallDetector: (any Detector)?
    var looks: LookTaker
    var tracker: Tracker
    /// When the tracker compares looks too.
    var appearance = AppearanceUse.ambiguous
    /// Looks for faces that are too small for the detector; `nil` where nobody asks.
    var crowds: CrowdWatch?
  }

  /// What a lane has done so far.
  struct Figures: Sendable {
    var frames = 0
    var detected = 0
    /// Detections of these on a smaller picture.
    var detectedSmall = 0
    /// Frames that went on at once because nothing had moved.
    var unchanged = 0
    /// Detections that were given up because the processor was too busy; their frames went out withheld.
    var givenUp = 0
    var embedded = 0
    /// What is wrong with the picture itself, now.
    var condition = MotionGate.Condition.good
    /// For how many seconds of capture time the picture was frozen or black.
    var conditionSeconds: [MotionGate.Condition: Double] = [:]
    var failure: String?
  }

  /// How a lane works.
  struct Rules: Sendable {
    /// Every frame that is due is looked at, one after the other, and nothing depends on how fast that is.
    var isOffline: Bool
    /// The shortest time between two detections, in seconds.
    var interval: Double
    /// When a picture has changed, is frozen or is black; `nil` where nobody asks.
    var motion: MotionGate.Settings?
    /// Whether frames in which nothing has moved need no look.
    var isMotionGated = true
    /// Half the lowest rate of looks at known persons, in seconds.
    var refresh: Double
  }

  /// Frames that wait for a detection at most; then one is made, due or not.
  static let mostHeld = 24
  /// Where a camera falls silent, its frames wait no longer than this, in seconds.
  static let longestHold = 0.12
  /// So long a lane waits for its turn to detect, in seconds; then it detects without one, before its queue overflows.
  static let longestTurn = 0.35

  let camera: CameraName
  let frames: BoundedQueue<VideoFrame>
  private let rules: Rules
  private let quality: QualityDial
  private let turn: DetectionTurn?
  private let meter: LaneMeter
  private let makeWorkers: @Sendable () throws -> Workers
  private let observer: (@Sendable (FrameObservation) -> Void)?
  private let deliver: @Sendable (LaneResult) -> Void
  private let noteCondition: @Sendable (MotionGate.Condition) -> Void
  private let ended: @Sendable (CameraName) -> Void
  private let state = Mutex(Figures())

  /// - Parameters:
  ///   - frames: what the source delivers.
  ///   - rules: how the lane works.
  ///   - quality: how much it may do.
  ///   - turn: when it may detect, beside the other lanes; `nil` where it may at any time.
  ///   - meter: where its figures go.
  ///   - makeWorkers: called once on the lane's thread.
  ///   - observer: called on the lane's thread with everything that the networks say about a frame.
  ///   - deliver: called on the lane's thread for every frame, in order; may block.
  ///   - noteCondition: called on the lane's thread when the picture becomes frozen or black, or good again.
  ///   - ended: called on the lane's thread when the queue is closed and empty.
  init(
    camera: CameraName, frames: BoundedQueue<VideoFrame>, rules: Rules, quality: QualityDial,
    turn: DetectionTurn? = nil, meter: LaneMeter,
    makeWorkers: @escaping @Sendable () throws -> Workers,
    observer: (@Sendable (FrameObservation) -> Void)? = nil,
    deliver: @escaping @Sendable (LaneResult) -> Void,
    noteCondition: @escaping @Sendable (MotionGate.Condition) -> Void = { _ in },
    ended: @escaping @Sendable (CameraName) -> Void
  ) {
    self.camera = camera
    self.frames = frames
    self.rules = rules
    self.quality = quality
    self.turn = turn
    self.meter = meter
    self.makeWorkers = makeWorkers
    self.observer = observer
    self.deliver = deliver
    self.noteCondition = noteCondition
    self.ended = ended
  }

  var figures: Figures { state.withLock { $0 } }

  func start() {
    DedicatedThread.start("lane \(camera)", stackSize: 4 << 20) { [self] in
      run()
      ended(camera)
    }
  }

  private func run() {
    var work: Work
    do { work = Work(workers: try makeWorkers(), motion: rules.motion) } catch {
      // Without a detector nobody can be covered, so every frame goes out withheld.
      state.withLock { $0.failure = "\(error)" }
      while let frame = frames.pop() { pass(.withheld(frame, reason: "\(error)")) }
      return
    }
    while true {
      // A file that is slow to decode is not silent: offline nothing may depend on time.
      let waitsForEver = work.held.isEmpty || rules.isOffline
      let next = waitsForEver ? frames.pop() : frames.pop(waitingAtMost: Self.longestHold)
      guard let next else {
        // Silence, or the end: whatever waits is looked at now.
        detect(&work)
        if frames.isClosed, frames.count == 0 { break }
        continue
      }
      take(next, &work)
      if !rules.isOffline { while let more = frames.pop(waitingAtMost: 0) { take(more, &work) } }
      if isDue(work) { detectInTurn(&work) }
    }
  }

  /// Detects when the turn has come, on the newest frame that has come by then.
  private func detectInTurn(_ work: inout Work) {
    guard let turn else { return detect(&work) }
    let began = ProcessInfo.processInfo.systemUptime
    let hasCome = turn.begin(waitingAtMost: Self.longestTurn)
    defer { if hasCome { turn.end() } }
    work.turnWait = ProcessInfo.processInfo.systemUptime - began
    defer { work.turnWait = 0 }
    while work.held.count < Self.mostHeld - 1, let more = frames.pop(waitingAtMost: 0) { take(more, &work) }
    detect(&work)
  }

  /// What belongs to the lane's thread.
  private struct Work {
    var workers: Workers
    var held: [VideoFrame] = []
    var bridge = TrackBridge()
    var gate: MotionGate?
    var lastDetection: Timestamp?
    var lastFrame: Timestamp?
    /// How long the detection that is made now has waited for its turn, in seconds.
    var turnWait = 0.0

    init(workers: Workers, motion: MotionGate.Settings?) {
      self.workers = workers
      gate = motion.map { MotionGate(settings: $0) }
      held.reserveCapacity(CameraLane.mostHeld)
    }
  }

  /// Takes a frame in: it goes on at once where nothing has moved, or waits for a detection.
  private func take(_ frame: VideoFrame, _ work: inout Work) {
    if frame.isDiscontinuity {
      detect(&work)
      work.workers.tracker.cut(at: frame.captureTime)
      work.bridge.reset()
      work.gate?.reset()
      work.workers.crowds?.reset()
      work.lastDetection = nil
    }
    let needsLook = meter.measure(.motion) { () -> Bool in
      guard work.gate != nil else { return true }
      let before = work.gate?.condition
      let needsLook = work.gate?.needsLook(frame.picture, at: frame.captureTime) ?? true
      if let condition = work.gate?.condition {
        if condition != before { noteCondition(condition) }
        count(condition, seconds: work.lastFrame.map { frame.captureTime.seconds(since: $0) } ?? 0)
      }
      // What is still covered until it has been looked at is not left so because nothing moves.
      return needsLook || !rules.isMotionGated || work.workers.crowds?.isSettled == false
    }
    work.lastFrame = frame.captureTime
    if !needsLook, work.held.isEmpty {
      var result = LaneResult(frame: frame, evidence: .unchanged)
      result.tracks = work.bridge.tracks(at: frame.captureTime)
      result.crowds = work.workers.crowds?.regions ?? []
      state.withLock { $0.unchanged += 1 }
      pass(result)
    } else {
      work.held.append(frame)
      if work.held.count >= Self.mostHeld { detect(&work) }
    }
  }

  /// Adds the time since the frame before to that of the picture's condition. A long silence says nothing of pictures.
  private func count(_ condition: MotionGate.Condition, seconds: Double) {
    state.withLock { figures in
      figures.condition = condition
      guard condition != .good else { return }
      figures.conditionSeconds[condition, default: 0] += min(max(seconds, 0), 1)
    }
  }

  private func isDue(_ work: Work) -> Bool {
    guard let newest = work.held.last else { return false }
    guard let last = work.lastDetection else { return true }
    let quality =
      rules.isOffline ? LaneQuality(interval: rules.interval) : quality.lane(interval: rules.interval)
    let interval = work.bridge.hasSomebody ? quality.busyInterval : quality.quietInterval
    let elapsed = newest.captureTime.seconds(since: last)
    return elapsed >= interval || elapsed < 0
  }

  /// Looks at the newest frame that waits and lets all of them go.
  private func detect(_ work: inout Work) {
    guard let frame = work.held.last else { return }
    let crowdsBefore = work.workers.crowds?.regions ?? []
    var result = look(at: frame, &work)
    switch result.evidence {
    case .detected(let detections):
      for waiting in work.held.dropLast() {
        var bridged = LaneResult(frame: waiting, evidence: .bridged(ahead: detections))
        bridged.tracks = work.bridge.tracks(
          at: waiting.captureTime, after: result.tracks, end: frame.captureTime)
        bridged.crowds = crowdsBefore + result.crowds.filter { !crowdsBefore.contains($0) }
        pass(bridged)
      }
      work.bridge.note(result.tracks, at: frame.captureTime)
      work.gate?.noteLook(at: frame.captureTime)
      work.lastDetection =
        rules.isOffline
        ? frame.captureTime
        : quality.lane(interval: rules.interval).start(
          of: frame.captureTime, after: work.lastDetection, hasSomebody: work.bridge.hasSomebody)
    default:
      for waiting in work.held.dropLast() {
        pass(.withheld(waiting, reason: result.failure ?? "no detection", tracks: result.tracks))
      }
    }
    work.held.removeAll(keepingCapacity: true)
    result.tracks += work.workers.tracker.takeEnded()
    pass(result)
    if !rules.isOffline, case .detected(let found) = result.evidence { lookClosely(at: frame, found, work) }
  }

  /// Looks at parts of a frame that has gone out, for the frames that follow: nobody waits for it. Whatever has not been
  /// looked at is covered meanwhile.
  private func lookClosely(at frame: VideoFrame, _ found: [Detection], _ work: Work) {
    guard let crowds = work.workers.crowds else { return }
    do {
      let quality = quality.lane(interval: rules.interval)
      try meter.measure(.detect) {
        try crowds.lookClosely(
          at: frame.picture, time: frame.captureTime, known: found, limit: quality.closeLooks,
          puttingOffBy: quality.closeLookFactor)
      }
    } catch {
      if case .dropped = error as? InferenceError { return }
      state.withLock { $0.failure = "\(error)" }
    }
  }

  private func look(at frame: VideoFrame, _ work: inout Work) -> LaneResult {
    let quality = rules.isOffline ? LaneQuality() : quality.lane(interval: rules.interval)
    let time = frame.captureTime
    do {
      let small = quality.usesSmallInput ? work.workers.smallDetector : nil
      let detector = small ?? work.workers.detector
      let found = try meter.measure(.detect) { try detector.detect(frame.picture) }
        .plausible(in: frame.picture.size)
      let detections = found.believed
      meter.noteDetection(of: frame, afterTurn: work.turnWait)
      work.workers.looks.beginFrame()
      if let observer {
        observer(
          FrameObservation(
            camera: camera, number: frame.number, time: frame.captureTime, size: frame.picture.size,
            crops: try work.workers.looks.observe(detections, in: frame.picture),
            isCut: frame.isDiscontinuity))
      }
      let appearances = try meter.measure(.looks) {
        try self.appearances(of: detections, in: frame, work.workers, quality)
      }
      var result = LaneResult(frame: frame, evidence: .detected(found))
      if let crowds = work.workers.crowds {
        result.crowds = try meter.measure(.detect) {
          rules.isOffline
            ? try crowds.look(at: frame.picture, time: time, known: found)
            : crowds.notice(frame.picture, time: time, known: found)
        }
      }
      result.tracks = try meter.measure(.track) {
        try work.workers.tracker.update(detections: detections, at: time, appearances: appearances)
      }
      work.workers.looks.refresh = rules.refresh * quality.refreshFactor
      result.looks = try meter.measure(.looks) {
        try looks(at: frame, tracks: result.tracks, work.workers.looks)
      }
      for (track, look) in result.looks {
        work.workers.tracker.setAppearance(look.embedding, of: track, at: time)
      }
      state.withLock { figures in
        figures.detected += 1
        if small != nil { figures.detectedSmall += 1 }
        figures.embedded = work.workers.looks.figures.embedded
      }
      return result
    } catch {
      let isBusy = if case .dropped = error as? InferenceError { true } else { false }
      state.withLock { figures in
        if isBusy { figures.givenUp += 1 } else { figures.failure = "\(error)" }
      }
      meter.noteGivenUp()
      return .withheld(
        frame, reason: isBusy ? "the processor is too busy" : "\(error)",
        tracks: work.bridge.tracks(at: time))
    }
  }

  /// What the tracker compares besides places; nothing where the processor had no time for it.
  private func appearances(
    of detections: [Detection], in frame: VideoFrame, _ workers: Workers, _ quality: LaneQuality
  ) throws(EmbedderError) -> [Embedding?] {
    let wanted =
      switch workers.appearance {
      case .never: [Bool](repeating: false, count: detections.count)
      case .ambiguous where !quality.comparesLooks: [Bool](repeating: false, count: detections.count)
      case .ambiguous: workers.tracker.wantsAppearance(detections, at: frame.captureTime)
      case .always: detections.map { $0.category == .person }
      }
    do { return try workers.looks.appearances(of: detections, wanted: wanted, in: frame.picture) } catch {
      if case .inference(.dropped) = error { return [] }
      throw error
    }
  }

  /// A look that found no time is no failure: the person is looked at again.
  private func looks(
    at frame: VideoFrame, tracks: [Track], _ taker: LookTaker
  ) throws(EmbedderError) -> [TrackID: Look] {
    do { return try taker.take(tracks: tracks, in: frame.picture, at: frame.captureTime) } catch {
      if case .inference(.dropped) = error { return [:] }
      throw error
    }
  }

  private func pass(_ result: LaneResult) {
    state.withLock { $0.frames += 1 }
    deliver(result)
  }
}
