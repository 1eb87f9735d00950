import Foundation
import ThroughlineCore

/// The figures of one method on one sequence. Shares are 0...1.
public struct EvaluationRow: Sendable, Hashable, Codable {
  /// Whose result it is, for example `throughline` or `greedy-merge 0.2`.
  public var method: String
  /// What was evaluated: a camera, a sequence, or all together.
  public var sequence: String
  /// HOTA and its parts.
  public var hota: Double
  /// Detection accuracy.
  public var detA: Double
  /// Association accuracy.
  public var assA: Double
  /// Localisation accuracy.
  public var locA: Double
  /// Identity F1.
  public var idf1: Double
  /// Identity precision.
  public var idp: Double
  /// Identity recall.
  public var idr: Double
  /// CLEAR-MOT accuracy; may be negative.
  public var mota: Double
  /// CLEAR-MOT precision: mean similarity of matched pairs.
  public var motp: Double
  /// Switches of identity.
  public var identitySwitches: Int
  /// Interruptions.
  public var fragmentations: Int
  /// Persons matched in more than 80 % of their frames.
  public var mostlyTracked: Int
  /// Persons matched in less than 20 %.
  public var mostlyLost: Int
  /// Persons of the truth.
  public var persons: Int
  /// Identities of the result.
  public var identities: Int
  /// Boxes of the truth.
  public var truthBoxes: Int
  /// Boxes of the result.
  public var resultBoxes: Int
  /// How often two boxes of one frame share an identity.
  public var sharedInFrame: Int

  /// Evaluates a sequence.
  ///
  /// - Parameters:
  ///   - sequence: truth and result; for several cameras concatenated.
  ///   - method: whose result it is.
  ///   - convention: whose reading of CLEAR-MOT.
  public init(
    _ sequence: EvaluationSequence, method: String, convention: ClearMetrics.Convention = .trackEval
  ) {
    self.init(
      method: method, sequence: sequence.name, clear: ClearMetrics(sequence, convention: convention),
      identity: IdentityMetrics(sequence), hota: HOTAMetrics(sequence),
      persons: Set(sequence.frames.lazy.flatMap { $0.truth.lazy.map(\.id) }).count,
      identities: Set(sequence.frames.lazy.flatMap { $0.results.lazy.map(\.id) }).count,
      sharedInFrame: sequence.frames.reduce(0) {
        $0 + $1.results.count - Set($1.results.lazy.map(\.id)).count
      })
  }

  /// A row from metrics, for example sums over sequences whose identities are not shared.
  public init(
    method: String, sequence: String, clear: ClearMetrics, identity: IdentityMetrics, hota: HOTAMetrics,
    persons: Int, identities: Int, sharedInFrame: Int
  ) {
    self.method = method
    self.sequence = sequence
    self.hota = hota.hota
    detA = hota.detA
    assA = hota.assA
    locA = hota.locA
    idf1 = identity.idf1
    idp = identity.idp
    idr = identity.idr
    mota = clear.mota
    motp = clear.motp
    identitySwitches = clear.identitySwitches
    fragmentations = clear.fragmentations
    mostlyTracked = clear.mostlyTracked
    mostlyLost = clear.mostlyLost
    self.persons = persons
    self.identities = identities
    truthBoxes = clear.truthCount
    resultBoxes = clear.truePositives + clear.falsePositives
    self.sharedInFrame = sharedInFrame
  }
}

/// An evaluation as a table for people and as JSON for programs.
public struct EvaluationReport: Sendable, Hashable, Codable {
  /// What the figures mean: data, rule, convention.
  public var title: String
  /// The rule by which boxes were matched.
  public var rule: MatchingRule
  /// The figures.
  public var rows: [EvaluationRow]

  /// A report by its parts.
  public init(title: String, rule: MatchingRule, rows: [EvaluationRow]) {
    self.title = title
    self.rule = rule
    self.rows = rows
  }

  /// A plain table; shares in percent with one decimal.
  public var table: String {
    let head = [
      "method", "sequence", "HOTA", "DetA", "AssA", "LocA", "IDF1", "IDP", "IDR", "MOTA", "MOTP", "IDSW",
      "Frag",
      "MT", "ML", "persons", "ids", "shared",
    ]
    let lines = rows.map { row in
      [row.method, row.sequence]
        + [
          row.hota, row.detA, row.assA, row.locA, row.idf1, row.idp, row.idr, row.mota, row.motp,
        ].map { String(format: "%.1f", $0 * 100) }
        + [
          row.identitySwitches, row.fragmentations, row.mostlyTracked, row.mostlyLost, row.persons,
          row.identities, row.sharedInFrame,
        ].map(String.init)
    }
    let widths = head.indices.map { column in
      ([head] + lines).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      cells.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < 2 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }
    let rule = "a match: \(self.rule.summary)"
    return ([title, rule, "", line(head)] + lines.map(line)).joined(separator: "\n") + "\n"
  }

  /// The report as JSON, keys sorted.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}
