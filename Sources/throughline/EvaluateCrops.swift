import ArgumentParser
import Evaluation
import Foundation
import ThroughlineCore

/// What the crops of a recording are worth: how many people pass the quality rules, and why they matter.
struct EvaluateCrops: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crops",
    abstract: "Measure the crops of a cache: how many are worth an embedding, and what their quality says.",
    discussion: """
      With --truth CAMERA=FILE, crops are matched with people, and for each band of quality the separation of \
      looks of one person from looks of two is printed: the area under the ROC curve, 50 for a coin, 100 at best.
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Caches that 'throughline run --cache' wrote, or directories.", valueName: "file"))
  var cache: [String]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Ground truth, MOT text, as CAMERA=FILE.", valueName: "camera=file"))
  var truth: [String] = []

  @Option(help: "standard: overlap of 0.5. pets: overlap of 0.3 or nearly the same foot point.")
  var rule = EvaluateCommand.Rule.standard

  @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file"))
  var json: String?

  func run() throws {
    let contents = try CacheFiles.read(cache)
    var labels: [CameraName: [MOTEntry]] = [:]
    for text in truth {
      let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2 else { throw CommandFailure.usage("'--truth \(text)' is not CAMERA=FILE") }
      labels[CameraName(sanitizing: sides[0])] = try EvaluateCommand.Files.read(sides[1])
        .filter { $0.score != 0 }
    }
    let report = CropReport(observations: contents.cameras, truth: labels, rule: rule.matching)
    print(report.table, terminator: "")
    try ReportFile.write(report, to: json)
  }
}
