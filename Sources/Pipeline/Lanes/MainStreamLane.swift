import Foundation
import Imaging
import Media
import Privacy
import Synchronization
import ThroughlineCore

/// The main stream of a camera whose persons are looked for in its sub-stream. Its frames are decoded and recorded, and
/// no network sees them: each is covered by everything that was found in the sub-stream around its time.
///
/// The two streams of a camera need not arrive at the same moment, so a frame waits until the sub-stream is known beyond
/// its time, and what was found shortly before and after is covered together. A frame for which nothing is known goes out
/// covered as a whole. Faces that are too small to be seen in the sub-stream are looked for in the main stream itself.
final class MainStreamLane: Sendable {
  /// What was found in one frame of the sub-stream.
  private struct Found: Sendable {
    var time: Timestamp
    var size: PictureSize
    var detections: [Detection]
    /// Why nothing is known of the frame.
    var failure: String?
    /// Whether nothing had moved, so that what was found before it still holds.
    var isUnchanged: Bool
    var crowds: [CrowdRegion]
    var identified: [ShownPerson]
  }

  struct Figures: Sendable {
    var frames = 0
    var withheld = 0
    var failure: String?
  }

  /// So far apart, in seconds, the times of one moment in both streams may be.
  static let slack = 0.25
  /// No frame waits longer than this for the sub-stream, in seconds.
  static let patience = 1.5
  /// Frames that wait at most.
  static let depth = 48

  /// Parts of a frame that are looked at closely, at most: frames are not to wait long.
  private static let closeLooks = 2

  let camera: CameraName
  let frames = BoundedQueue<VideoFrame>(capacity: MainStreamLane.depth, policy: .dropOldest)
  private let settings: PrivacySettings
  private let drawsBoxes: Bool
  private let showOnly: (identity: IdentityID, reason: String)?
  private let makeCrowds: CrowdWatch.Maker
  private let sinks: [any FrameSink]
  private let found = BoundedQueue<Found>(capacity: 512, policy: .dropOldest)
  private let state = Mutex(Figures())
  private let done = DispatchGroup()

  /// - Parameters:
  ///   - settings: how faces are covered.
  ///   - showOnly: whose face is shown.
  ///   - makeCrowds: makes, on the lane's thread, who looks for small faces in the main stream.
  ///   - sinks: where the frames go.
  init(
    camera: CameraName, settings: PrivacySettings, drawsBoxes: Bool,
    showOnly: (identity: IdentityID, reason: String)?, makeCrowds: @escaping CrowdWatch.Maker = { nil },
    sinks: [any FrameSink]
  ) {
    self.camera = camera
    self.settings = settings
    self.drawsBoxes = drawsBoxes
    self.showOnly = showOnly
    self.makeCrowds = makeCrowds
    self.sinks = sinks
  }

  var figures: Figures { state.withLock { $0 } }

  func start() {
    done.enter()
    DedicatedThread.start("main \(camera)", stackSize: 4 << 20) { [self] in
      run()
      for sink in sinks { sink.end(camera) }
      done.leave()
    }
  }

  /// Hears what was found in a frame of the sub-stream.
  func note(_ frame: IdentifiedFrame) {
    let result = frame.result
    var isUnchanged = false
    let detections: [Detection]
    switch result.evidence {
    case .detected(let found), .bridged(let found): detections = found
    case .unchanged: (detections, isUnchanged) = ([], true)
    case .unavailable: detections = []
    }
    _ = found.push(
      Found(
        time: result.frame.captureTime, size: result.frame.picture.size, detections: detections,
        failure: result.failure, isUnchanged: isUnchanged, crowds: result.crowds,
        identified: ShownPerson.all(in: frame)))
  }

  /// The sub-stream has ended: what waits goes out, and nothing follows.
  func close() {
    found.close()
    frames.close()
  }

  /// Waits until all frames are out.
  func wait() { done.wait() }

  private func run() {
    let anonymizer = Anonymizer(
      camera: camera, settings: settings, pool: PicturePool(maximumOutstanding: 32, maximumIdle: 4))
    let crowds = Result { try makeCrowds() }
    var known: [Found] = []
    while let frame = frames.pop() {
      learn(&known, beyond: frame)
      // The last frame before the window says where those were who have not moved since.
      let begin = frame.captureTime.advanced(bySeconds: -Self.slack)
      let old = known.prefix { $0.time < begin }.count
      if old > 1 { known.removeFirst(old - 1) }
      emit(frame, knowing: known, with: anonymizer, crowds)
    }
  }

