import ArgumentParser
import Evaluation
import Foundation
import Pipeline
import ThroughlineCore

/// All cameras together: an identity must be the same in all of them.
struct EvaluateCameras: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cameras",
    abstract: "Measure all cameras together: identities shared, cameras put one after the other.",
    discussion: """
      With --results: how good MOT files are. With --cache: detections and embeddings that 'throughline run --cache' \
      wrote are replayed through Throughline's tracker and, side by side, its association (live, and with the whole \
      recording known), the built-in baselines, and the best that is possible on these tracks and detections.

      Example: throughline evaluate cameras --cache run.jsonl --truth view001=gt1.txt view006=gt6.txt --rule pets
      """)

  @OptionGroup var files: EvaluateCommand.Files

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Replay these caches: files, or directories of them. --truth then takes CAMERA=FILE.", valueName: "file"
    ))
  var cache: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Count an identity of the truth as another one in a second measurement: somebody who left and came back.",
      valueName: "id=id"))
  var join: [String] = []

  @Option(
    help: ArgumentHelp(
      "The re-ID network of the cache, where the cache does not say it.", valueName: "model"))
  var network: String?

  func run() throws {
    guard !cache.isEmpty else {
      let sequences = try files.sequences(joining: joins())
      let all = EvaluationSequence(name: "all cameras", concatenating: sequences)
      if files.html != nil {
        let rows = (sequences + [all]).map { EvaluationRow($0, method: "results") }
        return try files.publish(
          EvaluationReport(title: "all cameras together", rule: files.rule.matching, rows: rows))
      }
      return try EvaluateCommand.report(
        (sequences + [all]).map(EvaluateCommand.Scores.init), json: files.json)
    }
    guard files.results.isEmpty else {
      throw CommandFailure.usage(
        "--cache and --results are two ways to say what is measured; name one of them")
    }
    let caches = try CacheFiles.read(cache)
    var evaluation = MultiCameraEvaluation(
      observations: caches.cameras, truth: try truth(caches.cameras), rule: files.rule.matching)
    evaluation.association.prior = SimilarityPrior.of(networkNamed: network ?? caches.network ?? "")
    try files.publish(
      try evaluation.report(
        title: "\(caches.network ?? network ?? "embeddings") on \(cache.joined(separator: ", "))",
        joining: joins()))
  }

  private func joins() throws -> [Int: Int] {
    var joins: [Int: Int] = [:]
    for text in join {
      let sides = text.split(separator: "=").map { Int($0) }
      guard sides.count == 2, let left = sides[0], let right = sides[1] else {
        throw CommandFailure.usage("'--join \(text)' is not ID=ID, for example 15=14")
      }
      joins[left] = right
    }
    return joins
  }

  private func truth(_ cameras: [CameraName: [ObservedFrame]]) throws -> [CameraName: [MOTEntry]] {
    var truth: [CameraName: [MOTEntry]] = [:]
    for text in files.truth {
      guard let place = text.firstIndex(of: "=") else {
        throw CommandFailure.usage("'--truth \(text)' is not CAMERA=FILE, which --cache needs")
      }
      let camera = CameraName(sanitizing: String(text[..<place]))
      guard cameras[camera] != nil else {
        let known = cameras.keys.sorted().map(\.rawValue).joined(separator: ", ")
        throw CommandFailure.usage("the cache has no camera '\(camera)'; it has \(known)")
      }
      truth[camera] = try EvaluateCommand.Files.read(String(text[text.index(after: place)...]))
        .filter { $0.score != 0 }
    }
    guard !truth.isEmpty else {
      throw CommandFailure.usage("--truth CAMERA=FILE is missing: what is the cache to be measured against?")
    }
    return truth
  }
}
