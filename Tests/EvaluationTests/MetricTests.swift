import Testing
import ThroughlineCore

@testable import Evaluation

/// Small cases whose values were worked out by hand.
@Suite struct MetricTests {
  func at(_ frame: Int, _ id: Int, _ x: Double, height: Double = 10) -> MOTEntry {
    MOTEntry(frame: frame, id: id, box: BoundingBox(x: x, y: 0, width: 10, height: height))
  }

  func sequence(_ truth: [MOTEntry], _ results: [MOTEntry], rule: MatchingRule = .standard)
    -> EvaluationSequence
  {
    EvaluationSequence(name: "hand", truth: truth, results: results, rule: rule)
  }

  @Test func aPerfectResultIsOne() {
    let truth = (1...5).flatMap { [at($0, 1, 0), at($0, 2, 100)] }
    let exact = sequence(truth, truth)
    #expect(ClearMetrics(exact).mota == 1)
    #expect(ClearMetrics(exact).motp == 1)
    #expect(ClearMetrics(exact).mostlyTracked == 2)
    #expect(IdentityMetrics(exact).idf1 == 1)
    #expect(abs(HOTAMetrics(exact).hota - 1) < 1e-12)
  }

  @Test func aSwitchCostsWhatThePapersSay() {
    // One person, four frames; the result changes its id in the middle.
    let truth = (1...4).map { at($0, 1, 0) }
    let results = [at(1, 7, 0), at(2, 7, 0), at(3, 8, 0), at(4, 8, 0)]
    let case1 = sequence(truth, results)
    for convention in [ClearMetrics.Convention.trackEval, .motmetrics] {
      let clear = ClearMetrics(case1, convention: convention)
      #expect(clear.identitySwitches == 1)
      #expect(clear.mota == 0.75)
      #expect(clear.fragmentations == 0)
    }
    let identity = IdentityMetrics(case1)
    #expect(identity.truePositives == 2)
    #expect(identity.idf1 == 0.5)
    // Every match has TPA 2, FNA 2, FPA 0: association 0.5, detection 1.
    #expect(abs(HOTAMetrics(case1).assA - 0.5) < 1e-12)
    #expect(abs(HOTAMetrics(case1).hota - 0.5.squareRoot()) < 1e-12)
  }

  @Test func missesFalseAlarmsAndFragments() {
    // Seen, missed, seen; and one false alarm.
    let truth = (1...3).map { at($0, 1, 0) }
    let results = [at(1, 7, 0), at(2, 9, 500), at(3, 7, 0)]
    for convention in [ClearMetrics.Convention.trackEval, .motmetrics] {
      let clear = ClearMetrics(sequence(truth, results), convention: convention)
      #expect(clear.truePositives == 2)
      #expect(clear.falseNegatives == 1)
      #expect(clear.falsePositives == 1)
      #expect(clear.identitySwitches == 0)
      #expect(clear.fragmentations == 1)
      #expect(clear.partlyTracked == 1)
      #expect(abs(clear.mota - 1.0 / 3) < 1e-12)
    }
  }

  @Test func theTwoConventionsDifferWhereTheySay() {
    // The box moves by 2: overlap 8/12 in frame 3. The old partner returns, a better one is there too.
    let truth = [at(1, 1, 0), at(2, 1, 0), at(3, 1, 0)]
    let results = [at(1, 7, 0), at(3, 7, 2), at(3, 8, 0)]
    // TrackEval forgets the partner only over a frame with results, motmetrics never.
    #expect(ClearMetrics(sequence(truth, results)).identitySwitches == 0)
    let withOther = results + [at(2, 9, 500)]
    #expect(ClearMetrics(sequence(truth, withOther)).identitySwitches == 1)
    #expect(ClearMetrics(sequence(truth, withOther), convention: .motmetrics).identitySwitches == 0)
  }

