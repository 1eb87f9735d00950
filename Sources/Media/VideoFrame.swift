import Imaging
import ThroughlineCore

/// One decoded picture of one camera.
public struct VideoFrame: Sendable {
  /// The camera.
  public let camera: CameraName
  /// Counted up from 1 within the source, over loops and reconnections.
  public let number: UInt64
  /// When the picture was taken; rises from frame to frame. Cameras: by their own clock where their RTCP sender reports
  /// tell it, else the wall clock at arrival. Files: the start plus the time in the file.
  public let captureTime: Timestamp
  /// The wall clock when the frame was handed over, to measure delays from.
  public let arrivalTime: Timestamp
  /// The pixels, as the decoder left them.
  public let picture: Picture
  /// Whether the frame follows a cut: the file began again, or the camera was lost and came back.
  public let isDiscontinuity: Bool

  /// A frame by its parts.
  public init(
    camera: CameraName, number: UInt64, captureTime: Timestamp, arrivalTime: Timestamp? = nil,
    picture: Picture,
    isDiscontinuity: Bool = false
  ) {
    self.camera = camera
    self.number = number
    self.captureTime = captureTime
    self.arrivalTime = arrivalTime ?? captureTime
    self.picture = picture
    self.isDiscontinuity = isDiscontinuity
  }
}
