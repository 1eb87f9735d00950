import ArgumentParser
import Foundation
import Inference
import Models
import Pipeline
import Reidentification
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
  @Flag(help: "Measure once more with k-reciprocal re-ranking (slow on large galleries).") var rerank = false
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
    let sets = try data.map(CropFolder.init)
    var scores: [ReidentificationScore] = []
    do {
      let runtime = try loader.runtime(library: nil)
      for name in names {
        let located = try loader.locate(name, for: .reid)
        let compiled = try runtime.compile(
          modelAt: located.path, inputShape: located.entry.input?.shape, options: InferenceOptions(threads: 1)
        )
        guard let input = located.entry.input else { continue }
        let embedder = try EmbedderFactory(
          model: compiled, specification: .init(input), name: name, version: located.entry.version
        ).makeEmbedder()
        for set in sets {
          var score = try ReidentificationScore(
            model: name, on: set, embedder: embedder, isReranked: rerank)
          score.multiplyAccumulates = located.entry.multiplyAccumulates
          scores.append(score)
        }
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { throw CommandFailure.failed("\(error)") }
    print(scores)
    try ReportFile.write(scores, to: json)
  }

  private func print(_ scores: [ReidentificationScore]) {
    func percent(_ value: Double) -> String { String(format: "%6.1f", value * 100) }
    let names = scores.map(\.model.count).max() ?? 0
    let sets = scores.map(\.data.count).max() ?? 0
    func pad(_ text: String, _ width: Int) -> String {
      text.padding(toLength: width, withPad: " ", startingAt: 0)
    }
    Swift.print(
      pad("", names), pad("", sets),
      "    R1     R5    R10    mAP  ms/crop   GMAC" + (rerank ? "  R1 and mAP re-ranked" : ""))
    for score in scores {
      let metrics = score.metrics
      var line =
        "\(pad(score.model, names)) \(pad(score.data, sets)) \(percent(metrics.rank1)) \(percent(metrics.rank5)) "
        + "\(percent(metrics.rank10)) \(percent(metrics.meanAveragePrecision)) "
        + String(format: "%8.2f", score.millisecondsPerCrop)
        + (score.multiplyAccumulates.map { String(format: " %6.2f", Double($0) / 1e9) } ?? "      -")
      if let reranked = score.reranked {
        line += "  \(percent(reranked.rank1)) \(percent(reranked.meanAveragePrecision))"
      }
      Swift.print(line)
    }
  }
}