  @Test func hotaCountsEachThreshold() {
    // Overlap 5/15: a match up to threshold 0.30, which is 6 of the 19.
    let hota = HOTAMetrics(sequence([at(1, 1, 0)], [at(1, 1, 5)]))
    #expect(
      hota.levels.map(\.truePositives) == [Int](repeating: 1, count: 6) + [Int](repeating: 0, count: 13))
    #expect(abs(hota.detA - 6.0 / 19) < 1e-12)
  }

  @Test func camerasAreConcatenatedWithSharedIdentities() {
    let first = sequence((1...4).map { at($0, 1, 0) }, (1...4).map { at($0, 5, 0) })
    let second = sequence((1...4).map { at($0, 1, 50) }, (1...4).map { at($0, 6, 50) })
    let both = EvaluationSequence(name: "both", concatenating: [first, second])
    #expect(IdentityMetrics(both).idf1 == 0.5)
    #expect(ClearMetrics(both).identitySwitches == 1)
    let shared = EvaluationSequence(name: "both", concatenating: [first, first])
    #expect(IdentityMetrics(shared).idf1 == 1)
  }

  @Test func tallPersonsAndWhatMatchesThemAreLeftOut() {
    let rule = MatchingRule(threshold: 0.5, ignoreTallerThan: 250)
    let truth = [at(1, 1, 0), at(1, 2, 100, height: 300)]
    let results = [at(1, 1, 0), at(1, 2, 100, height: 240), at(1, 3, 300, height: 400)]
    let clear = ClearMetrics(sequence(truth, results, rule: rule))
    #expect(clear.truePositives == 1)
    #expect(clear.falseNegatives == 0)
    #expect(clear.falsePositives == 0)
  }

  @Test func feetMayMatchWhereBoxesDoNot() {
    let truth = BoundingBox(x: 0, y: 0, width: 40, height: 100)
    let result = BoundingBox(x: 10, y: 60, width: 20, height: 40)
    #expect(MatchingRule(threshold: 0.3).similarity(truth: truth, result: result) < 0.3)
    let rule = MatchingRule(threshold: 0.3, footPointTolerance: 0.25)
    #expect(rule.similarity(truth: truth, result: result) == 1)
    #expect(abs(rule.similarity(truth: truth, result: result.offset(x: 25, y: 0)) - 0.3) < 1e-12)
    #expect(rule.similarity(truth: truth, result: result.offset(x: 26, y: 0)) < 0.3)
  }

  @Test func nothingIsNoDivisionByZero() {
    for pair in [([], []), ([at(1, 1, 0)], []), ([], [at(1, 1, 0)])] as [([MOTEntry], [MOTEntry])] {
      let row = EvaluationRow(sequence(pair.0, pair.1), method: "none")
      #expect([row.hota, row.idf1, row.motp, row.idp, row.idr].allSatisfy { $0 == 0 })
      #expect(row.mota.isFinite)
    }
  }

  @Test func distractorsTakeResultsAway() {
    var distractor = at(1, 2, 100)
    distractor.category = 8
    var pedestrian = at(1, 1, 0)
    pedestrian.category = 1
    var unmarked = at(1, 3, 200)
    unmarked.category = 1
    unmarked.score = 0
    let results = [at(1, 1, 0), at(1, 2, 100), at(1, 3, 200)]
    let pair = MOTChallenge.mot17.preprocess(truth: [pedestrian, distractor, unmarked], results: results)
    #expect(pair.truth.map(\.id) == [1])
    #expect(pair.results.map(\.id) == [1, 3])
  }

  @Test(arguments: [UInt64(5), 6]) func theSparseAssignmentIsTheBest(seed: UInt64) {
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for _ in 0..<200 {
      var pairs: [SparseAssignment.Pair] = []
      for row in 0..<5 {
        for column in 0..<5 where Int.random(in: 0..<3, using: &random) == 0 {
          pairs.append((row, column, Double.random(in: 0.1...1, using: &random)))
        }
      }
      let chosen = SparseAssignment.maximize(pairs)
      #expect(Set(chosen.map(\.row)).count == chosen.count && Set(chosen.map(\.column)).count == chosen.count)
      #expect(abs(chosen.reduce(0) { $0 + $1.score } - best(pairs[...], 0, 0)) < 1e-9)
      let fullest = SparseAssignment.maximize(pairs, isFullest: true)
      #expect(fullest.count >= chosen.count)
    }
  }

  private func best(_ pairs: ArraySlice<SparseAssignment.Pair>, _ rows: Int, _ columns: Int) -> Double {
    guard let first = pairs.first else { return 0 }
    let without = best(pairs.dropFirst(), rows, columns)
    guard rows & (1 << first.row) == 0, columns & (1 << first.column) == 0 else { return without }
    return max(
      without, first.score + best(pairs.dropFirst(), rows | 1 << first.row, columns | 1 << first.column))
  }
}
