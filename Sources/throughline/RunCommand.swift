import ArgumentParser
import Configuration
import Foundation
import Logging
import Pipeline
import Synchronization

/// The main job.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Follow every person through all cameras: find, track, recognise, cover faces, write results.",
    usage: "throughline run SOURCE... [--config FILE] [--record DIR] [--events FILE] [--report FILE] [FLAGS]",
    discussion: """
      A source is a video file, a folder of videos, rtsp://..., rtsps://... or /dev/videoN; NAME=SOURCE names its \
      camera. Files play in real time as cameras do; --offline reads them as fast as possible and drops nothing. \
      Ctrl-C ends the run and writes everything that was found.

      Flags (every key of the configuration file is one):

      \(SettingsArguments.flagsHelp)
      """)

  @OptionGroup var settings: SettingsArguments

  func run() throws {
    let configuration = try settings.load(needsSources: true)
    let logger = ProgramLog.make(level: configuration.text("log.level") ?? "warning")
    let settings: PipelineSettings
    let run: PipelineRun
    let cache: CacheWriter?
    do {
      settings = try PipelineSettings(configuration, environment: ProcessInfo.processInfo.environment)
      let loader = try NetworkLoader(
        directory: settings.modelDirectory, environment: ProcessInfo.processInfo.environment)
      let networks = try loader.load(settings)
      let writer = try settings.outputs.cache.map {
        try CacheWriter(
          path: $0, cameras: settings.cameras.map(\.name),
          network: .init(
            network: networks.embedder.network.name, version: networks.embedder.network.version))
      }
      cache = writer
      var observer: (@Sendable (FrameObservation) -> Void)?
      if let writer { observer = { writer.write($0) } }
      for choice in networks.choices { Console.write("throughline: \(choice)") }
      run = try PipelineRun(settings: settings, networks: networks, logger: logger, observer: observer)
    } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure.failed("\(error)")
    }
    if settings.gallery.file == nil {
      Console.write("throughline: the gallery is in memory and ends with this run; --gallery FILE keeps it")
    }
    if let notice = settings.deletionNotice { Console.write("throughline: \(notice)") }
    let signals = SignalWatcher { run.stop() }
    defer { signals.cancel() }
    run.start()
    let progress = ProgressWatcher(run, isOffline: settings.isOffline)
    var summary = run.wait()
    progress.finish()
    if let cache, let path = settings.outputs.cache {
      if let failure = cache.finish() { summary.warnings.append(failure) }
      summary.outputs.append("detections and embeddings: \(path)")
    }
    print(to: settings, summary: summary)
    let everyoneFailed = summary.cameras.allSatisfy { $0.framesOut == 0 } && !run.wasStopped
    if everyoneFailed { throw ExitCode(1) }
  }

  /// The summary goes to standard output, unless the events are there.
  private func print(to settings: PipelineSettings, summary: RunSummary) {
    var lines = summary.warnings.map { "warning: \($0)" }
    lines.append(summary.table)
    // Offline the networks never wait, so that their figures say nothing of a run.
    if !settings.isOffline, !summary.networkTable.isEmpty { lines += ["", summary.networkTable] }
    if !summary.wayTable.isEmpty { lines += ["", summary.wayTable] }
    lines += summary.outputs.map { "wrote \($0)" }
    let text = lines.joined(separator: "\n")
    if settings.outputs.events == "-" { Console.write(text) } else { Swift.print(text) }
  }
}