  /// Takes in what was found until it is known beyond a frame's time, or the frame has waited for too long.
  private func learn(_ known: inout [Found], beyond frame: VideoFrame) {
    let end = frame.captureTime.advanced(bySeconds: Self.slack)
    let age = Date().timeIntervalSince1970 - Double(frame.arrivalTime.nanoseconds) / 1e9
    let deadline = ProcessInfo.processInfo.systemUptime + min(max(Self.patience - age, 0), Self.patience)
    while known.last.map({ $0.time <= end }) ?? true {
      let remaining = deadline - ProcessInfo.processInfo.systemUptime
      guard let next = found.pop(waitingAtMost: max(0, remaining)) else { return }
      var kept = next
      if kept.isUnchanged, let last = known.last { kept.detections = last.detections }
      known.append(kept)
    }
  }

  private func emit(
    _ frame: VideoFrame, knowing known: [Found], with anonymizer: Anonymizer,
    _ watch: Result<CrowdWatch?, any Error>
  ) {
    let size = frame.picture.size
    let window = known.filter { abs($0.time.seconds(since: frame.captureTime)) <= Self.slack }
    let nearest = window.min {
      abs($0.time.seconds(since: frame.captureTime)) < abs($1.time.seconds(since: frame.captureTime))
    }
    var persons: [ShownPerson] = []
    var evidence: FaceEvidence
    var crowds: [CrowdRegion] = []
    if let nearest {
      persons = nearest.identified.map { $0.scaled(from: nearest.size, to: size) }
      if let failure = window.lazy.compactMap(\.failure).first {
        evidence = .unavailable(reason: failure)
      } else {
        let detections = window.flatMap { found in
          found.detections.map { $0.scaled(from: found.size, to: size) }
        }
        evidence = .detected(detections)
        let inside: [[CrowdRegion]] = window.map { found in
          found.crowds.map { $0.scaled(from: found.size, to: size) }
        }
        crowds = Array(Set(inside.joined()))
        do {
          crowds +=
            try watch.get()?.look(
              at: frame.picture, time: frame.captureTime, known: detections, limit: Self.closeLooks) ?? []
        } catch { evidence = .unavailable(reason: "\(error)") }
      }
    } else {
      evidence = .unavailable(reason: "nothing is known from the sub-stream")
    }
    do {
      let covered = try anonymizer.anonymize(
        frame.picture, number: frame.number, captureTime: frame.captureTime, evidence: evidence,
        tracks: persons.map(\.track), crowds: crowds, showOnly: try shown(persons),
        annotations: drawsBoxes ? persons.compactMap(\.annotation) : [])
      state.withLock { figures in
        figures.frames += 1
        if covered.isWithheld { figures.withheld += 1 }
      }
      for sink in sinks { sink.take(covered, persons: persons) }
    } catch {
      state.withLock { $0.failure = "\(error)" }
    }
  }

  private func shown(_ persons: [ShownPerson]) throws(PrivacyError) -> ShowOnly? {
    guard let showOnly else { return nil }
    let tracks = persons.filter { $0.identity == showOnly.identity && $0.isSure }.map(\.track.id)
    return try ShowOnly(tracks: Set(tracks), reason: showOnly.reason)
  }
}

extension BoundingBox {
  /// The box in a picture of the same view and another size.
  fileprivate func scaled(from old: PictureSize, to new: PictureSize) -> BoundingBox {
    let horizontal = Double(new.width) / Double(max(1, old.width))
    let vertical = Double(new.height) / Double(max(1, old.height))
    return BoundingBox(
      x: x * horizontal, y: y * vertical, width: width * horizontal, height: height * vertical)
  }
}

extension CrowdRegion {
  fileprivate func scaled(from old: PictureSize, to new: PictureSize) -> CrowdRegion {
    scaled(
      Double(new.width) / Double(max(1, old.width)), Double(new.height) / Double(max(1, old.height)))
  }
}

extension Detection {
  fileprivate func scaled(from old: PictureSize, to new: PictureSize) -> Detection {
    var detection = self
    detection.box = box.scaled(from: old, to: new)
    return detection
  }
}

extension ShownPerson {
  fileprivate func scaled(from old: PictureSize, to new: PictureSize) -> ShownPerson {
    var person = self
    person.track.box = track.box.scaled(from: old, to: new)
    person.track.face = track.face?.scaled(from: old, to: new)
    return person
  }
}
