import ArgumentParser
import Association
import Configuration
import Evaluation
import Foundation
import Pipeline
import ThroughlineCore

/// What is found from a site's own footage, without labels.
struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Find settings from a site's own footage, without labels.",
    subcommands: [Thresholds.self])

  /// The similarity from which two looks are the same person.
  struct Thresholds: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find association.similarity: from when two looks are the same person.",
      discussion: """
        Looks of one track at different times are the same person, looks of two tracks seen at once in one camera \
        are two. Prints how their similarities are distributed and the error rates to expect. The same runs by \
        itself in every 'throughline run' unless association.calibrate is false; this command is for looking at \
        it, and for settings that are to stay as they are.

        Example: throughline run --offline --cache day.jsonl cameras/ && \
        throughline calibrate thresholds --cache day.jsonl --write throughline.yaml
        """)

    @Option(
      parsing: .upToNextOption,
      help: ArgumentHelp("Caches that 'throughline run --cache' wrote, or directories.", valueName: "file"))
    var cache: [String]

    @Option(
      help: ArgumentHelp(
        "The re-ID network of the cache, where the cache does not say it.", valueName: "model"))
    var network: String?

    @Option(
      help: ArgumentHelp(
        "Set association.similarity in this configuration file; the rest of it stays.", valueName: "file"))
    var write: String?

    @Option(help: ArgumentHelp("Write distributions and rates as JSON to this file.", valueName: "file"))
    var json: String?

    func run() throws {
      let contents = try CacheFiles.read(cache)
      var replay = AssociationReplay()
      replay.prior = SimilarityPrior.of(networkNamed: network ?? contents.network ?? "")
      let tracks = try contents.cameras.sorted { $0.key < $1.key }.map {
        try CameraTracks(camera: $0.key, frames: $0.value, usesAppearance: .always)
      }
      guard let report = try replay.run(tracks).calibration else {
        throw CommandFailure.failed(
          "there is no embedding in \(cache.joined(separator: ", ")); write the cache anew with 'throughline run --cache'"
        )
      }
      print(report.text, terminator: "")
      let value = String(format: "%.3f", report.threshold)
      try ReportFile.write(report, to: json)
      guard let write else {
        print("nothing was written; --write FILE sets association.similarity: \(value)")
        return
      }
      guard report.isMeasured else {
        throw CommandFailure.failed(
          "there are too few pairs to measure a threshold, so that '\(write)' was left as it is; calibrate on longer footage"
        )
      }
      try set(value, in: write)
      print("wrote association.similarity: \(value) to \(write)")
    }

    private func set(_ value: String, in path: String) throws {
      let isThere = FileManager.default.fileExists(atPath: path)
      do {
        let text = isThere ? try String(contentsOfFile: path, encoding: .utf8) : ""
        let edited = ConfigurationFileEditor.setting("association.similarity", to: value, in: text)
        var check = Configuration()
        try check.read(yaml: edited, path: path)
        guard String(format: "%.3f", check.number("association.similarity")) == value else {
          throw CommandFailure.failed(
            "'\(path)' is written in a way that cannot be edited; add 'association.similarity: \(value)' yourself"
          )
        }
        try edited.write(toFile: path, atomically: true, encoding: .utf8)
      } catch let failure as CommandFailure {
        throw failure
      } catch let error as ConfigurationError {
        throw CommandFailure.failed("\(error)")
      } catch {
        throw CommandFailure.failed("cannot write '\(path)': \(error.localizedDescription)")
      }
    }
  }
}
