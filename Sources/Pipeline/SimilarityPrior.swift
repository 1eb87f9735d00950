import Association
import ThroughlineCore

/// What is known beforehand about the similarities that a network gives, until the footage itself says more.
public enum SimilarityPrior {
  /// The prior of a network; that of person-reidentification-retail-0287 where a network has none of its own.
  static func of(_ network: EmbeddingNetwork) -> ThresholdCalibrator.Prior { of(networkNamed: network.name) }

  /// The same by the network's name in the zoo.
  public static func of(networkNamed name: String) -> ThresholdCalibrator.Prior {
    switch name {
    case "throughline-reid-s", "throughline-reid-s-int8":
      // CUHK01 across cameras (Models/weights/throughline-reid-s.md): same person 0.58, 5 % below 0.29; different
      // persons 0.22, 1 % above 0.57.
      ThresholdCalibrator.Prior(
        positiveMean: 0.58, positiveDeviation: 0.16, negativeMean: 0.22, negativeDeviation: 0.12)
    case "throughline-reid-m", "throughline-reid-m-int8":
      // CUHK01 across cameras (Models/weights/throughline-reid-m.md): same person 0.59, 5 % below 0.33; different
      // persons 0.22, 1 % above 0.56.
      ThresholdCalibrator.Prior(
        positiveMean: 0.59, positiveDeviation: 0.15, negativeMean: 0.22, negativeDeviation: 0.12)
    default: ThresholdCalibrator.Prior()
    }
  }
}
