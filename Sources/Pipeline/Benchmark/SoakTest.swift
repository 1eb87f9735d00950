import Configuration
import Foundation
import Logging
import Synchronization
import ThroughlineCore

/// What a long run with dying cameras has shown.
public struct SoakReport: Sendable, Codable {
  /// A look at the process.
  public struct Sample: Sendable, Codable {
    /// Seconds since the beginning.
    public var seconds: Double
    /// Resident memory in bytes.
    public var memory: Int
    /// Threads.
    public var threads: Int
    /// Open files.
    public var files: Int
  }

  /// How long it ran, in seconds.
  public var elapsed = 0.0
  /// How often a camera was killed.
  public var kills = 0
  /// The cameras' figures.
  public var cameras: [RunFigures.Camera] = []
  /// Looks at the process, in order.
  public var samples: [Sample] = []
  /// What is not as it should be, one line each.
  public var problems: [String] = []

  /// The median of a figure over a part of the time, given in shares of it.
  func median(_ figure: (Sample) -> Int, from: Double, to: Double) -> Int {
    let values = samples.filter { $0.seconds >= from * elapsed && $0.seconds <= to * elapsed }.map(figure)
      .sorted()
    return values.isEmpty ? 0 : values[values.count / 2]
  }

  /// Compares the last third with the middle one; the first one fills caches and pools.
  mutating func judge(growth: Double, framesBefore: [Int]) {
    for (name, allowed, figure) in [
      ("memory", growth, { $0.memory }), ("the number of threads", 0.1, { $0.threads }),
      ("the number of open files", 0.1, { $0.files }),
    ] as [(String, Double, (Sample) -> Int)] {
      let (early, late) = (median(figure, from: 0.33, to: 0.66), median(figure, from: 0.66, to: 1))
      if Double(late) > Double(early) * (1 + allowed) + 2 {
        problems.append("\(name) has grown from \(early) to \(late)")
      }
    }
    for (camera, before) in zip(cameras, framesBefore) where camera.framesOut <= before {
      problems.append("\(camera.name) delivers no frames at the end")
    }
  }

  /// The figures as text.
  public var text: String {
    var rows = [["camera", "in", "out", "dropped", "withheld", "interruptions"]]
    for camera in cameras {
      rows.append([
        camera.name.rawValue, "\(camera.framesIn)", "\(camera.framesOut)", "\(camera.dropped)",
        "\(camera.withheld)", "\(camera.interruptions)",
      ])
    }
    var lines = StreamReport.aligned(rows)
    lines.append(String(format: "%.0f s, %d cameras killed", elapsed, kills))
    for (name, shift, figure) in [
      ("memory, MiB", 20, { $0.memory }), ("threads", 0, { $0.threads }), ("open files", 0, { $0.files }),
    ] as [(String, Int, (Sample) -> Int)] {
      let thirds = [(0, 0.33), (0.33, 0.66), (0.66, 1)].map { median(figure, from: $0.0, to: $0.1) >> shift }
      lines.append("\(name), median of each third: \(thirds.map(String.init).joined(separator: ", "))")
    }
    lines += problems.map { "PROBLEM: \($0)" }
    if problems.isEmpty { lines.append("nothing has grown, all cameras are alive") }
    return lines.joined(separator: "\n")
  }
}

/// Runs the main job for a long time while somebody kills cameras.
public final class SoakTest: Sendable {
  private let pipeline: PipelineRun
  private let isStopped = Mutex(false)

  /// So long a killed camera stays away, in seconds.
  private static let absence = 1.5
  /// So long before the end nobody is killed any more, in seconds.
  private static let calm = 12.0

  /// Prepares a run.
  public init(configuration: Configuration) throws {
    let environment = ProcessInfo.processInfo.environment
    let settings = try PipelineSettings(configuration, environment: environment)
    let networks = try NetworkLoader(directory: settings.modelDirectory, environment: environment).load(
      settings)
    var logger = Logger(label: "throughline.soak")
    logger.logLevel = .error
    pipeline = try PipelineRun(settings: settings, networks: networks, logger: logger)
  }

  /// Ends the run early; what was seen until then is judged.
  public func stop() { isStopped.withLock { $0 = true } }

  /// Runs. Blocks the thread.
  ///
  /// - Parameters:
  ///   - seconds: for how long.
  ///   - killEvery: seconds between two kills.
  ///   - growth: by what share memory may grow.
  ///   - kill: ends a camera, by a number that counts up.
  ///   - revive: starts the same camera again.
  ///   - progress: called once a second.
  public func run(
    seconds: Double, killEvery: Double, growth: Double, kill: (Int) -> Void, revive: (Int) throws -> Void,
    progress: (Double, String) -> Void
  ) throws -> SoakReport {
    var report = SoakReport()
    pipeline.start()
    let began = ProcessInfo.processInfo.systemUptime
    var victim: Int?
    var nextKill = killEvery
    var framesBefore: [Int] = []
    while !isStopped.withLock({ $0 }) {
      let elapsed = ProcessInfo.processInfo.systemUptime - began
      report.elapsed = elapsed
      guard elapsed < seconds else { break }
      let usage = ProcessUsage.complete()
      report.samples.append(
        .init(seconds: elapsed, memory: usage.memory, threads: usage.threads, files: usage.files))
      if let current = victim, elapsed >= nextKill + Self.absence {
        try revive(current)
        victim = nil
        nextKill += killEvery
      } else if victim == nil, elapsed >= nextKill, elapsed < seconds - Self.calm {
        kill(report.kills)
        victim = report.kills
        report.kills += 1
      }
      if framesBefore.isEmpty, elapsed > seconds - 3 {
        framesBefore = pipeline.figures.cameras.map(\.framesOut)
      }
      progress(elapsed / seconds, "\(usage.memory >> 20) MiB, \(report.kills) killed")
      usleep(500_000)
    }
    report.cameras = pipeline.figures.cameras
    report.judge(growth: growth, framesBefore: framesBefore)
    pipeline.stop()
    _ = pipeline.wait()
    return report
  }
}
