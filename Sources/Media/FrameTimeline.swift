import ThroughlineCore

/// Gives the frames of a source their times, which rise from frame to frame whatever the source says.
struct FrameTimeline {
  /// A file's time goes on after its last frame when it begins again.
  private var offset = 0.0
  private var last: Double?
  private var step = 0.04
  private var framesInPlay = 0
  private let recordedFrameRate: Double?
  private var lastCapture: Timestamp?
  private var lastUptime = 0.0
  /// How much later than the camera's own clock the times are; `nil` while they are those of arrival.
  private var lag: Double?
  /// So many seconds of lag go in a second.
  private static let catchUp = 0.25

  init(recordedFrameRate: Double? = nil) {
    self.recordedFrameRate = recordedFrameRate.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
  }

  /// The file begins again from its first frame.
  mutating func beginAgain() {
    if let last { offset = last + step }
    framesInPlay = 0
  }

  /// The time of a file's next frame in seconds since the first play began.
  ///
  /// - Parameters:
  ///   - streamTime: the file's own time in seconds, where it has one.
  ///   - frameRate: what the file says about its rate; 0 for nothing.
  mutating func fileTime(streamTime: Double?, frameRate: Double) -> Double {
    let nominal = recordedFrameRate.map { 1 / $0 } ?? (frameRate > 0 ? 1 / frameRate : 0.04)
    let own: Double
    if recordedFrameRate != nil {
      own = Double(framesInPlay) * nominal
    } else if let streamTime, streamTime.isFinite {
      own = max(0, streamTime)
    } else {
      own = Double(framesInPlay) * nominal
    }
    framesInPlay += 1
    var time = offset + own
    if let last {
      if time <= last { time = last + min(nominal, 0.001) }
      step = min(max(time - last, 0.001), 1)
    } else {
      step = nominal
    }
    last = time
    return time
  }

  /// The capture time of a camera's frame that arrives now. When the wall clock is set back, time goes on from where
  /// it was.
  ///
  /// - Parameters:
  ///   - now: the wall clock.
  ///   - uptime: seconds of a clock that nobody sets.
  mutating func arrivalTime(now: Timestamp, uptime: Double) -> Timestamp {
    lag = nil
    var time = now
    if let lastCapture, now <= lastCapture {
      time = lastCapture.advanced(bySeconds: max(uptime - lastUptime, 1e-6))
    }
    lastCapture = time
    lastUptime = uptime
    return time
  }

  /// The capture time of a camera's frame by the camera's own clock.
  ///
  /// Its first report comes some seconds after its first frame, and what was the time of arrival until then was late by
  /// what the way takes. The difference is given up little by little, so that nobody seems to stand still or to jump.
  ///
  /// - Parameters:
  ///   - taken: the camera's time of the frame.
  ///   - now: the wall clock.
  ///   - uptime: seconds of a clock that nobody sets.
  mutating func senderTime(_ taken: Timestamp, now: Timestamp, uptime: Double) -> Timestamp {
    if let known = lag {
      lag = max(0, known - Self.catchUp * max(0, uptime - lastUptime))
    } else if let lastCapture {
      let arrival = max(now, lastCapture.advanced(bySeconds: max(uptime - lastUptime, 1e-6)))
      lag = max(0, arrival.seconds(since: taken))
    } else {
      lag = 0
    }
    var time = taken.advanced(bySeconds: lag ?? 0)
    if let lastCapture, time <= lastCapture { time = lastCapture.advanced(bySeconds: 1e-6) }
    lastCapture = time
    lastUptime = uptime
    return time
  }
}
