import Inference
import ThroughlineCore

/// What a run has measured so far. Times are in seconds.
public struct RunFigures: Sendable, Hashable, Codable {
  /// One camera's figures.
  public struct Camera: Sendable, Hashable, Codable {
    /// The camera.
    public var name: CameraName
    /// Frames that came out of the decoder.
    public var framesIn = 0
    /// Frames that a lane has taken to its end.
    public var processed = 0
    /// Frames on which the detectors ran.
    public var detected = 0
    /// Detections of these on a smaller picture, because the processor was too busy.
    public var detectedSmall = 0
    /// Frames in which nothing had moved, so that the detectors were left out.
    public var unchanged = 0
    /// Frames that went out.
    public var framesOut = 0
    /// Frames that were lost because we were late.
    public var dropped = 0
    /// Detections that were given up because the processor was too busy.
    public var givenUp = 0
    /// Frames that went out covered as a whole.
    public var withheld = 0
    /// Frames of the main stream that came and went out, where persons are found in a sub-stream.
    public var main: MainStream?
    /// What its recording has of them; missing where the camera is not recorded by itself.
    public var recording: Recording?
    /// Times at which the source broke off.
    public var interruptions = 0
    /// How many of the camera's streams are read by UDP, with sockets of their own.
    public var streamsByUDP = 0
    /// What is wrong with the picture itself: `good`, `frozen`, `black`.
    public var condition = MotionGate.Condition.good.rawValue
    /// For how many seconds the picture was frozen or black, by condition.
    public var conditionSeconds: [String: Double] = [:]
    /// Frames whose time is that of the camera's own clock.
    public var timedBySender = 0
    /// How far the camera's clock is ahead of this machine's at a frame's arrival; missing where it tells no time.
    public var clockOffset: Double?
    /// From a frame's arrival to its detection.
    public var toDetection: DelayFigures
    /// From a frame's arrival to its identity event.
    public var toEvent: DelayFigures
    /// From a frame's arrival to its output.
    public var toOutput: DelayFigures
  }

  /// The figures of a main stream that is recorded while persons are found in a sub-stream.
  public struct MainStream: Sendable, Hashable, Codable {
    /// Frames that came out of the decoder.
    public var framesIn: Int
    /// Frames that went out.
    public var framesOut: Int
    /// Frames that were lost because we were late.
    public var dropped: Int
    /// Frames that went out covered as a whole.
    public var withheld: Int
  }

  /// The figures of a camera's recording.
  public struct Recording: Sendable, Hashable, Codable {
    /// Frames that were encoded.
    public var frames: Int
    /// Frames that are missing because the encoder was late.
    public var dropped: Int
  }

  /// One network's figures.
  public struct Network: Sendable, Hashable, Codable {
    /// The scheduler's name of it.
    public var name: String
    /// Finished runs.
    public var runs: UInt64
    /// Runs refused or given up.
    public var dropped: UInt64
    /// Waiting for a slot: median.
    public var waitP50: Double
    /// Waiting for a slot: 95th percentile.
    public var waitP95: Double
    /// Waiting for a slot: 99th percentile.
    public var waitP99: Double
    /// Running: median.
    public var runP50: Double
    /// Running: 95th percentile.
    public var runP95: Double
    /// Running: 99th percentile.
    public var runP99: Double
    /// Runs in a row before another network had its turn: median.
    public var batchP50: Double
    /// Runs in a row: the most.
    public var batchMaximum: Double
    /// Processor time of all runs.
    public var processorTime: Double

    init(_ statistics: NetworkStatistics) {
      name = statistics.name
      runs = statistics.runs
      dropped = statistics.refused + statistics.expired
      waitP50 = statistics.waitMedian
      waitP95 = statistics.waitPercentile95
      waitP99 = statistics.waitPercentile99
      runP50 = statistics.runMedian
      runP95 = statistics.runPercentile95
      runP99 = statistics.runPercentile99
      batchP50 = statistics.batchMedian
      batchMaximum = statistics.batchMaximum
      processorTime = statistics.processorTime
    }
  }

