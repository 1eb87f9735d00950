/// A moment in time: nanoseconds since 1970-01-01T00:00:00Z.
///
/// Time stamps, never frame counts, drive the tracker and everything after it. Nothing in the core reads a
/// clock: every moment comes in with the frame that it belongs to.
public struct Timestamp: Hashable, Sendable, Comparable, Codable {
  /// Nanoseconds since the Unix epoch.
  public var nanoseconds: Int64

  /// A moment by its nanoseconds since the Unix epoch.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// A moment by its seconds since the Unix epoch; values that do not fit are clamped, NaN becomes the epoch.
  public init(seconds: Double) {
    let scaled = (seconds * 1e9).rounded()
    if scaled.isNaN {
      nanoseconds = 0
    } else if scaled >= 9.2e18 {
      nanoseconds = 9_200_000_000_000_000_000
    } else if scaled <= -9.2e18 {
      nanoseconds = -9_200_000_000_000_000_000
    } else {
      nanoseconds = Int64(scaled)
    }
  }

  /// Seconds since the Unix epoch.
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Seconds from `other` to this moment; negative where this one is earlier.
  public func seconds(since other: Timestamp) -> Double {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return overflow ? seconds - other.seconds : Double(difference) / 1e9
  }

  /// This moment moved by a number of seconds.
  public func advanced(bySeconds delta: Double) -> Timestamp {
    let step = Timestamp(seconds: delta)
    let (sum, overflow) = nanoseconds.addingReportingOverflow(step.nanoseconds)
    return overflow ? Timestamp(seconds: seconds + delta) : Timestamp(nanoseconds: sum)
  }

  /// Orders moments in time.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Decodes a number of seconds since the Unix epoch.
  public init(from decoder: any Decoder) throws {
    self.init(seconds: try decoder.singleValueContainer().decode(Double.self))
  }

  /// Encodes the moment as a number of seconds since the Unix epoch.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(seconds)
  }
}
