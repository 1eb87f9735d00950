/// How a tracker decides. Times are in seconds, so that the same settings hold at any frame rate.
///
/// Values outside a sensible range are used as the nearest sensible one; NaN is used as the default.
public struct TrackerSettings: Sendable, Hashable {
  /// The score from which a detection takes part in the first matching, 0...1.
  public var highScore = 0.4
  /// The score from which a detection may keep a known track going, 0...1 (ByteTrack's second matching).
  public var lowScore = 0.1
  /// The score from which an unmatched detection begins a track, 0...1.
  public var newScore = 0.4

  /// How long a track that is not yet believed is kept without being seen, in seconds.
  public var keepNew = 0.3
  /// How long a believed track stays tracked without being seen, in seconds.
  public var keepTracked = 0.5
  /// How long a lost track can still be found again under its number, in seconds after it was lost.
  public var keepLost = 2.0
  /// How often a track must have been seen before it is believed.
  public var sightingsToConfirm = 2

  /// The least overlap (intersection over union) of a prediction and a detection with a high score.
  public var firstOverlap = 0.25
  /// The least overlap of a prediction and a detection with a low score.
  public var secondOverlap = 0.4
  /// The least overlap of a track's last observation and a detection (OC-SORT's recovery).
  public var recoveryOverlap = 0.4
  /// The least overlap of a not yet believed track and a detection.
  public var tentativeOverlap = 0.3
  /// The share by which boxes are grown on every side for the last attempt at matching (C-BIoU); helps small
  /// and quick people and low frame rates. 0 leaves the attempt out.
  public var buffer = 0.25
  /// How much a detection that lies against a track's direction of motion costs (OC-SORT's momentum); 0 for nothing.
  public var directionWeight = 0.05
  /// Two tracks, one of which was not seen, are one person from this overlap on.
  public var duplicateOverlap = 0.8
  /// Two detections of one frame are one person from this overlap on.
  public var detectionOverlap = 0.9

  /// The least cosine similarity at which appearance speaks for a pair, -1...1.
  public var appearanceSimilarity = 0.7
  /// How long an appearance is worth comparing, in seconds.
  public var appearanceLifetime = 10.0
  /// How fast a person may move, in body heights per second; limits what appearance alone may join.
  public var topSpeed = 2.0

  /// The standard deviation of a detected box's edges, as a share of the person's height.
  public var measurementNoise = 0.04
  /// The standard deviation of unforeseen acceleration, in body heights per second over the square root of a second.
  public var accelerationNoise = 0.4
  /// The standard deviation of unforeseen displacement, as a share of the height over the square root of a second.
  public var displacementNoise = 0.05

  /// The most tracks that live at once; further persons begin no track until one ends.
  public var maximumTracks = 512
  /// The most detections of one frame that are looked at, best scores first.
  public var maximumDetections = 1024

  /// Settings that work from 5 to 30 frames per second.
  public init() {}

  /// The settings with every value in its sensible range.
  var sanitized: TrackerSettings {
    let standard = TrackerSettings()
    var result = self
    func clamp(_ path: WritableKeyPath<TrackerSettings, Double>, _ range: ClosedRange<Double>) {
      let value = self[keyPath: path]
      result[keyPath: path] =
        value.isNaN ? standard[keyPath: path] : min(max(value, range.lowerBound), range.upperBound)
    }
    for path in [
      \TrackerSettings.highScore, \.lowScore, \.newScore, \.firstOverlap, \.secondOverlap, \.recoveryOverlap,
      \.tentativeOverlap, \.buffer, \.directionWeight, \.duplicateOverlap, \.detectionOverlap,
    ] { clamp(path, 0...1) }
    for path in [\TrackerSettings.keepNew, \.keepTracked, \.keepLost, \.appearanceLifetime] {
      clamp(path, 0...3600)
    }
    clamp(\.appearanceSimilarity, -1...1)
    clamp(\.topSpeed, 0...100)
    clamp(\.measurementNoise, 0.001...1)
    clamp(\.accelerationNoise, 0.001...100)
    clamp(\.displacementNoise, 0...10)
    result.lowScore = min(result.lowScore, result.highScore)
    result.sightingsToConfirm = min(max(sightingsToConfirm, 1), 1000)
    result.maximumTracks = min(max(maximumTracks, 1), 10_000)
    result.maximumDetections = min(max(maximumDetections, 1), 10_000)
    return result
  }
}
