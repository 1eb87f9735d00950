import Configuration
import Foundation
import Logging
import Synchronization
import ThroughlineCore

/// Runs the main job for a long time while somebody kills cameras.
public final class SoakTest: Sendable {
  private let pipeline: PipelineRun
  private let isStopped = Mutex(false)

  /// So long a killed camera stays away, in seconds.
  private static let absence = 1.5
  /// After so many seconds the allocator is asked again.
  private static let allocatorInterval = 10.0
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
  ///   - warmUp: seconds at the beginning in which things may grow; `nil` for a sixth of the time, ten minutes at most.
  ///   - growth: by what share memory may grow after that.
  ///   - kill: ends a camera, by a number that counts up.
  ///   - revive: starts the same camera again.
  ///   - progress: called once a second.
  public func run(
    seconds: Double, killEvery: Double, warmUp: Double? = nil, growth: Double, kill: (Int) -> Void,
    revive: (Int) throws -> Void,
    progress: (Double, String) -> Void
  ) throws -> SoakReport {
    var report = SoakReport()
    pipeline.start()
    let began = ProcessInfo.processInfo.systemUptime
    var victim: Int?
    var nextKill = killEvery
    var framesBefore: [Int] = []
    var nextAllocatorLook = 0.0
    while !isStopped.withLock({ $0 }) {
      let elapsed = ProcessInfo.processInfo.systemUptime - began
      report.elapsed = elapsed
      guard elapsed < seconds else { break }
      let usage = ProcessUsage.complete()
      var sample = SoakReport.Sample(
        seconds: elapsed, memory: usage.memory, fileMemory: usage.fileMemory, threads: usage.threads,
        files: usage.files, streamsByUDP: pipeline.streamsByUDP)
      if elapsed >= nextAllocatorLook {
        sample.allocator = .now()
        nextAllocatorLook = elapsed + Self.allocatorInterval
      }
      report.samples.append(sample)
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
    report.warmUp = min(warmUp ?? GrowthJudge.warmUp(of: report.elapsed), report.elapsed / 2)
    report.judge(growth: growth, framesBefore: framesBefore)
    pipeline.stop()
    _ = pipeline.wait()
    return report
  }
}
