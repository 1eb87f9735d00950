import ArgumentParser
import Configuration
import Foundation
import Pipeline
import ThroughlineCore

/// The main job on several streams at once, with the floors that nobody gets below.
struct BenchStreams: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "streams",
    abstract:
      "Run the main job on several cameras and say what each part costs, and what decoding and models alone do.",
    usage: "throughline bench streams FILE... [--cameras N] [--seconds S] [--rtsp] [--json FILE] [FLAGS]",
    discussion: """
      The files play in a loop and in real time, one camera after the other, as often as there are cameras. With --rtsp \
      they are served by a second process and read as network cameras. Events are written, pictures are covered; nothing \
      is recorded unless --record says so. At the end decoding alone and the models alone are measured, so that the \
      overhead is a ratio within one run. All flags of 'throughline run' are understood.

      Delays count from the moment at which a decoded frame is handed over.
      """)

  @Option(help: "How many cameras; the files are used in turns. Without it one per file.") var cameras: Int?
  @Option(help: "How many seconds are measured, after a warm-up.") var seconds = 60.0
  @Option(help: "How many seconds run before that.") var warmUp = 8.0
  @Flag(help: "Read the files over RTSP from a second process.") var rtsp = false
  @Option(help: ArgumentHelp("Write all figures to this file as JSON.", valueName: "file")) var json: String?
  @OptionGroup var settings: SettingsArguments

  func run() throws {
    var configuration = try settings.load(needsSources: true)
    let files = configuration.cameras.map(\.source)
    let count = cameras ?? files.count
    guard (1...64).contains(count), seconds >= 1, seconds <= 86_400, (0...600).contains(warmUp) else {
      throw CommandFailure.usage("--cameras is 1 to 64, --seconds 1 to 86400 and --warm-up 0 to 600")
    }
    for file in files where !FileManager.default.isReadableFile(atPath: file) {
      throw CommandFailure.usage("'\(file)' is no file that can be read; bench streams plays video files")
    }
    let used = (0..<count).map { files[$0 % files.count] }
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "throughline-bench-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }

    let server = rtsp ? try ReplayProcess(files: used) : nil
    defer { server?.stop() }
    let addresses = server?.addresses ?? used
    configuration.removeCameras()
    var arguments = zip(1..., addresses).map { "cam\($0)=\($1)" } + ["--loop", "1000000"]
    if configuration.text("output.events") == nil {
      arguments += ["--events", folder.appending(path: "events.jsonl").path]
    }
    do { try configuration.read(arguments: arguments) } catch { throw CommandFailure.usage("\(error)") }

    let benchmark: StreamBenchmark
    do { benchmark = try StreamBenchmark(configuration: configuration, files: used) } catch let error
      as PipelineError
    {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { throw CommandFailure.failed("\(error)") }
    let signals = SignalWatcher { benchmark.stop() }
    defer { signals.cancel() }
    let bar = ProgressBar(title: "measuring")
    let report: StreamReport
    do {
      report = try benchmark.run(warmUp: warmUp, seconds: seconds) { bar.show(fraction: $0, note: $1) }
    } catch { throw CommandFailure.failed("\(error)") }
    bar.finish(note: "done")
    print(report.table)
    try ReportFile.write(report, to: json)
  }
}
