import ArgumentParser
import Configuration
import Foundation
import Pipeline
import ThroughlineCore

/// The main job for a long time, with cameras that die.
struct BenchSoak: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract:
      "Run the main job on RTSP cameras for a long time, kill one of them again and again, and see that all is well.",
    usage:
      "throughline bench soak FILE... [--cameras N] [--seconds S] [--kill-every S] [--json FILE] [FLAGS]",
    discussion: """
      Each camera is a file served by a process of its own, in a loop. In turns one of them is killed and started again a \
      little later. At the end every camera must deliver frames, and memory, threads and open files must not have grown \
      from the first third of the time to the last; otherwise the command ends with 1. All flags of 'throughline run' are \
      understood.
      """)

  @Option(help: "How many cameras; the files are used in turns. Without it one per file.") var cameras: Int?
  @Option(help: "For how many seconds.") var seconds = 3600.0
  @Option(help: "After how many seconds the next camera is killed.") var killEvery = 60.0
  @Option(
    help: "Seconds at the beginning that are not judged. Without it a sixth of the time, ten minutes at most."
  )
  var warmUp: Double?
  @Option(help: "By how much memory may grow, in percent.") var growth = 2.0
  @Option(help: ArgumentHelp("Write all figures to this file as JSON.", valueName: "file")) var json: String?
  @OptionGroup var settings: SettingsArguments

  func run() throws {
    var configuration = try settings.load(needsSources: true)
    let files = configuration.cameras.map(\.source)
    let count = cameras ?? files.count
    guard (1...64).contains(count), (10...604_800).contains(seconds), killEvery >= 3, growth >= 0,
      (0...seconds / 2).contains(warmUp ?? 0)
    else {
      throw CommandFailure.usage(
        "--cameras is 1 to 64, --seconds 10 to 604800, --kill-every 3 or more, --warm-up at most half of --seconds, "
          + "--growth not below 0")
    }
    var servers = try (0..<count).map { try ReplayProcess(files: [files[$0 % files.count]]) }
    defer { for server in servers { server.stop() } }
    let ports = servers.map(\.port)
    configuration.removeCameras()
    do {
      try configuration.read(
        arguments: zip(1..., servers).map { "cam\($0)=\($1.addresses.first ?? "")" })
    } catch { throw CommandFailure.usage("\(error)") }
    let test: SoakTest
    do { test = try SoakTest(configuration: configuration) } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { throw CommandFailure.failed("\(error)") }
    let signals = SignalWatcher { test.stop() }
    defer { signals.cancel() }
    let bar = ProgressBar(title: "soaking")
    let report: SoakReport
    do {
      report = try test.run(
        seconds: seconds, killEvery: killEvery, warmUp: warmUp, growth: growth / 100,
        kill: { servers[$0 % count].kill() },
        revive: { victim in
          let index = victim % count
          servers[index] = try ReplayProcess(files: [files[index % files.count]], port: ports[index])
        }, progress: { bar.show(fraction: $0, note: $1) })
    } catch { throw CommandFailure.failed("\(error)") }
    bar.finish(note: "done")
    print(report.text)
    try ReportFile.write(report, to: json)
    if !report.problems.isEmpty { throw ExitCode(1) }
  }
}