  /// The cameras in the order of the run.
  public var cameras: [Camera]
  /// The networks.
  public var networks: [Network]
  /// Processor time of the lanes by what it was spent on: `motion`, `detect` (the networks included), `track`, `looks`
  /// (the re-ID network included), `warp` (on the sources' threads).
  public var laneSeconds: [String: Double]
  /// How often quality fell.
  public var qualityFalls: Int
  /// For how many seconds each step of quality was in force, from full to least.
  public var qualitySeconds: [String: Double]
}

extension PipelineRun {
  /// What was measured so far; may be asked at any time.
  public var figures: RunFigures {
    let cameras = settings.cameras.compactMap { camera -> RunFigures.Camera? in
      guard let lane = lanes.first(where: { $0.camera == camera.name }), let meter = meters[camera.name],
        let output = outputs[camera.name], let source = sources[camera.name]
      else { return nil }
      let (done, statistics) = (lane.figures, source.statistics)
      var figures = RunFigures.Camera(
        name: camera.name, toDetection: meter.detection, toEvent: meter.event, toOutput: meter.output)
      figures.framesIn = Int(statistics.frames)
      figures.processed = done.frames
      figures.detected = done.detected
      figures.detectedSmall = done.detectedSmall
      figures.unchanged = done.unchanged
      figures.givenUp = done.givenUp
      figures.framesOut = output.figures.frames
      figures.withheld = output.figures.withheld
      figures.dropped =
        Int(lane.frames.dropped) + output.dropped + Int(statistics.dropped)
        + (lenses[camera.name]?.figures.dropped ?? 0)
      figures.interruptions = Int(statistics.interruptions)
      figures.streamsByUDP = streamsByUDP(of: camera.name)
      figures.main = mainFigures(of: camera.name)
      figures.recording = recordings?.figures(of: camera.name)
      figures.condition = done.condition.rawValue
      figures.conditionSeconds = Dictionary(
        uniqueKeysWithValues: done.conditionSeconds.map { ($0.key.rawValue, $0.value) })
      figures.timedBySender = Int(statistics.timedBySender)
      figures.clockOffset = statistics.clockOffset
      return figures
    }
    var seconds: [String: Double] = [:]
    for stage in LaneStage.allCases {
      seconds["\(stage)"] = meters.values.reduce(0) { $0 + $1.seconds(of: stage) }
    }
    let quality = monitor?.figures
    var levels: [String: Double] = [:]
    for level in QualityController.Level.allCases {
      levels["\(level)"] = quality?.seconds[level.rawValue] ?? 0
    }
    return RunFigures(
      cameras: cameras, networks: networks.scheduler.statistics().map(RunFigures.Network.init),
      laneSeconds: seconds, qualityFalls: quality?.falls ?? 0, qualitySeconds: levels)
  }

  /// How many streams of all cameras are read by UDP; cheap.
  var streamsByUDP: Int { settings.cameras.reduce(0) { $0 + streamsByUDP(of: $1.name) } }

  private func streamsByUDP(of camera: CameraName) -> Int {
    [sources[camera], mainSources[camera]].count { $0?.statistics.usesUDP == true }
  }

  private func mainFigures(of camera: CameraName) -> RunFigures.MainStream? {
    guard let lane = mainLanes[camera], let source = mainSources[camera] else { return nil }
    let (done, statistics) = (lane.figures, source.statistics)
    return RunFigures.MainStream(
      framesIn: Int(statistics.frames), framesOut: done.frames,
      dropped: Int(lane.frames.dropped) + Int(statistics.dropped)
        + (mainLenses[camera]?.figures.dropped ?? 0), withheld: done.withheld)
  }

  /// Forgets the delays and processor times measured so far, for a measurement that begins when everything runs.
  public func resetFigures() { for meter in meters.values { meter.reset() } }
}
