/// Decides whether a figure that was looked at again and again during a long run has grown.
///
/// What comes after the warm-up is cut into thirds, and the median of the last one is compared with that of the first one:
/// what goes up and comes down again within a third is no growth, what stays is.
struct GrowthJudge: Sendable {
  /// A figure at a moment.
  struct Look: Sendable {
    /// Seconds since the beginning.
    var seconds: Double
    var value: Double
  }

  /// What may be.
  struct Allowance: Sendable {
    /// Growth as a share of the first median.
    var share = 0.0
    /// Growth in the figure's own unit, beside the share.
    var amount = 0.0
    /// Growth for each second between the two medians, in the figure's own unit: no more than this where it is measured
    /// for ``longRun`` or longer, whatever the share allows. In a short run noise would look like a rate.
    var rate: Double?
  }

  /// From so many seconds on a rate is judged.
  static let longRun = 900.0
  /// The warm-up is this share of the run where nobody says otherwise.
  static let warmUpShare = 1.0 / 6
  /// But no longer than this, in seconds.
  static let longestWarmUp = 600.0

  /// The warm-up of a run of so many seconds where nobody says otherwise.
  static func warmUp(of seconds: Double) -> Double { min(longestWarmUp, seconds * warmUpShare) }

  /// What was seen after the warm-up: the medians of the three thirds.
  let medians: [Double]
  /// How long was judged, in seconds.
  let judged: Double

  /// - Parameters:
  ///   - warmUp: seconds at the beginning that are not judged.
  ///   - end: seconds since the beginning at which the run ended.
  init(_ looks: [Look], warmUp: Double, end: Double) {
    judged = max(0, end - warmUp)
    let third = judged / 3
    medians = (0..<3).map { index in
      let begin = warmUp + Double(index) * third
      let values = looks.filter { $0.seconds >= begin && $0.seconds <= begin + third }.map(\.value).sorted()
      return values.isEmpty ? 0 : values[values.count / 2]
    }
  }

  /// From the median of the first third to that of the last one.
  var growth: Double { medians[2] - medians[0] }

  /// Whether the figure has grown by more than it may.
  func hasGrown(_ allowance: Allowance) -> Bool {
    var limit = medians[0] * allowance.share + allowance.amount
    // The middles of the first and of the last third are two thirds apart.
    if let rate = allowance.rate, judged >= Self.longRun { limit = min(limit, rate * judged * 2 / 3) }
    return growth > limit
  }
}
