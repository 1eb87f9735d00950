import ArgumentParser
import Evaluation
import Foundation
import Inference
import Models
import Pipeline
import Reidentification
import Synchronization
import ThroughlineCore

/// How well re-ID networks know people again.
struct EvaluateReidentification: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reid", abstract: "Measure re-ID networks on folders of labelled crops: R1, R5, R10, mAP.",
    discussion: """
      A folder in Market naming with query/ and bounding_box_test/ (or gallery/) is measured by the Market-1501 \
      protocol: crops of the same person from the same camera and junk do not count. A flat folder in CUHK01's or \
      CUHK03's naming uses camera 1 as queries and camera 2 as gallery.
      """)

  @OptionGroup var place: ModelsCommand.Place
  @Option(help: ArgumentHelp("A folder of crops; may be given several times.", valueName: "dir")) var data:
    [String]
  @Option(parsing: .upToNextOption, help: "The networks; without any, all that are on this machine.")
  var model: [String] = []
  @Flag(
    inversion: .prefixedNo,
    help: "Measure once more with k-reciprocal re-ranking (its time grows with the square of all crops).")
  var rerank = true
  @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file")) var json: String?

  func run() throws {
    let loader = try place.loader()
    var names = model
    if names.isEmpty {
      names = loader.zoo.entries.filter { $0.task == .reid && loader.store.isPresent($0) }.map(\.name)
    }
    guard !names.isEmpty else {
      throw CommandFailure.failed(
        "no re-ID network is on this machine; 'throughline models fetch --default' brings one")
    }
    let sets = try data.map { try CropFolder($0) }
    for set in sets {
      guard let example = set.unnamed.first else { continue }
      Console.write(
        "\(set.name): pictures whose names say neither person nor camera are left out: \(set.unnamed.count), for example "
          + "'\(example)'")
    }
    var scores: [ReidentificationScore] = []
    var failure: CommandFailure?
    do { try measure(names, on: sets, with: loader) { scores.append($0) } } catch let error as CommandFailure
    {
      failure = error
    } catch let error as PipelineError {
      failure = CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { failure = .failed("\(error)") }
    // What was measured before something failed took minutes: it is shown and written all the same.
    if !scores.isEmpty {
      show(scores)
      try ReportFile.write(scores, to: json)
    }
    if let failure { throw failure }
  }

  private func measure(
    _ names: [String], on sets: [CropFolder], with loader: NetworkLoader,
    finished: (ReidentificationScore) -> Void
  ) throws {
    // A name that is none has to be said before minutes are spent on the others.
    let models = try names.map { (name: $0, located: try loader.locate($0, for: .reid)) }
    let runtime = try loader.runtime(library: nil)
    let isStopped = Mutex(false)
    let signals = SignalWatcher { isStopped.withLock { $0 = true } }
    defer { signals.cancel() }
    for (name, located) in models {
      guard let input = located.entry.input else { continue }
      let compiled = try runtime.compile(
        modelAt: located.path, inputShape: input.shape, options: InferenceOptions(threads: 1))
      let embedder = try EmbedderFactory(
        model: compiled, specification: .init(input), name: name, version: located.entry.version
      ).makeEmbedder()
      for set in sets {
        var score = try ReidentificationScore(
          model: name, on: set, embedder: embedder, isReranked: rerank,
          isStopped: { isStopped.withLock { $0 } })
        score.multiplyAccumulates = located.entry.multiplyAccumulates
        finished(score)
      }
    }
  }

  private func show(_ scores: [ReidentificationScore]) {
    func cells(_ metrics: ReidentificationMetrics?) -> [String] {
      guard let metrics else { return ["-", "-", "-", "-"] }
      return [metrics.rank1, metrics.rank5, metrics.rank10, metrics.meanAveragePrecision].map {
        String(format: "%.1f", $0 * 100)
      }
    }
    let names = ["R1", "R5", "R10", "mAP"]
    let titles =
      ["network", "data", "queries"] + names + (rerank ? ["re-ranked: R1"] + names.dropFirst() : [])
      + ["ms/crop", "GMAC"]
    let rows = scores.map { score in
      [score.model, score.data, String(score.metrics.queries)] + cells(score.metrics)
        + (rerank ? cells(score.reranked) : []) + [
          String(format: "%.2f", score.millisecondsPerCrop),
          score.multiplyAccumulates.map { String(format: "%.2f", Double($0) / 1e9) } ?? "-",
        ]
    }
    TextTable.print([titles] + rows, leftAligned: [0, 1])
  }
}
