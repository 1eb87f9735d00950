import CGStreamer
import Imaging
import ThroughlineCore

/// The work of a source's thread from its start to its end.
struct SourceRun {
  private enum SessionEnd {
    case stopped
    case finished(SourceProblem?)
    case broken(SourceProblem, wantsOtherTransport: Bool)
  }

  /// How long the thread waits for a frame before it looks for messages and whether it shall stop.
  private static let pollInterval = 0.05
  /// A file that plays in real time and is later than this does not try to catch up.
  private static let greatestLag = 1.0
  /// Files come from disks: a silence of this length means a disk or a decoder that hangs, or a broken file whose error
  /// was lost.
  private var fileTimeout: Double { 2 * max(options.readTimeout, options.connectionTimeout) }

  private let core: SourceCore
  private let options: FrameSourceOptions
  private var timeline: FrameTimeline
  private var backoff: ReconnectBackoff
  private var number: UInt64 = 0
  private var isCut = false
  private var start: Timestamp?
  /// The uptime at which the file's time 0 was.
  private var anchor: Double?
  private var usesUDP: Bool
  private var warning: SourceProblem?
  /// Whether it was said that the camera's clock is wrong.
  private var hasWarnedOfClock = false
  /// How often the file was played to its end.
  private var plays = 0

  init(core: SourceCore) {
    self.core = core
    options = core.options
    timeline = FrameTimeline(recordedFrameRate: options.recordedFrameRate)
    backoff = options.backoff
    usesUDP = options.transport == .udp
  }

  mutating func work() {
    var attempts = 0
    while !core.stop.isSet {
      if number == 0 || core.address.isLive { core.report(SourceStatus(.connecting)) }
      let before = number
      switch session() {
      case .stopped:
        core.report(SourceStatus(.ended, problem: warning))
        return
      case .finished(let problem):
        warning = warning ?? problem
        plays += 1
        if !core.address.isLive { report(share: 0) }
        guard plays < options.loopCount, number > before else {
          core.report(SourceStatus(.ended, problem: warning))
          return
        }
        core.count { $0.loops += 1 }
        timeline.beginAgain()
        isCut = true
      case .broken(let problem, let wantsOtherTransport):
        guard core.address.isLive else {
          core.report(SourceStatus(Self.phase(for: problem, willRetry: false), problem: problem))
          return
        }
        core.count { $0.interruptions += 1 }
        isCut = number > 0
        if wantsOtherTransport, options.transport == .auto, !core.address.isSecure {
          usesUDP.toggle()
          // TCP was refused: UDP is tried at once; when that fails too, the next attempt waits like any other.
          if usesUDP { continue }
        }
        attempts += 1
        if number > before { backoff.reset() }
        if number == 0, let limit = options.maximumInitialAttempts, attempts >= limit {
          core.report(SourceStatus(Self.phase(for: problem, willRetry: false), problem: problem))
          return
        }
        let delay = Self.needsPerson(problem) ? backoff.longest() : backoff.next()
        core.report(
          SourceStatus(Self.phase(for: problem, willRetry: true), problem: problem, retryDelay: delay))
        core.stop.wait(seconds: delay)
      }
    }
    core.report(SourceStatus(.ended, problem: warning))
  }

  /// Whether a quick attempt is useless, since somebody must change something; quick ones with a wrong password lock
  /// some cameras.
  private static func needsPerson(_ problem: SourceProblem) -> Bool {
    switch problem.kind {
    case .unauthorised, .missingPlugin, .unsupported, .notVideo: true
    default: false
    }
  }

  private static func phase(for problem: SourceProblem, willRetry: Bool) -> SourceStatus.Phase {
    switch problem.kind {
    case .unauthorised: .unauthorised
    case .missingPlugin, .unsupported: .unsupported
    case .stalled: willRetry ? .stalled : .failed
    default: willRetry ? .connecting : .failed
    }
  }

  /// One play of the file or one connection to the camera.
  private mutating func session() -> SessionEnd {
    let address = core.address
    if let problem = SourceProblem.before(opening: address) {
      return .broken(problem, wantsOtherTransport: false)
    }
    let session: SourceSession
    do {
      session = try SourceSession(address, options: options, usesUDP: usesUDP)
    } catch {
      return .broken(.missing(error, source: address), wantsOtherTransport: false)
    }
    defer { session.end() }
    if case .rtsp = address { core.count { $0.usesUDP = usesUDP } }
    let droppedBefore = core.state.withLock { $0.statistics.dropped }
    var frames: UInt64 = 0
    var lastSign = StopSignal.uptime
    while true {
      if core.stop.isSet { return .stopped }
      switch session.next(waitingAtMost: Self.pollInterval) {
      case .frame(let picture, let streamTime, let frameRate, let taken):
        guard deliver(picture, streamTime: streamTime, frameRate: frameRate, taken: taken) else {
          return .stopped
        }
        if !address.isLive, let streamTime, let duration = session.duration {
          report(share: streamTime / duration)
        }
        if frames == 0 { core.report(SourceStatus(.live, problem: warning)) }
        frames += 1
        lastSign = StopSignal.uptime
        if address.isLive {
          let dropped = session.dropped
          if dropped > 0 { core.count { $0.dropped = max($0.dropped, droppedBefore + dropped) } }
        }
      case .unusable:
        core.count { $0.unusable += 1 }
        lastSign = StopSignal.uptime
      case .nothing:
        if let problem = silence(since: lastSign, hasFrames: frames > 0, session: session) {
          return .broken(problem, wantsOtherTransport: problem.kind == .timedOut && frames == 0)
        }
      case .end:
        return ended(frames: frames, session: session)
      case .failure(let failure):
        return failed(failure, frames: frames, session: session)
      case .missingPlugin(let detail, let name):
        if frames > 0 { continue }
        return .broken(
          .missingPlugin(name: name, detail: detail, source: address), wantsOtherTransport: false)
      }
    }
  }

