import Imaging
import ThroughlineCore

/// A frame that is fit to leave the process. Sinks take nothing else, and only an ``Anonymizer`` can make one.
public struct AnonymizedFrame: Sendable {
  /// The camera that took it.
  public let camera: CameraName
  /// The frame's number in its camera, from 1.
  public let number: UInt64
  /// When it was taken.
  public let captureTime: Timestamp
  /// The pixels (I420), covered and annotated.
  public let picture: Picture
  /// What was covered; empty for a frame that was withheld or left open.
  public let regions: [CoveredRegion]
  /// In which way it is fit to leave.
  public let status: PrivacyStatus

  init(
    camera: CameraName, number: UInt64, captureTime: Timestamp, picture: Picture, regions: [CoveredRegion],
    status: PrivacyStatus
  ) {
    self.camera = camera
    self.number = number
    self.captureTime = captureTime
    self.picture = picture
    self.regions = regions
    self.status = status
  }

  /// Whether all of the picture was made unrecognisable because the faces were not known.
  public var isWithheld: Bool {
    if case .withheld = status { true } else { false }
  }

  /// The whole frame as a still.
  public var still: AnonymizedPicture { AnonymizedPicture(picture: picture, status: status) }

  /// A part of the frame, for a report or a thumbnail; the pixels are not copied.
  ///
  /// - Parameter box: in pixels; what reaches over the edge is cut off, and edges move to even pixels.
  /// - Returns: `nil` where the box has no part in the picture.
  public func crop(_ box: BoundingBox) -> AnonymizedPicture? {
    picture.cropped(to: box).map { AnonymizedPicture(picture: $0, status: status) }
  }

  /// The frame in memory of its own: a pool's is bounded, and who keeps frames must not let it run dry.
  public func copied() throws(ImagingError) -> AnonymizedFrame {
    AnonymizedFrame(
      camera: camera, number: number, captureTime: captureTime,
      picture: try PictureBuffer(copying: picture).freeze(), regions: regions, status: status)
  }

  /// The frame as a JPEG file.
  public func jpeg(quality: Int = 80) throws(ImagingError) -> [UInt8] {
    try JPEG.encode(picture, quality: quality)
  }
}

/// A still that is fit to leave the process: all or a part of an ``AnonymizedFrame``.
public struct AnonymizedPicture: Sendable {
  /// The pixels (I420).
  public let picture: Picture
  /// In which way it is fit to leave.
  public let status: PrivacyStatus

  init(picture: Picture, status: PrivacyStatus) {
    self.picture = picture
    self.status = status
  }

  /// The picture made smaller, keeping its proportions, so that it fits into a size; never enlarged.
  public func scaled(toFit limit: PictureSize) throws(ImagingError) -> AnonymizedPicture {
    let size = picture.size
    let scale = min(1, Double(limit.width) / Double(size.width), Double(limit.height) / Double(size.height))
    guard scale < 1 else { return self }
    let target = PictureSize(
      width: max(2, Int((Double(size.width) * scale).rounded(.down))),
      height: max(2, Int((Double(size.height) * scale).rounded(.down))))
    let buffer = try PictureBuffer(size: target, matrix: picture.matrix)
    try PictureScaler().draw(picture, into: buffer, rectangle: PixelRectangle(target))
    return AnonymizedPicture(picture: buffer.freeze(), status: status)
  }

  /// The still as a JPEG file.
  public func jpeg(quality: Int = 80) throws(ImagingError) -> [UInt8] {
    try JPEG.encode(picture, quality: quality)
  }
}
