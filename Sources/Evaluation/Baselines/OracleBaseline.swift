import ThroughlineCore

/// The best that any association can reach on given detections: every detection gets the identity of the truth that
/// it overlaps most, one to one in each frame; what overlaps nobody gets none and is left out.
public enum OracleBaseline {
  /// The oracle's result for one camera.
  ///
  /// - Parameters:
  ///   - frames: the detections.
  ///   - truth: the camera's truth.
  ///   - rule: when boxes match; the multi-camera protocol takes an overlap of at least 0.3.
  ///   - minimumScore: weaker detections are left out.
  public static func run(
    frames: [ObservedFrame], truth: [MOTEntry], rule: MatchingRule = MatchingRule(threshold: 0.3),
    minimumScore: Double = 0
  ) -> [MOTEntry] {
    let truthByFrame = Dictionary(grouping: truth, by: \.frame)
    var entries: [MOTEntry] = []
    for frame in frames {
      let persons = frame.items.map(\.detection).filter {
        $0.category == .person && $0.score >= minimumScore && $0.box.isValid
      }
      let expected = truthByFrame[frame.number] ?? []
      let compared = EvaluationFrame(
        truth: expected.map { LabeledBox(id: $0.id, box: $0.box) },
        results: persons.map { LabeledBox(id: 0, box: $0.box) }, rule: rule)
      let matches = SparseAssignment.maximize(
        compared.pairs.filter { $0.similarity >= rule.threshold }.map { ($0.truth, $0.result, $0.similarity) }
      )
      for match in matches {
        let person = persons[match.column]
        entries.append(
          MOTEntry(frame: frame.number, id: expected[match.row].id, box: person.box, score: person.score))
      }
    }
    return entries
  }
}
