import ArgumentParser
import Evaluation
import Foundation

/// How good results are, against ground truth.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure results against ground truth: HOTA, IDF1, MOTA; re-ID networks: R1, mAP.",
    subcommands: [
      EvaluateTracking.self, EvaluateCameras.self, EvaluateCrops.self, EvaluateWorld.self,
      EvaluateReidentification.self, EvaluateAnonymisation.self,
    ])

  /// Which boxes count as the same person.
  enum Rule: String, ExpressibleByArgument, CaseIterable {
    case standard
    case pets

    var matching: MatchingRule { self == .pets ? .pets : .standard }
  }

  /// What the commands for tracking and cameras take.
  struct Files: ParsableArguments {
    @Option(
      name: .customLong("truth"), parsing: .upToNextOption,
      help: ArgumentHelp("Ground truth, MOT text files.", valueName: "file"))
    var truth: [String] = []

    @Option(
      name: .customLong("results"), parsing: .upToNextOption,
      help: ArgumentHelp(
        "Results, one MOT text file for each of --truth, in the same order.", valueName: "file"))
    var results: [String] = []

    @Option(
      help:
        "standard: overlap of 0.5. pets: overlap of 0.3 or nearly the same foot point, tall people left out.")
    var rule = Rule.standard

    @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file"))
    var json: String?

    @Option(
      help: ArgumentHelp(
        "Write the figures as a page that needs nothing else to this file.", valueName: "file")
    )
    var html: String?

    /// Writes a report where it is wanted, and prints it.
    func publish(_ report: EvaluationReport) throws {
      print(report.table, terminator: "")
      do { if let json { try report.json().write(to: URL(filePath: json)) } } catch {
        throw CommandFailure.failed("cannot write '\(json ?? "")': \(error.localizedDescription)")
      }
      guard let html else { return }
      do { try report.html().write(toFile: html, atomically: true, encoding: .utf8) } catch {
        throw CommandFailure.failed("cannot write '\(html)': \(error.localizedDescription)")
      }
    }

    func sequences(joining joins: [Int: Int] = [:]) throws -> [EvaluationSequence] {
      guard truth.count == results.count, !truth.isEmpty else {
        throw CommandFailure.usage(
          "there are \(truth.count) files of truth and \(results.count) of results; name one for each, in the same order"
        )
      }
      return try zip(truth, results).map { truth, results in
        let name = URL(filePath: results).deletingPathExtension().lastPathComponent
        return EvaluationSequence(
          name: name,
          truth: try Self.read(truth).filter { $0.score != 0 }.map { entry in
            var entry = entry
            entry.id = joins[entry.id] ?? entry.id
            return entry
          }, results: try Self.read(results), rule: rule.matching)
      }
    }

    static func read(_ path: String, content: MOTText.Content = .tracks) throws -> [MOTEntry] {
      let text: String
      do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
        throw CommandFailure.failed("cannot read '\(path)': \(error.localizedDescription)")
      }
      do { return try MOTText.parse(text, source: path, content: content) } catch {
        throw CommandFailure.failed("\(error)")
      }
    }
  }

  /// One row of the table.
  struct Scores: Codable {
    var name: String
    var hota: HOTAMetrics
    var identity: IdentityMetrics
    var clear: ClearMetrics

    init(_ sequence: EvaluationSequence) {
      name = sequence.name
      hota = HOTAMetrics(sequence)
      identity = IdentityMetrics(sequence)
      clear = ClearMetrics(sequence)
    }

    var cells: [String] {
      func percent(_ value: Double) -> String { String(format: "%.2f", value * 100) }
      return [
        name, percent(hota.hota), percent(hota.detA), percent(hota.assA), percent(identity.idf1),
        percent(identity.idp),
        percent(identity.idr), percent(clear.mota), String(clear.identitySwitches),
        String(clear.fragmentations),
        String(clear.falsePositives), String(clear.falseNegatives),
      ]
    }

    static let titles = [
      "", "HOTA", "DetA", "AssA", "IDF1", "IDP", "IDR", "MOTA", "switches", "fragments", "FP", "FN",
    ]
  }

  static func report(_ scores: [Scores], json: String?) throws {
    let rows = [Scores.titles] + scores.map(\.cells)
    let widths = Scores.titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + padding : padding + row[column]
      }
      print(cells.joined(separator: "  "))
    }
    try ReportFile.write(scores, to: json)
  }
}
