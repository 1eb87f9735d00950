import Foundation
import ThroughlineCore

/// A histogram of cosine similarities with mean and deviation.
public struct SimilarityDistribution: Sendable, Hashable, Codable {
  /// The number of bins over -1...1.
  public static let binCount = 100

  /// Weights per bin; bin `i` covers `-1 + 0.02 i` to `-1 + 0.02 (i + 1)`.
  public private(set) var bins: [Double]
  /// The sum of all weights.
  public private(set) var weight: Double
  private var sum: Double
  private var sumOfSquares: Double

  /// A distribution without any pair.
  public init() {
    bins = [Double](repeating: 0, count: Self.binCount)
    weight = 0
    sum = 0
    sumOfSquares = 0
  }

  /// Counts one pair; NaN is left out.
  public mutating func add(_ similarity: Double, weight share: Double = 1) {
    guard similarity.isFinite, share.isFinite, share > 0 else { return }
    let clamped = min(1, max(-1, similarity))
    let bin = min(Self.binCount - 1, Int((clamped + 1) / 2 * Double(Self.binCount)))
    bins[bin] += share
    weight += share
    sum += clamped * share
    sumOfSquares += clamped * clamped * share
    if weight > 100_000 {
      bins = bins.map { $0 / 2 }
      weight /= 2
      sum /= 2
      sumOfSquares /= 2
    }
  }

  /// Takes back a pair that was counted; never more than there is.
  public mutating func remove(_ similarity: Double, weight share: Double = 1) {
    guard similarity.isFinite, share.isFinite, share > 0 else { return }
    let clamped = min(1, max(-1, similarity))
    let bin = min(Self.binCount - 1, Int((clamped + 1) / 2 * Double(Self.binCount)))
    // Old pairs count less than they did, so that less may be left of this one.
    let left = min(share, bins[bin])
    bins[bin] -= left
    weight = max(0, weight - left)
    sum -= clamped * left
    sumOfSquares = max(0, sumOfSquares - clamped * clamped * left)
  }

  /// The mean; 0 without pairs.
  public var mean: Double { weight > 0 ? sum / weight : 0 }

  /// The standard deviation; 0 without pairs.
  public var deviation: Double {
    weight > 0 ? max(0, sumOfSquares / weight - mean * mean).squareRoot() : 0
  }

  /// The share of pairs in bins from this similarity on.
  public func share(atOrAbove similarity: Double) -> Double {
    guard weight > 0 else { return 0 }
    let first = Int(((similarity + 1) / 2 * Double(Self.binCount)).rounded(.up))
    guard first < Self.binCount else { return 0 }
    return bins[max(0, first)...].reduce(0, +) / weight
  }
}

/// What a calibration found.
public struct CalibrationReport: Sendable, Hashable, Codable {
  /// Pairs of the same person: looks of one track at different times.
  public var positives: SimilarityDistribution
  /// Pairs of two persons: looks of tracks that were seen at once in one camera.
  public var negatives: SimilarityDistribution
  /// The similarity at which both are equally likely.
  public var threshold: Double
  /// The share of pairs of two persons at or above the threshold (estimated from the fitted distribution where
  /// there are few pairs).
  public var falseMatchRate: Double
  /// The share of pairs of one person below the threshold (estimated likewise).
  public var falseNonMatchRate: Double
  /// Whether there were enough pairs of both kinds for the footage, not the prior, to decide.
  public var isMeasured: Bool
}

/// Finds the threshold of a site from its own footage, without labels.
///
/// Looks of the same track at different times are the same person; looks of tracks that were seen at once in one
/// camera are two. The prior (measured for person-reidentification-retail-0287: same 0.53, different 0.08) makes
/// it work from the first minute; it counts as much as ``priorWeight`` pairs.
public struct ThresholdCalibrator: Sendable, Hashable, Codable {
  /// What is assumed before there is footage.
  public struct Prior: Sendable, Hashable, Codable {
    /// Mean similarity of two looks of one person.
    public var positiveMean: Double
    /// Deviation of the same.
    public var positiveDeviation: Double
    /// Mean similarity of looks of two persons.
    public var negativeMean: Double
    /// Deviation of the same.
    public var negativeDeviation: Double

    /// A prior by its parts; the defaults are those of person-reidentification-retail-0287.
    public init(
      positiveMean: Double = 0.53, positiveDeviation: Double = 0.15, negativeMean: Double = 0.08,
      negativeDeviation: Double = 0.12
    ) {
      self.positiveMean = positiveMean
      self.positiveDeviation = positiveDeviation
      self.negativeMean = negativeMean
      self.negativeDeviation = negativeDeviation
    }
  }

