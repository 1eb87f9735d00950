import ThroughlineCore

/// A sample of fixed size of a stream of numbers, in which every number of the stream has had the same chance to
/// stay (J. Vitter, "Random sampling with a reservoir", 1985, algorithm R).
public struct Reservoir: Sendable {
  /// The most numbers that are kept.
  public let capacity: Int
  /// How many numbers have come.
  public private(set) var count: UInt64 = 0
  /// The greatest number that has come; 0 before the first.
  public private(set) var maximum: Double = 0
  private var values: [Double] = []
  private var random: SplitMix64

  /// An empty reservoir; the same seed and numbers give the same sample.
  public init(capacity: Int = 512, seed: UInt64 = 1) {
    self.capacity = max(1, capacity)
    random = SplitMix64(seed: seed)
  }

  /// Takes note of a number; one that is not finite is passed over.
  public mutating func add(_ value: Double) {
    guard value.isFinite else { return }
    maximum = count == 0 ? value : max(maximum, value)
    count += 1
    if values.count < capacity {
      values.append(value)
    } else {
      let place = random.next() % count
      if place < UInt64(capacity) { values[Int(place)] = value }
    }
  }

  /// The number below which a share of the sample lies (nearest rank); `nil` before the first number.
  public func percentile(_ share: Double) -> Double? {
    guard !values.isEmpty else { return nil }
    let rank = Int((min(max(share, 0), 1) * Double(values.count)).rounded(.up))
    return values.sorted()[max(0, rank - 1)]
  }
}