  /// Tells how much of the present play is done, 0...1, as a share of all plays.
  private func report(share: Double) {
    let plays = Double(plays)
    let all = Double(max(1, options.loopCount))
    core.count { $0.share = min(max((plays + min(max(share, 0), 1)) / all, $0.share ?? 0), 1) }
  }

  private func silence(since lastSign: Double, hasFrames: Bool, session: SourceSession) -> SourceProblem? {
    let isLive = core.address.isLive
    let limit = !isLive ? fileTimeout : hasFrames ? options.readTimeout : options.connectionTimeout
    guard StopSignal.uptime - lastSign > limit else { return nil }
    if case .file(let path) = core.address {
      return SourceProblem(
        hasFrames ? .stalled : .notVideo, source: path,
        message: "gives no frame for \(Int(limit)) s; it is damaged or no video file, or its disk hangs")
    }
    return .silent(core.address, seconds: limit, hasFrames: hasFrames, progress: session.progress)
  }

  private func ended(frames: UInt64, session: SourceSession) -> SessionEnd {
    let address = core.address
    if address.isLive {
      let progress = session.progress
      if frames == 0, !progress.hasVideo, !progress.others.isEmpty {
        return .broken(.noVideo(address), wantsOtherTransport: false)
      }
      return .broken(
        SourceProblem(.closed, source: address.description, message: "the camera ended the connection"),
        wantsOtherTransport: false)
    }
    guard case .file(let path) = address else { return .finished(nil) }
    let isCutShort = ContainerCheck.isCutShort(path: path)
    guard frames > 0 else {
      let progress = session.progress
      if !progress.hasVideo, !progress.others.isEmpty {
        return .broken(.noVideo(address), wantsOtherTransport: false)
      }
      guard !isCutShort else {
        return .broken(
          SourceProblem(
            .truncated, source: path,
            message: "is cut short and cannot be played; copy or record the file again"),
          wantsOtherTransport: false)
      }
      return .broken(.noFrames(address), wantsOtherTransport: false)
    }
    return .finished(isCutShort ? .truncated(address, frames: frames, failure: nil) : nil)
  }

  private func failed(_ failure: PipelineFailure, frames: UInt64, session: SourceSession) -> SessionEnd {
    let address = core.address
    guard address.isLive else {
      if frames > 0, case .file(let path) = address {
        let isCutShort = ContainerCheck.isCutShort(path: path)
        return .finished(.truncated(address, frames: frames, failure: isCutShort ? nil : failure))
      }
      return .broken(
        .file(address, failure: failure, progress: session.progress), wantsOtherTransport: false)
    }
    let problem = SourceProblem.camera(
      address, failure: failure, options: options, hasFrames: frames > 0)
    // A camera that refuses the transport is said to have no stream that is supported.
    let mayBeTransport = problem.kind == .other || problem.kind == .unsupported
    return .broken(problem, wantsOtherTransport: frames == 0 && mayBeTransport)
  }

  /// - Returns: `false` where the source was stopped before the frame's time came.
  private mutating func deliver(
    _ picture: Picture, streamTime: Double?, frameRate: Double, taken: Timestamp?
  ) -> Bool {
    let capture: Timestamp
    let arrival: Timestamp
    if core.address.isLive {
      arrival = options.now()
      capture = cameraTime(taken: taken, arrival: arrival)
    } else {
      let time = timeline.fileTime(streamTime: streamTime, frameRate: frameRate)
      if options.pacing == .realTime, !wait(until: time) { return false }
      arrival = options.now()
      let begin =
        start ?? options.startTime ?? (options.pacing == .offline ? FrameSourceOptions.offlineEpoch : arrival)
      start = begin
      capture = begin.advanced(bySeconds: time)
    }
    number += 1
    let frame = VideoFrame(
      camera: core.camera, number: number, captureTime: capture, arrivalTime: arrival, picture: picture,
      isDiscontinuity: isCut)
    isCut = false
    core.count { $0.frames += 1 }
    core.consumer(frame)
    return true
  }

  /// When a camera's frame was taken: by its own clock where that can be right, else when it arrived.
  private mutating func cameraTime(taken: Timestamp?, arrival: Timestamp) -> Timestamp {
    let uptime = StopSignal.uptime
    guard let taken else { return timeline.arrivalTime(now: arrival, uptime: uptime) }
    let offset = taken.seconds(since: arrival)
    let isRight = abs(offset) <= options.clockTolerance
    core.count { statistics in
      statistics.clockOffset = offset
      if isRight { statistics.timedBySender += 1 }
    }
    guard isRight else {
      if !hasWarnedOfClock {
        hasWarnedOfClock = true
        core.report(SourceStatus(.live, problem: .wrongClock(core.address, offset: offset)))
      }
      return timeline.arrivalTime(now: arrival, uptime: uptime)
    }
    return timeline.senderTime(taken, now: arrival, uptime: uptime)
  }

  /// Waits until a time of the file has come. The first frame comes at once.
  private mutating func wait(until time: Double) -> Bool {
    let now = StopSignal.uptime
    guard let begin = anchor else {
      anchor = now - time
      return true
    }
    let lag = now - (begin + time)
    if lag > Self.greatestLag { anchor = now - time }
    return lag >= 0 ? !core.stop.isSet : !core.stop.wait(seconds: -lag)
  }
}
