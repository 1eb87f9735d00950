import Configuration
import Foundation
import Logging
import Media
import Synchronization
import ThroughlineCore

/// Runs the main job for a while and measures it, then decoding, encoding (where cameras are recorded) and the models
/// alone.
public final class StreamBenchmark: Sendable {
  private let settings: PipelineSettings
  private let networks: PipelineNetworks
  private let pipeline: PipelineRun
  private let files: [String]
  private let isStopped = Mutex(false)

  /// How long decoding alone is measured at most, in seconds.
  private static let decodingSeconds = 10.0
  /// How long each model alone is measured, in seconds.
  private static let modelSeconds = 2.0

  /// Prepares a measurement.
  ///
  /// - Parameters:
  ///   - configuration: the run, with its cameras.
  ///   - files: the cameras' files, also where the cameras themselves are network addresses.
  public init(configuration: Configuration, files: [String]) throws {
    let environment = ProcessInfo.processInfo.environment
    settings = try PipelineSettings(configuration, environment: environment)
    networks = try NetworkLoader(directory: settings.modelDirectory, environment: environment).load(settings)
    var logger = Logger(label: "throughline.bench")
    logger.logLevel = .init(rawValue: configuration.text("log.level") ?? "") ?? .warning
    pipeline = try PipelineRun(settings: settings, networks: networks, logger: logger)
    self.files = files
  }

  /// Ends the measurement early; the report covers what was measured.
  public func stop() { isStopped.withLock { $0 = true } }

  /// Measures. Blocks the thread.
  ///
  /// - Parameters:
  ///   - warmUp: seconds that are run and not measured.
  ///   - seconds: seconds that are measured.
  ///   - progress: called a few times a second with the share that is done and a note.
  public func run(
    warmUp: Double, seconds: Double, progress: (Double, String) -> Void
  ) throws -> StreamReport {
    let models = (networks.hasSmallInput ? 5 : 3) * Self.modelSeconds
    let total = warmUp + seconds + min(Self.decodingSeconds, seconds) + models
    pipeline.start()
    wait(warmUp) { progress($0 / total, "warming up") }
    let threads = ThreadUsage()
    pipeline.resetFigures()
    let before = pipeline.figures
    let usage = ProcessUsage.complete()
    let began = ProcessInfo.processInfo.systemUptime
    var memory: [Int] = []
    wait(seconds) { elapsed in
      threads.sample()
      memory.append(ProcessUsage.complete().memory)
      progress((warmUp + elapsed) / total, "all stages")
    }
    threads.sample()
    let elapsed = ProcessInfo.processInfo.systemUptime - began
    let usageAfter = ProcessUsage.complete()
    let allocator = AllocatorUse.now()
    let after = pipeline.figures
    pipeline.stop()
    let summary = pipeline.wait()

    progress((warmUp + seconds) / total, "decoding alone")
    let decoding = try measureDecoding(seconds: min(Self.decodingSeconds, seconds))
    let encoding = try Self.measureEncoding(settings, file: files[0])
    progress((total - models) / total, "models alone")
    let modelPerRun = try networks.measureAlone(seconds: Self.modelSeconds)
    return StreamReport(
      before: before, after: after, elapsed: elapsed,
      processorTime: usageAfter.processorTime - usage.processorTime, threads: threads.byName,
      memory: memory, usage: usageAfter, allocator: allocator, decodingPerFrame: decoding,
      encodingPerFrame: encoding, modelPerRun: modelPerRun, choices: networks.choices,
      warnings: summary.warnings)
  }

  private func wait(_ seconds: Double, _ tick: (Double) -> Void) {
    let began = ProcessInfo.processInfo.systemUptime
    while !isStopped.withLock({ $0 }) {
      let elapsed = ProcessInfo.processInfo.systemUptime - began
      guard elapsed < seconds else { return }
      tick(elapsed)
      usleep(UInt32(min(0.5, seconds - elapsed) * 1e6) + 1000)
    }
  }

  /// Seconds of processor time that decoding one frame costs, with all files at once and in real time.
  private func measureDecoding(seconds: Double) throws -> Double {
    let count = Mutex(0)
    let sources = try files.enumerated().map { index, file in
      var options = FrameSourceOptions()
      options.loopCount = 1_000_000
      return FrameSource(
        camera: CameraName(sanitizing: "floor\(index)"), address: try SourceAddress(parsing: file),
        options: options, consumer: { _ in count.withLock { $0 += 1 } })
    }
    for source in sources { source.start() }
    wait(1) { _ in }
    let before = (count.withLock { $0 }, ProcessUsage.now().processorTime)
    wait(seconds) { _ in }
    let after = (count.withLock { $0 }, ProcessUsage.now().processorTime)
    for source in sources { source.stop() }
    return (after.1 - before.1) / Double(max(1, after.0 - before.0))
  }
}
