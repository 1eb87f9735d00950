import ArgumentParser
import Configuration
import Foundation
import Pipeline

/// Each stage alone.
struct BenchStages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages",
    abstract: "Measure each stage alone on the frames of a video, with the memory that it takes per frame.",
    usage: "throughline bench stages FILE [--frames N] [--json FILE] [FLAGS]",
    discussion: """
      Decodes the first frames of the video once, then runs every stage on them on one thread: median and 95th percentile \
      of its time, processor time per run, and how many calls of the allocator and bytes a run costs in the steady state.
      """)

  @Option(help: "How many frames, at most 300: they all lie in memory.") var frames = 60
  @Option(help: ArgumentHelp("Write all figures to this file as JSON.", valueName: "file")) var json: String?
  @OptionGroup var settings: SettingsArguments

  func run() throws {
    let configuration = try settings.load(needsSources: true)
    guard (2...300).contains(frames), configuration.cameras.count == 1 else {
      throw CommandFailure.usage("bench stages takes one file, and --frames is 2 to 300")
    }
    let bar = ProgressBar(title: "measuring")
    let report: StageReport
    do {
      report = try StageBenchmark(configuration: configuration).run(frames: frames) {
        bar.show(fraction: $0, note: $1)
      }
    } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { throw CommandFailure.failed("\(error)") }
    bar.finish(note: "done")
    print(report.table)
    try ReportFile.write(report, to: json)
  }
}
