import Foundation

extension CalibrationReport {
  /// The distributions as bars, the threshold and the error rates, for a person.
  public var text: String {
    let step = 5
    let width = 30
    func bars(_ distribution: SimilarityDistribution) -> [Double] {
      stride(from: 0, to: SimilarityDistribution.binCount, by: step).map { first in
        distribution.weight > 0
          ? distribution.bins[first..<min(first + step, SimilarityDistribution.binCount)].reduce(0, +)
            / distribution.weight : 0
      }
    }
    let same = bars(positives)
    let other = bars(negatives)
    let highest = max(0.01, (same + other).max() ?? 0)
    func bar(_ share: Double) -> String {
      let count = Int((share / highest * Double(width)).rounded())
      return String(repeating: "#", count: count) + String(repeating: " ", count: width - count)
    }
    var lines = [
      "similarity      \("same person".padding(toLength: width, withPad: " ", startingAt: 0))  two persons"
    ]
    for index in same.indices where same[index] > 0 || other[index] > 0 {
      let low = -1 + 2 * Double(index * step) / Double(SimilarityDistribution.binCount)
      let high = low + 2 * Double(step) / Double(SimilarityDistribution.binCount)
      let mark = low <= threshold && threshold < high ? "*" : " "
      let line =
        String(format: "%5.2f to %5.2f %@ ", low, high, mark) + bar(same[index]) + "  " + bar(other[index])
      lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
    }
    lines.append(
      String(
        format: "same person: %.0f pairs, mean %.2f, deviation %.2f", positives.weight, positives.mean,
        positives.deviation))
    lines.append(
      String(
        format: "two persons: %.0f pairs, mean %.2f, deviation %.2f", negatives.weight, negatives.mean,
        negatives.deviation))
    lines.append(
      String(
        format:
          "threshold %.3f (*): %.1f %% of single looks of two persons above it, %.1f %% of one person below it%@",
        threshold, falseMatchRate * 100, falseNonMatchRate * 100,
        isMeasured ? "" : " (estimated: too few pairs, what is known of the network counts)"))
    return lines.joined(separator: "\n") + "\n"
  }
}
