import Detection
import Foundation
import Media
import Reidentification
import Synchronization
import ThroughlineCore
import Tracking

/// One camera's way from frames to tracks and looks: detector, tracker, crop choice and embedder, all on one thread
/// of its own. Nothing in a lane can hold up another lane.
final class CameraLane: Sendable {
  /// What a lane works with; made on the lane's own thread and never seen by another.
  struct Workers {
    var detector: any Detector
    var looks: LookTaker
    var tracker: Tracker
    /// When the tracker compares looks too.
    var appearance = AppearanceUse.ambiguous
  }

  /// What a lane has done so far.
  struct Figures: Sendable {
    var frames = 0
    var detected = 0
    var embedded = 0
    var failure: String?
  }

  let camera: CameraName
  let frames: BoundedQueue<VideoFrame>
  private let interval: Double
  private let makeWorkers: @Sendable () throws -> Workers
  private let observer: (@Sendable (FrameObservation) -> Void)?
  private let deliver: @Sendable (LaneResult) -> Void
  private let ended: @Sendable (CameraName) -> Void
  private let state = Mutex(Figures())

  /// - Parameters:
  ///   - frames: what the source delivers.
  ///   - interval: the shortest time between two detections, in seconds.
  ///   - makeWorkers: called once on the lane's thread.
  ///   - observer: called on the lane's thread with everything that the networks say about a frame.
  ///   - deliver: called on the lane's thread for every frame; may block.
  ///   - ended: called on the lane's thread when the queue is closed and empty.
  init(
    camera: CameraName, frames: BoundedQueue<VideoFrame>, interval: Double,
    makeWorkers: @escaping @Sendable () throws -> Workers,
    observer: (@Sendable (FrameObservation) -> Void)? = nil,
    deliver: @escaping @Sendable (LaneResult) -> Void,
    ended: @escaping @Sendable (CameraName) -> Void
  ) {
    self.camera = camera
    self.frames = frames
    self.interval = interval
    self.makeWorkers = makeWorkers
    self.observer = observer
    self.deliver = deliver
    self.ended = ended
  }

  var figures: Figures { state.withLock { $0 } }

  func start() {
    let thread = Thread { [self] in
      run()
      ended(camera)
    }
    thread.name = "lane \(camera)"
    thread.stackSize = 4 << 20
    thread.start()
  }

  private func run() {
    var workers: Workers
    do { workers = try makeWorkers() } catch {
      // Without a detector nobody can be covered, so every frame goes out withheld.
      note(failure: "\(error)")
      while let frame = frames.pop() {
        deliver(
          LaneResult(
            frame: frame, tracks: [], detections: [], looks: [:], isDetected: false, failure: "\(error)"))
      }
      return
    }
    var lastDetection: Timestamp?
    while let frame = frames.pop() {
      if frame.isDiscontinuity {
        workers.tracker.cut(at: frame.captureTime)
        lastDetection = nil
      }
      let isDue = lastDetection.map { frame.captureTime.seconds(since: $0) >= interval } ?? true
      var result = isDue ? detect(frame, with: &workers) : predict(frame, with: &workers)
      result.tracks += workers.tracker.takeEnded()
      if isDue, result.failure == nil { lastDetection = frame.captureTime }
      state.withLock { figures in
        figures.frames += 1
        if result.isDetected { figures.detected += 1 }
        figures.embedded = workers.looks.figures.embedded
      }
      deliver(result)
    }
  }

  private func detect(_ frame: VideoFrame, with workers: inout Workers) -> LaneResult {
    var result = LaneResult(frame: frame, tracks: [], detections: [], looks: [:], isDetected: false)
    do {
      let detections = try workers.detector.detect(frame.picture)
      result.isDetected = true
      result.detections = detections
      workers.looks.beginFrame()
      if let observer {
        observer(
          FrameObservation(
            camera: camera, number: frame.number, time: frame.captureTime, size: frame.picture.size,
            crops: try workers.looks.observe(detections, in: frame.picture)))
      }
      let wanted =
        switch workers.appearance {
        case .never: [Bool](repeating: false, count: detections.count)
        case .ambiguous: workers.tracker.wantsAppearance(detections, at: frame.captureTime)
        case .always: detections.map { $0.category == .person }
        }
      result.tracks = try workers.tracker.update(
        detections: detections, at: frame.captureTime,
        appearances: try workers.looks.appearances(of: detections, wanted: wanted, in: frame.picture))
      result.looks = try workers.looks.take(tracks: result.tracks, in: frame.picture, at: frame.captureTime)
      for (track, look) in result.looks {
        workers.tracker.setAppearance(look.embedding, of: track, at: frame.captureTime)
      }
    } catch {
      result.failure = "\(error)"
      note(failure: "\(error)")
    }
    return result
  }

  private func predict(_ frame: VideoFrame, with workers: inout Workers) -> LaneResult {
    LaneResult(
      frame: frame, tracks: workers.tracker.predict(at: frame.captureTime), detections: [], looks: [:],
      isDetected: false)
  }

  private func note(failure: String) {
    state.withLock { $0.failure = failure }
  }
}
