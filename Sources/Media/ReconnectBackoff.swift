import ThroughlineCore

/// The delays between attempts to reach a camera: doubled from failure to failure and spread by chance, so that many
/// cameras do not come back in one moment.
public struct ReconnectBackoff: Sendable {
  /// The delay after the first failure, in seconds.
  public var minimum: Double
  /// The longest delay, in seconds.
  public var maximum: Double
  private var random: SplitMix64
  private var failures = 0

  /// - Parameters:
  ///   - minimum: the delay after the first failure, in seconds.
  ///   - maximum: the longest delay, in seconds.
  ///   - seed: makes the same delays again; `nil` takes a seed by chance.
  public init(minimum: Double = 1, maximum: Double = 30, seed: UInt64? = nil) {
    self.minimum = max(0, minimum)
    self.maximum = max(self.minimum, maximum)
    random = SplitMix64(seed: seed ?? UInt64.random(in: .min ... .max))
  }

  /// The delay before the next attempt, between the minimum and the maximum.
  public mutating func next() -> Double {
    let ceiling = min(maximum, minimum * Double(1 << min(failures, 20)))
    failures += 1
    return min(maximum, max(minimum, ceiling * Double.random(in: 0.5...1, using: &random)))
  }

  /// The longest delay with its spread, for failures that a quick attempt cannot mend.
  public mutating func longest() -> Double {
    failures += 1
    return max(minimum, maximum * Double.random(in: 0.5...1, using: &random))
  }

  /// After a success: begins with the shortest delay again.
  public mutating func reset() { failures = 0 }
}
