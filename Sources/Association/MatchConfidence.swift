import Foundation
import Gallery
import ThroughlineCore

/// How sure it is that a search found the right person: similarities turned into probabilities with what the
/// footage has taught.
///
/// Beforehand the person is as likely to be in the gallery as not, and then anyone in it alike. A candidate's
/// similarity weighs that by how much likelier it is between looks of one person than of two (see
/// ``ThresholdCalibrator``), and the candidates share what is left: they cannot all be the same person. Two
/// candidates that look alike both get less than one alone would.
public struct MatchConfidence: Sendable {
  /// How likely the person is to be in the gallery before anything is compared.
  public static let presence = 0.5

  private let model: SimilarityModel

  /// The confidence that a calibration gives.
  public init(calibrator: ThresholdCalibrator) {
    model = SimilarityModel(calibrator: calibrator, fixedThreshold: nil)
  }

  /// The probability of each candidate, in their order.
  ///
  /// - Parameters:
  ///   - candidates: the average similarity of the query to all looks that are kept of each, and how many those
  ///     are; all that might be the person, most of all the best ones.
  ///   - queries: how many looks the query has.
  ///   - population: how many identities the gallery holds.
  public func probabilities(
    of candidates: [(similarity: Double, looks: Int)], queries: Int, population: Int
  ) -> [Double] {
    let share = Self.presence / Double(max(1, population, candidates.count))
    let weights = candidates.map { candidate in
      share * exp(model.logRatio(candidate.similarity, looks: (Double(queries), Double(candidate.looks))))
    }
    // Those who were not compared again lie far below: on average their ratio is that of two different persons.
    let others = share * Double(max(0, population - candidates.count)) * exp(SimilarityModel.lowerLimit)
    let total = weights.reduce(0, +) + others + (1 - Self.presence)
    return weights.map { $0 / total }
  }
}
