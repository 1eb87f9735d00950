import Foundation
import Testing

@testable import Evaluation

/// The metrics against the libraries that everybody uses, to the third decimal; counts exactly.
@Suite struct GoldenMetricsTests {
  typealias Rows = [String: [String: [String: Double]]]

  let golden: Rows

  init() throws { golden = try JSONDecoder().decode(Rows.self, from: Data(goldenMetrics.utf8)) }

  @Test func tudAgrees() throws {
    guard SharedData.folder != nil else { return SharedData.skip("TUD against motmetrics and TrackEval") }
    var total = Totals()
    for name in ["TUD-Campus", "TUD-Stadtmitte"] {
      let folder = "mot/motmetrics/data/\(name)"
      let truth = try MOTText.parse(try #require(SharedData.text(folder + "/gt.txt")), source: "gt.txt")
      let results = try MOTText.parse(try #require(SharedData.text(folder + "/test.txt")), source: "test.txt")
      try compareWithMotmetrics(
        EvaluationSequence(name: name, truth: truth.filter { $0.score >= 1 }, results: results))
      let pair = MOTChallenge.mot15.preprocess(truth: truth, results: results)
      total.add(
        try compareWithTrackEval(EvaluationSequence(name: name, truth: pair.truth, results: pair.results)))
    }
    try compare(total, name: "TUD")
  }

  @Test func mot16Agrees() throws {
    guard let folder = try SharedData.unpack("mot/mot16_gt_and_results.tar.gz") else {
      return SharedData.skip("MOT16 against motmetrics and TrackEval")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    var total = Totals()
    // All seven are compared by 'throughline evaluate'; four smaller ones keep this test quick without optimisation.
    let all = ["MOT16-02", "MOT16-04", "MOT16-05", "MOT16-09", "MOT16-10", "MOT16-11", "MOT16-13"]
    let isThorough = ProcessInfo.processInfo.environment["THROUGHLINE_THOROUGH"] != nil
    let names = isThorough ? all : ["MOT16-05", "MOT16-09", "MOT16-11"]
    for name in names {
      let truth = try MOTText.parse(
        String(contentsOf: folder.appendingPathComponent("mot/groundt/\(name)/gt/gt.txt"), encoding: .utf8),
        source: name)
      let results = try MOTText.parse(
        String(contentsOf: folder.appendingPathComponent("mot/results/\(name).txt"), encoding: .utf8),
        source: name)
      try compareWithMotmetrics(
        EvaluationSequence(
          name: name, truth: truth.filter { $0.score >= 1 && $0.category == 1 }, results: results))
      let pair = MOTChallenge.mot17.preprocess(truth: truth, results: results)
      total.add(
        try compareWithTrackEval(EvaluationSequence(name: name, truth: pair.truth, results: pair.results)))
    }
    if isThorough { try compare(total, name: "MOT16") }
  }

  struct Totals {
    var clear = ClearMetrics()
    var identity = IdentityMetrics()
    var hota = HOTAMetrics()

    mutating func add(_ other: Totals) {
      clear = clear + other.clear
      identity = identity + other.identity
      hota = hota + other.hota
    }
  }

  func compareWithMotmetrics(_ sequence: EvaluationSequence) throws {
    let clear = ClearMetrics(sequence, convention: .motmetrics)
    let identity = IdentityMetrics(sequence)
    try check(
      [
        "mota": clear.mota, "motp": 1 - clear.motp, "idf1": identity.idf1, "idp": identity.idp,
        "idr": identity.idr, "num_switches": Double(clear.identitySwitches),
        "num_fragmentations": Double(clear.fragmentations), "mostly_tracked": Double(clear.mostlyTracked),
        "partially_tracked": Double(clear.partlyTracked), "mostly_lost": Double(clear.mostlyLost),
        "num_false_positives": Double(clear.falsePositives), "num_misses": Double(clear.falseNegatives),
        "num_detections": Double(clear.truePositives),
      ], library: "motmetrics", name: sequence.name)
  }

  func compareWithTrackEval(_ sequence: EvaluationSequence) throws -> Totals {
    let totals = Totals(
      clear: ClearMetrics(sequence), identity: IdentityMetrics(sequence), hota: HOTAMetrics(sequence))
    try compare(totals, name: sequence.name)
    return totals
  }

  func compare(_ totals: Totals, name: String) throws {
    let clear = totals.clear
    try check(
      [
        "HOTA": totals.hota.hota, "DetA": totals.hota.detA, "AssA": totals.hota.assA,
        "LocA": totals.hota.locA,
        "MOTA": clear.mota, "MOTP": clear.motp, "IDSW": Double(clear.identitySwitches),
        "Frag": Double(clear.fragmentations), "MT": Double(clear.mostlyTracked),
        "PT": Double(clear.partlyTracked), "ML": Double(clear.mostlyLost),
        "CLR_TP": Double(clear.truePositives), "CLR_FN": Double(clear.falseNegatives),
        "CLR_FP": Double(clear.falsePositives), "IDF1": totals.identity.idf1, "IDP": totals.identity.idp,
        "IDR": totals.identity.idr,
      ], library: "trackeval", name: name)
  }

  func check(_ values: [String: Double], library: String, name: String) throws {
    let expected = try #require(golden[library]?[name])
    #expect(expected.count == values.count)
    for (key, value) in values {
      let wanted = try #require(expected[key])
      #expect(abs(value - wanted) < 0.0005, "\(library) \(name) \(key): \(value), expected \(wanted)")
    }
  }
}
