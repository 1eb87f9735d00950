import ThroughlineCore

/// Boxes for the moments at which a person was there and was not seen.
///
/// Who is seen before and shortly after was on the straight way between the two, as far as anybody can tell afterwards:
/// hidden by somebody, or missed by the detector. Boxes are interpolated linearly, as ByteTrack's authors do it for the
/// benchmarks (Y. Zhang et al., ECCV 2022). For results that are written at the end; while it goes on nobody knows who
/// will be found again.
public struct GapFilling: Sendable, Hashable {
  /// The longest time without being seen that is filled, in seconds; 0 fills nothing.
  public var longest: Double
  /// How fast a person may move, in body heights per second; who would have been faster was somewhere else meanwhile.
  public var topSpeed: Double

  /// Rules; the defaults are the tracker's: how long it keeps who is lost, and how fast a person may move.
  public init(
    longest: Double = TrackerSettings().keepLost, topSpeed: Double = TrackerSettings().topSpeed
  ) {
    self.longest = longest
    self.topSpeed = topSpeed
  }

  /// Where a person was seen.
  public struct Observation: Sendable, Hashable {
    /// The frame's number in its camera.
    public var frame: Int
    /// Its time.
    public var time: Timestamp
    /// In pixels.
    public var box: BoundingBox

    /// An observation by its parts.
    public init(frame: Int, time: Timestamp, box: BoundingBox) {
      self.frame = frame
      self.time = time
      self.box = box
    }
  }

  /// The most frames that are filled at once, whatever their times say.
  private static let mostFrames = 1000

  /// The boxes of the frames between two observations of one person in one camera.
  ///
  /// - Returns: nothing where the gap is too long or the way too far.
  public func boxes(
    between first: Observation, and second: Observation
  ) -> [(frame: Int, box: BoundingBox)] {
    let frames = second.frame.subtractingReportingOverflow(first.frame)
    let seconds = second.time.seconds(since: first.time)
    guard !frames.overflow, (2...Self.mostFrames).contains(frames.partialValue), seconds > 0,
      seconds <= longest
    else { return [] }
    let across = second.box.centerX - first.box.centerX
    let down = second.box.centerY - first.box.centerY
    let height = (first.box.height + second.box.height) / 2
    // Half a body height is what two boxes of somebody who stands differ by, at worst.
    guard (across * across + down * down).squareRoot() <= height * (0.5 + topSpeed * seconds) else {
      return []
    }
    return (1..<frames.partialValue).map { step in
      let share = Double(step) / Double(frames.partialValue)
      func between(_ path: KeyPath<BoundingBox, Double>) -> Double {
        first.box[keyPath: path] * (1 - share) + second.box[keyPath: path] * share
      }
      return (
        first.frame + step,
        BoundingBox(x: between(\.x), y: between(\.y), width: between(\.width), height: between(\.height))
      )
    }
  }
}
