import Imaging
import ThroughlineCore

/// Finds things in pictures. One instance belongs to one thread; a call blocks that thread until it is done.
public protocol Detector: AnyObject {
  /// What is in the picture: boxes in source pixels, clipped to the picture, best score first within a class,
  /// down to the score floor of the detector's settings.
  func detect(_ picture: Picture) throws -> [Detection]
}

/// Which of a network's candidates a detector reports.
public struct DetectorSettings: Hashable, Sendable {
  /// The lowest score that is reported, 0...1. A tracker that also matches weak detections wants it far below
  /// the score at which a detection is believed.
  public var scoreFloor: Double
  /// The highest intersection over union of two reported detections of one class.
  public var overlap: Double
  /// The most detections that are reported per class.
  public var maximumCount: Int
  /// The shortest side of a reported box in source pixels.
  public var minimumSide: Double

  /// Settings by their parts.
  public init(
    scoreFloor: Double = 0.1, overlap: Double = 0.6, maximumCount: Int = 200, minimumSide: Double = 2
  ) {
    self.scoreFloor = scoreFloor
    self.overlap = overlap
    self.maximumCount = maximumCount
    self.minimumSide = minimumSide
  }

  /// For persons: weak ones are kept for the tracker's second stage.
  public static let person = DetectorSettings(scoreFloor: 0.1, overlap: 0.6)
  /// For faces: a floor below the score at which a face is believed, since a face too many that is covered costs
  /// less than one too few.
  public static let face = DetectorSettings(scoreFloor: 0.3, overlap: 0.3)
}
