import ThroughlineCore

/// Identity metrics: E. Ristani et al., "Performance measures and a data set for multi-target, multi-camera
/// tracking", 2016. Truth and result are matched person to person, once for the whole sequence, so that as many
/// boxes as possible carry the right identity.
public struct IdentityMetrics: Sendable, Hashable, Codable {
  /// Boxes with the right identity.
  public var truePositives = 0
  /// Boxes of the truth without it.
  public var falseNegatives = 0
  /// Boxes of the result without it.
  public var falsePositives = 0

  /// Nothing counted.
  public init() {}

  /// Counts a sequence; both motmetrics and TrackEval give the same.
  public init(_ sequence: EvaluationSequence) {
    var together: [IdentityPair: Int] = [:]
    for frame in sequence.frames {
      for pair in frame.pairs where pair.similarity >= sequence.rule.threshold {
        together[
          IdentityPair(truth: frame.truth[pair.truth].id, result: frame.results[pair.result].id), default: 0] +=
          1
      }
    }
    let ordered = together.sorted {
      ($0.key.truth, $0.key.result) < ($1.key.truth, $1.key.result)
    }
    let chosen = SparseAssignment.maximize(
      ordered.map { ($0.key.truth, $0.key.result, Double($0.value)) })
    truePositives = chosen.reduce(0) { $0 + Int($1.score) }
    falseNegatives = sequence.truthCount - truePositives
    falsePositives = sequence.resultCount - truePositives
  }

  /// The harmonic mean of ``idp`` and ``idr``.
  public var idf1: Double {
    let total = 2 * truePositives + falseNegatives + falsePositives
    return total > 0 ? 2 * Double(truePositives) / Double(total) : 0
  }
  /// The share of the result that carries the right identity.
  public var idp: Double {
    let total = truePositives + falsePositives
    return total > 0 ? Double(truePositives) / Double(total) : 0
  }
  /// The share of the truth that is found under the right identity.
  public var idr: Double {
    let total = truePositives + falseNegatives
    return total > 0 ? Double(truePositives) / Double(total) : 0
  }

  /// Counts of two sequences together, identities not shared.
  public static func + (left: IdentityMetrics, right: IdentityMetrics) -> IdentityMetrics {
    var sum = left
    sum.truePositives += right.truePositives
    sum.falseNegatives += right.falseNegatives
    sum.falsePositives += right.falsePositives
    return sum
  }
}

/// A person of the truth and an identity of the result.
struct IdentityPair: Hashable {
  var truth: Int
  var result: Int
}
