import ArgumentParser
import Evaluation
import Foundation
import ThroughlineCore
import Tracking

/// Each camera for itself.
struct EvaluateTracking: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tracking", abstract: "Measure each camera for itself.",
    discussion: """
      With --results: how good MOT files are. With --detections: MOT files of detections are replayed through \
      Throughline's tracker and the reference's, side by side, with --results of other trackers beside them.
      """)

  @OptionGroup var files: EvaluateCommand.Files

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Replay these detections, one MOT text file for each of --truth, in the same order.", valueName: "file")
  )
  var detections: [String] = []

  @Option(help: "Frames per second of the detections.")
  var frameRate = 25.0

  @Option(help: "The highest score in the files of detections; scores are divided by it.")
  var scoreScale = 1.0

  func run() throws {
    guard !detections.isEmpty else {
      let sequences = try files.sequences()
      guard files.html != nil else {
        return try EvaluateCommand.report(sequences.map(EvaluateCommand.Scores.init), json: files.json)
      }
      let rows = sequences.map { EvaluationRow($0, method: "results") }
      return try files.publish(
        EvaluationReport(title: "each camera for itself", rule: files.rule.matching, rows: rows))
    }
    guard detections.count == files.truth.count, frameRate > 0, scoreScale > 0 else {
      throw CommandFailure.usage(
        "there are \(files.truth.count) files of truth and \(detections.count) of detections; name one for each, in the same order, and rates above 0"
      )
    }
    var rows: [EvaluationRow] = []
    for (truthPath, path) in zip(files.truth, detections) {
      let name = URL(filePath: path).deletingPathExtension().lastPathComponent
      let truth = try EvaluateCommand.Files.read(truthPath).filter { $0.score != 0 }
      let frames = DetectionFrame.frames(
        from: try EvaluateCommand.Files.read(path, content: .detections), rate: frameRate,
        scores: { min(max($0 / scoreScale, 0), 1) }, count: truth.map(\.frame).max())
      func add(_ method: String, _ track: () throws -> [MOTEntry]) throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let results = try track()
        let seconds = (clock.now - begin) / .seconds(1)
        let rate = Int((Double(frames.count) / max(seconds, 1e-9)).rounded())
        rows.append(
          EvaluationRow(
            EvaluationSequence(name: name, truth: truth, results: results, rule: files.rule.matching),
            method: "\(method) (\(rate) frames/s)"))
      }
      let camera = CameraName(sanitizing: name)
      try add("throughline") { try TrackerReplay.run(Tracker(camera: camera), over: frames) }
      try add("reference") { TrackerReplay.run(ReferenceTracker(camera: camera), over: frames) }
    }
    rows +=
      try files.results.isEmpty
      ? [] : files.sequences().map { EvaluationRow($0, method: "given results") }
    try files.publish(
      EvaluationReport(title: "trackers on the same detections", rule: files.rule.matching, rows: rows))
  }
}
