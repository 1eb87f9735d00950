import ArgumentParser
import Foundation
import Inference
import Models
import Pipeline

extension ModelsCommand {
  /// Size, work, speed and accuracy of models, side by side.
  struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measure models side by side: size, multiply-accumulates, latency, throughput, accuracy.",
      discussion: """
        Latency is that of single runs of the network alone on one thread; throughput counts runs a second on 1, 2, \
        ... threads, each with a run of its own. Without --data the accuracy is what the zoo says. --data takes \
        folders of crops (re-ID networks; see 'throughline evaluate reid') and folders with images/ and labels/ in \
        YOLO's form (detectors; class 0 person, 1 face). Other work on the machine spoils the times.
        """)

    @OptionGroup var place: Place
    @Argument(help: "The models' names; without any, all networks that are on this machine.")
    var names: [String] = []
    @Option(
      help: ArgumentHelp("Measure throughput on 1 to so many threads; default all cores.", valueName: "n"))
    var threads: Int?
    @Option(help: ArgumentHelp("Time for each measurement.", valueName: "seconds")) var seconds = 2.0
    @Option(help: ArgumentHelp("Labelled data; may be given several times.", valueName: "dir"))
    var data: [String] = []
    @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file"))
    var json: String?

    /// One row of the table.
    struct Row: Codable {
      struct Figure: Codable {
        var data: String
        var measure: String
        var value: Double
      }

      var model: String
      var task: String
      var bytes: Int
      var multiplyAccumulates: Int?
      var latencyMilliseconds: NetworkTrial.Latency
      /// Runs a second on 1, 2, ... threads.
      var throughput: [Double]
      var accuracy: [Figure]
      /// Whether the accuracy was measured in this run rather than taken from the zoo.
      var isAccuracyMeasured: Bool
    }

    func validate() throws {
      guard (0.05...600).contains(seconds) else { throw ValidationError("--seconds must be 0.05 to 600") }
      if let threads, !(1...256).contains(threads) {
        throw ValidationError("--threads must be 1 to 256")
      }
    }

    func run() throws {
      let loader = try place.loader()
      let models = try located(with: loader)
      let runtime: OpenVINORuntime
      do { runtime = try loader.runtime(library: nil) } catch { throw CommandFailure.failed("\(error)") }
      let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
      let trials = models.map { NetworkTrial(model: $0, runtime: runtime) }
      for folder in data where !trials.contains(where: { $0.takes(folder) }) {
        throw CommandFailure.failed(
          LabelledPictures.isOne(folder)
            ? "'\(folder)' holds pictures with boxes, but none of the networks is a detector"
            : "'\(folder)' has no images/ and labels/, but none of the networks is a re-ID network that takes crops"
        )
      }
      var rows: [Row] = []
      var failure: CommandFailure?
      for trial in trials where failure == nil {
        do { rows.append(try measure(trial, threads: count)) } catch {
          failure = error as? CommandFailure ?? .failed("\(trial.name): \(error)")
        }
      }
      for folder in data.map({ URL(filePath: $0).lastPathComponent })
      where failure == nil && !rows.contains(where: { $0.accuracy.contains { $0.data == folder } }) {
        Console.write("\(folder): has no label that any of these networks could be measured by")
      }
      // What was measured before something failed is shown and written all the same.
      if !rows.isEmpty {
        show(rows, threads: count)
        try ReportFile.write(rows, to: json)
      }
      if let failure { throw failure }
    }

    private func located(with loader: NetworkLoader) throws -> [LocatedModel] {
      let entries: [ModelEntry]
      if names.isEmpty {
        entries = loader.zoo.entries.filter { $0.task != .runtime && loader.store.isPresent($0) }
        guard !entries.isEmpty else {
          throw CommandFailure.failed(
            "no network is on this machine; 'throughline models fetch --runtime --default' brings some")
        }
      } else {
        entries = try names.map { try ModelsCommand.network($0, of: loader) }
      }
      return try entries.map { entry in
        do { return LocatedModel(entry: entry, path: try loader.store.path(of: entry)) } catch {
          throw CommandFailure.failed("\(error)")
        }
      }
    }

    private func measure(_ trial: NetworkTrial, threads: Int) throws -> Row {
      let bar = ProgressBar(title: trial.name)
      bar.show(fraction: 0, note: "latency")
      let latency = try trial.latency(seconds: seconds)
      var throughput: [Double] = []
      for count in 1...threads {
        bar.show(fraction: Double(count) / Double(threads + 1), note: "\(count) threads")
        throughput.append(try trial.throughput(threads: count, seconds: seconds))
      }
      bar.finish(note: "measured")
      let measured = try data.flatMap { try trial.accuracy(on: $0) }
      let figures = measured.isEmpty ? trial.model.entry.accuracy : measured
      return Row(
        model: trial.name, task: trial.model.entry.task.rawValue, bytes: trial.byteCount,
        multiplyAccumulates: trial.model.entry.multiplyAccumulates, latencyMilliseconds: latency,
        throughput: throughput,
        accuracy: figures.map { Row.Figure(data: $0.data, measure: $0.measure, value: $0.value) },
        isAccuracyMeasured: !measured.isEmpty)
    }

    private func show(_ rows: [Row], threads: Int) {
      let titles =
        ["model", "task", "MB", "GMAC", "p50 ms", "p95 ms"] + (1...threads).map { "\($0)t /s" } + ["accuracy"]
      let cells = rows.map { row in
        [
          row.model, row.task, String(format: "%.1f", Double(row.bytes) / 1e6),
          row.multiplyAccumulates.map { String(format: "%.2f", Double($0) / 1e9) } ?? "-",
          String(format: "%.2f", row.latencyMilliseconds.p50),
          String(format: "%.2f", row.latencyMilliseconds.p95),
        ] + row.throughput.map { String(format: "%.0f", $0) } + [
          row.accuracy.map { "\($0.data) \($0.measure) \(String(format: "%.1f", $0.value))" }
            .joined(separator: "; ") + (row.isAccuracyMeasured || row.accuracy.isEmpty ? "" : " (zoo)")
        ]
      }
      TextTable.print([titles] + cells, leftAligned: [0, 1, titles.count - 1])
    }
  }

  /// The zoo's entry of a network's name.
  static func network(_ name: String, of loader: NetworkLoader) throws -> ModelEntry {
    let entry: ModelEntry
    do { entry = try loader.zoo.entry(named: name) } catch { throw CommandFailure.usage("\(error)") }
    guard entry.task != .runtime else {
      throw CommandFailure.usage("'\(name)' is the library that runs networks, not a network")
    }
    return entry
  }
}