  /// The prior counts as much as so many pairs of either kind.
  public static let priorWeight = 60.0
  /// By so much two looks of one track are more alike than looks of the same person in another camera or at
  /// another time: 0.58 against 0.48 on two overlapping views of PETS 2009 S2.L1 with
  /// person-reidentification-retail-0287.
  public static let withinTrackExcess = 0.1
  /// Looks of one track nearer in time than this are too alike to tell anything.
  public static let minimumSeparation = 1.0

  /// What is assumed before there is footage.
  public let prior: Prior
  /// Pairs of the same person.
  public private(set) var positives = SimilarityDistribution()
  /// Pairs of two persons.
  public private(set) var negatives = SimilarityDistribution()

  /// A calibrator that knows nothing but its prior.
  public init(prior: Prior = Prior()) { self.prior = prior }

  /// Counts a pair of looks of one person.
  public mutating func addPositive(_ similarity: Double, weight: Double = 1) {
    positives.add(similarity, weight: weight)
  }

  /// Counts a pair of looks of two persons.
  public mutating func addNegative(_ similarity: Double, weight: Double = 1) {
    negatives.add(similarity, weight: weight)
  }

  /// Takes back a pair of looks of one person that was counted.
  public mutating func removePositive(_ similarity: Double, weight: Double = 1) {
    positives.remove(similarity, weight: weight)
  }

  /// Takes back a pair of looks of two persons that was counted.
  public mutating func removeNegative(_ similarity: Double, weight: Double = 1) {
    negatives.remove(similarity, weight: weight)
  }

  /// Counts all pairs of looks of one track that lie far enough apart in time.
  public mutating func addTrack(_ looks: [Look]) {
    for left in looks.indices {
      for right in looks.indices
      where right > left && abs(looks[right].time.seconds(since: looks[left].time)) >= Self.minimumSeparation
      {
        addPositive(
          Double(looks[left].embedding.similarity(to: looks[right].embedding)),
          weight: min(looks[left].quality, looks[right].quality))
      }
    }
  }

  /// Counts all pairs of looks of two tracks that were seen at once in one camera.
  public mutating func addCompanions(_ looks: [Look], _ others: [Look]) {
    for left in looks {
      for right in others {
        addNegative(
          Double(left.embedding.similarity(to: right.embedding)), weight: min(left.quality, right.quality))
      }
    }
  }

  private func blended(_ found: SimilarityDistribution, _ mean: Double, _ deviation: Double) -> (
    mean: Double, deviation: Double
  ) {
    let share = found.weight / (found.weight + Self.priorWeight)
    let blendedMean = share * found.mean + (1 - share) * mean
    let variance = share * found.deviation * found.deviation + (1 - share) * deviation * deviation
    return (blendedMean, max(0.03, variance.squareRoot()))
  }

  /// Mean and deviation of looks of one person in different tracks, prior and footage together: what the footage
  /// shows within tracks, less ``withinTrackExcess``.
  public var positive: (mean: Double, deviation: Double) {
    let share = positives.weight / (positives.weight + Self.priorWeight)
    let found = blended(positives, prior.positiveMean, prior.positiveDeviation)
    return (found.mean - share * Self.withinTrackExcess, max(found.deviation, 0.08))
  }

  /// Mean and deviation of pairs of two persons, prior and footage together.
  public var negative: (mean: Double, deviation: Double) {
    blended(negatives, prior.negativeMean, prior.negativeDeviation)
  }

  /// The similarity at which both kinds are equally likely, between the two means.
  public var threshold: Double {
    let same = positive
    let other = negative
    guard same.mean > other.mean + 0.02 else { return same.mean + 0.05 }
    var low = other.mean
    var high = same.mean
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let favoursSame =
        Self.logDensity(middle, same) > Self.logDensity(middle, other)
      if favoursSame { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }

  /// What the calibration would write, with the error rates to expect.
  public func report() -> CalibrationReport {
    let threshold = threshold
    let enough = 50.0
    let measured = positives.weight >= enough && negatives.weight >= enough
    let falseMatch =
      negatives.weight >= enough
      ? negatives.share(atOrAbove: threshold) : Self.upperTail(threshold, negative)
    let falseNonMatch =
      positives.weight >= enough
      ? 1 - positives.share(atOrAbove: threshold + Self.withinTrackExcess)
      : 1 - Self.upperTail(threshold, positive)
    return CalibrationReport(
      positives: positives, negatives: negatives, threshold: threshold, falseMatchRate: falseMatch,
      falseNonMatchRate: falseNonMatch, isMeasured: measured)
  }

  private static func logDensity(_ value: Double, _ normal: (mean: Double, deviation: Double)) -> Double {
    let scaled = (value - normal.mean) / normal.deviation
    return -scaled * scaled / 2 - log(normal.deviation)
  }

  private static func upperTail(_ value: Double, _ normal: (mean: Double, deviation: Double)) -> Double {
    erfc((value - normal.mean) / normal.deviation / 2.0.squareRoot()) / 2
  }
}
