import Reidentification
import ThroughlineCore

/// Everything that the networks say about one frame of one camera, before any tracking.
public struct FrameObservation: Sendable {
  /// The camera.
  public var camera: CameraName
  /// The frame, counted from 1 in its camera.
  public var number: UInt64
  /// Its capture time.
  public var time: Timestamp
  /// The picture's size in pixels.
  public var size: PictureSize
  /// What was detected, every person embedded.
  public var crops: [ObservedCrop]
  /// Whether the frame follows a cut: the file began again, or the camera was lost and came back.
  public var isCut = false
}
