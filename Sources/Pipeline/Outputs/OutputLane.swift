import Foundation
import Imaging
import Media
import Privacy
import Synchronization
import ThroughlineCore

/// One camera's way out: faces are covered and boxes drawn on a thread of its own, then the sinks get the frame.
final class OutputLane: Sendable {
  struct Figures: Sendable {
    var frames = 0
    var withheld = 0
    var failure: String?
  }

  private let camera: CameraName
  private let settings: PrivacySettings
  private let drawsBoxes: Bool
  private let queue: BoundedQueue<IdentifiedFrame>
  private let showOnly: (identity: IdentityID, reason: String)?
  private let sinks: [any FrameSink]
  private let meter: LaneMeter
  private let state = Mutex(Figures())
  private let done = DispatchGroup()

  init(
    camera: CameraName, settings: PrivacySettings, drawsBoxes: Bool, isOffline: Bool, meter: LaneMeter,
    showOnly: (identity: IdentityID, reason: String)? = nil, sinks: [any FrameSink]
  ) {
    self.meter = meter
    self.camera = camera
    self.settings = settings
    self.drawsBoxes = drawsBoxes
    self.showOnly = showOnly
    self.sinks = sinks
    // The frames between two detections come all at once.
    queue = BoundedQueue(
      capacity: isOffline ? 4 : CameraLane.mostHeld + 8, policy: isOffline ? .block : .dropOldest)
  }

  var figures: Figures { state.withLock { $0 } }
  /// Frames dropped because the outputs were late.
  var dropped: Int { Int(queue.dropped) }

  func take(_ frame: IdentifiedFrame) { _ = queue.push(frame) }

  func start() {
    done.enter()
    DedicatedThread.start("output \(camera)", stackSize: 4 << 20) { [self] in
      run()
      for sink in sinks { sink.end(camera) }
      done.leave()
    }
  }

  /// No more frames will come.
  func close() { queue.close() }

  /// Waits until all frames are out.
  func wait() { done.wait() }

  private func run() {
    let anonymizer = Anonymizer(
      camera: camera, settings: settings, pool: PicturePool(maximumOutstanding: 64, maximumIdle: 8))
    while let identified = queue.pop() {
      let result = identified.result
      let persons = ShownPerson.all(in: identified)
      do {
        let frame = try anonymizer.anonymize(
          result.frame.picture, number: result.frame.number, captureTime: result.frame.captureTime,
          evidence: result.evidence, tracks: result.tracks, crowds: result.crowds,
          showOnly: shown(identified),
          annotations: drawsBoxes ? persons.compactMap(\.annotation) : [])
        state.withLock { figures in
          figures.frames += 1
          if frame.isWithheld { figures.withheld += 1 }
        }
        meter.noteOutput(of: result.frame)
        for sink in sinks { sink.take(frame, persons: persons) }
      } catch {
        state.withLock { $0.failure = "\(error)" }
      }
    }
  }

  /// Who may be seen in this frame: the tracks that surely are the person whom `privacy.show-only` names.
  private func shown(_ frame: IdentifiedFrame) throws(PrivacyError) -> ShowOnly? {
    guard let showOnly else { return nil }
    let tracks = frame.assignments.filter { $0.value.identity == showOnly.identity && $0.value.isSure }
    return try ShowOnly(tracks: Set(tracks.keys), reason: showOnly.reason)
  }
}
