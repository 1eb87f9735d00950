import ThroughlineCore

/// Higher order tracking accuracy: J. Luiten et al., "HOTA: a higher order metric for evaluating multi-object
/// tracking", IJCV 2021. Over the 19 localisation thresholds 0.05, 0.10 ... 0.95, as TrackEval computes it.
public struct HOTAMetrics: Sendable, Hashable, Codable {
  /// The counts at one threshold.
  public struct Level: Sendable, Hashable, Codable {
    /// Matched pairs.
    public var truePositives = 0
    /// Truth without a match.
    public var falseNegatives = 0
    /// Results without a match.
    public var falsePositives = 0
    /// The sum over the matched pairs of how well their identities agree over the whole sequence.
    public var associationSum = 0.0
    /// The same with misses alone counted (recall).
    public var associationRecallSum = 0.0
    /// The same with false alarms alone counted (precision).
    public var associationPrecisionSum = 0.0
    /// The sum of the matched pairs' similarities.
    public var similaritySum = 0.0

    /// Detection accuracy.
    public var detA: Double {
      Double(truePositives) / Double(max(1, truePositives + falseNegatives + falsePositives))
    }
    /// Association accuracy.
    public var assA: Double { associationSum / Double(max(1, truePositives)) }
    /// Localisation accuracy; 1 without matches.
    public var locA: Double { truePositives > 0 ? similaritySum / Double(truePositives) : 1 }
    /// The geometric mean of detection and association accuracy.
    public var hota: Double { (detA * assA).squareRoot() }
  }

  /// The thresholds.
  public static let thresholds = (1...19).map { 0.05 * Double($0) }

  /// The counts at each of ``thresholds``.
  public var levels = [Level](repeating: Level(), count: thresholds.count)

  /// Nothing counted.
  public init() {}

  /// HOTA, averaged over the thresholds.
  public var hota: Double { mean(\.hota) }
  /// Detection accuracy, averaged.
  public var detA: Double { mean(\.detA) }
  /// Association accuracy, averaged.
  public var assA: Double { mean(\.assA) }
  /// Localisation accuracy, averaged.
  public var locA: Double { mean(\.locA) }

  private func mean(_ value: (Level) -> Double) -> Double {
    levels.isEmpty ? 0 : levels.reduce(0) { $0 + value($1) } / Double(levels.count)
  }

  /// Counts of two sequences together, identities not shared.
  public static func + (left: HOTAMetrics, right: HOTAMetrics) -> HOTAMetrics {
    var sum = left
    for (index, level) in right.levels.enumerated() where index < sum.levels.count {
      sum.levels[index].truePositives += level.truePositives
      sum.levels[index].falseNegatives += level.falseNegatives
      sum.levels[index].falsePositives += level.falsePositives
      sum.levels[index].associationSum += level.associationSum
      sum.levels[index].associationRecallSum += level.associationRecallSum
      sum.levels[index].associationPrecisionSum += level.associationPrecisionSum
      sum.levels[index].similaritySum += level.similaritySum
    }
    return sum
  }

  /// Counts a sequence.
  public init(_ sequence: EvaluationSequence) {
    var truthCount: [Int: Int] = [:]
    var resultCount: [Int: Int] = [:]
    var potential: [IdentityPair: Double] = [:]
    for frame in sequence.frames {
      for expected in frame.truth { truthCount[expected.id, default: 0] += 1 }
      for found in frame.results { resultCount[found.id, default: 0] += 1 }
      var rowSum = [Double](repeating: 0, count: frame.truth.count)
      var columnSum = [Double](repeating: 0, count: frame.results.count)
      for pair in frame.pairs {
        rowSum[pair.truth] += pair.similarity
        columnSum[pair.result] += pair.similarity
      }
      for pair in frame.pairs {
        let whole = rowSum[pair.truth] + columnSum[pair.result] - pair.similarity
        if whole > Double.ulpOfOne {
          potential[Self.identities(of: pair, in: frame), default: 0] += pair.similarity / whole
        }
      }
    }
    func alignment(_ pair: IdentityPair) -> Double {
      let shared = potential[pair] ?? 0
      return shared / (Double((truthCount[pair.truth] ?? 0) + (resultCount[pair.result] ?? 0)) - shared)
    }

    var together = [[IdentityPair: Int]](repeating: [:], count: Self.thresholds.count)
    for frame in sequence.frames {
      let matches = SparseAssignment.maximize(
        frame.pairs.map {
          ($0.truth, $0.result, $0.similarity * alignment(Self.identities(of: $0, in: frame)))
        })
      let similarity = Dictionary(
        frame.pairs.map { (IdentityPair(truth: $0.truth, result: $0.result), $0.similarity) },
        uniquingKeysWith: { first, _ in first })
      let matched = matches.map { match in
        (
          IdentityPair(truth: frame.truth[match.row].id, result: frame.results[match.column].id),
          similarity[IdentityPair(truth: match.row, result: match.column)] ?? 0
        )
      }
      for (index, threshold) in Self.thresholds.enumerated() {
        var count = 0
        for (pair, similarity) in matched where similarity >= threshold - Double.ulpOfOne {
          count += 1
          levels[index].similaritySum += similarity
          together[index][pair, default: 0] += 1
        }
        levels[index].truePositives += count
        levels[index].falseNegatives += frame.truth.count - count
        levels[index].falsePositives += frame.results.count - count
      }
    }
    for index in levels.indices {
      for (pair, count) in together[index] {
        let truth = truthCount[pair.truth] ?? 0
        let result = resultCount[pair.result] ?? 0
        let weight = Double(count * count)
        levels[index].associationSum += weight / Double(max(1, truth + result - count))
        levels[index].associationRecallSum += weight / Double(max(1, truth))
        levels[index].associationPrecisionSum += weight / Double(max(1, result))
      }
    }
  }

  private static func identities(
    of pair: (truth: Int, result: Int, similarity: Double), in frame: EvaluationFrame
  ) -> IdentityPair {
    IdentityPair(truth: frame.truth[pair.truth].id, result: frame.results[pair.result].id)
  }
}
