import Foundation
import ThroughlineCore

/// Turns average similarities into evidence: the natural logarithm of how much likelier a similarity is between
/// looks of one person than between looks of two.
struct SimilarityModel: Sendable {
  /// The share of the variance of a single pair that more looks do not average out: view, clothes, camera.
  static let systematicShare = 0.3
  static let upperLimit = 12.0
  static let lowerLimit = -9.0

  var threshold: Double
  var positiveMean: Double
  var negativeMean: Double
  var variance: Double

  init(calibrator: ThresholdCalibrator, fixedThreshold: Double?) {
    let same = calibrator.positive
    let other = calibrator.negative
    threshold = fixedThreshold ?? calibrator.threshold
    positiveMean = same.mean
    negativeMean = other.mean
    variance = (same.deviation * same.deviation + other.deviation * other.deviation) / 2
  }

  /// - Parameters:
  ///   - similarity: the average over all pairs of looks.
  ///   - looks: the numbers of independent looks on either side.
  func logRatio(_ similarity: Double, looks: (Double, Double)) -> Double {
    let averaging = (1 / max(1, looks.0) + 1 / max(1, looks.1)) / 2
    let effective = variance * (Self.systematicShare + (1 - Self.systematicShare) * averaging)
    let slope = max(0.1, positiveMean - negativeMean) / max(1e-4, effective)
    return min(Self.upperLimit, max(Self.lowerLimit, slope * (similarity - threshold)))
  }
}

/// Statistics of the similarity of different people for each pair of cameras, so that one threshold means the
/// same everywhere: a pair whose negatives lie higher than usual has that much subtracted.
struct CohortStatistics: Sendable {
  private struct Sums: Sendable {
    var weight = 0.0
    var sum = 0.0
  }

  static let shrinkage = 40.0
  static let maximumWeight = 5000.0

  /// A pair of camera numbers, see ``key(_:_:)``.
  private var pairs: [Int: Sums] = [:]
  private var overall = Sums()

  private static func key(_ one: Int, _ other: Int) -> Int { min(one, other) << 20 | max(one, other) }

  /// Counts a pair of tracks of different people.
  mutating func add(_ similarity: Double, cameras one: Int, _ other: Int) {
    func adding(_ sums: Sums) -> Sums {
      var result = sums
      if result.weight >= Self.maximumWeight { result = Sums(weight: sums.weight / 2, sum: sums.sum / 2) }
      result.weight += 1
      result.sum += similarity
      return result
    }
    let key = Self.key(one, other)
    pairs[key] = adding(pairs[key] ?? Sums())
    overall = adding(overall)
  }

  /// What is to be subtracted from a similarity between two cameras.
  func shift(cameras one: Int, _ other: Int) -> Double {
    guard let own = pairs[Self.key(one, other)], own.weight > 0, overall.weight > 0 else { return 0 }
    let trust = own.weight / (own.weight + Self.shrinkage)
    return trust * (own.sum / own.weight - overall.sum / overall.weight)
  }
}
