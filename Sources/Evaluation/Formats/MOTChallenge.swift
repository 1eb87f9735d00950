import ThroughlineCore

/// What the MOTChallenge benchmarks do to truth and results before they are compared (as in TrackEval).
public enum MOTChallenge: String, Sendable, Codable, CaseIterable {
  /// MOT15: no classes; truth whose seventh column is 0 is left out.
  case mot15
  /// MOT16 and MOT17: pedestrians alone (class 1, seventh column not 0); results that match a person on a vehicle,
  /// a standing figure, a distractor or a reflection (classes 2, 7, 8, 12) at an overlap of 0.5 are left out.
  case mot17
  /// MOT20: as MOT17, with vehicles (class 6) as distractors too.
  case mot20

  private var distractors: Set<Int> {
    switch self {
    case .mot15: []
    case .mot17: [2, 7, 8, 12]
    case .mot20: [2, 6, 7, 8, 12]
    }
  }

  /// The truth that counts, and the results that are held against it.
  public func preprocess(
    truth: [MOTEntry], results: [MOTEntry]
  ) -> (truth: [MOTEntry], results: [MOTEntry]) {
    guard self != .mot15 else { return (truth.filter { $0.score != 0 }, results) }
    let truthByFrame = Dictionary(grouping: truth, by: \.frame)
    let resultsByFrame = Dictionary(grouping: results, by: \.frame)
    var kept: [MOTEntry] = []
    for (number, found) in resultsByFrame.sorted(by: { $0.key < $1.key }) {
      let expected = truthByFrame[number] ?? []
      let frame = EvaluationFrame(
        truth: expected.map { LabeledBox(id: $0.id, box: $0.box) },
        results: found.map { LabeledBox(id: $0.id, box: $0.box) }, rule: .standard)
      let matches = SparseAssignment.maximize(
        frame.pairs.filter { $0.similarity >= 0.5 - Double.ulpOfOne }
          .map { ($0.truth, $0.result, $0.similarity) })
      let removed = Set(
        matches.filter { distractors.contains(expected[$0.row].category) }.map(\.column))
      kept += found.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
    }
    return (truth.filter { $0.score != 0 && $0.category == 1 }, kept)
  }
}
