import ThroughlineCore

/// Why a picture could not be described, scaled, encoded or decoded.
public enum ImagingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A side is shorter than 1 or longer than ``PictureLimits`` allows.
  case unsupportedSize(width: Int, height: Int)
  /// The planes that were handed over do not hold a picture of that size and format.
  case planesTooSmall(plane: Int, format: PixelFormat, size: PictureSize)
  /// The number of planes does not belong to the format.
  case wrongPlaneCount(found: Int, format: PixelFormat)
  /// Two pictures that must have one size have two.
  case sizeMismatch(expected: PictureSize, found: PictureSize)
  /// The region holds NaN or infinity, has no area, or lies outside of the picture.
  case invalidRegion(BoundingBox, size: PictureSize)
  /// The memory for the tensor has another number of elements than the specification asks for.
  case tensorSize(expected: Int, found: Int)
  /// The specification of a network's input cannot be met.
  case invalidSpecification(String)
  /// The picture is too small or too large to be de-warped.
  case cannotDewarp(PictureSize)
  /// The pool has given out as many pictures as it may.
  case poolExhausted(limit: Int)
  /// The bytes are no JPEG picture, or a damaged one.
  case notJPEG(String)
  /// A JPEG picture of a kind that is not read.
  case unsupportedJPEG(String)
  /// The picture could not be written as JPEG.
  case encodingFailed(String)

  /// One line that names the thing and the mend.
  public var description: String {
    switch self {
    case .unsupportedSize(let width, let height):
      """
      a picture of \(width)x\(height) pixels is not supported; sides of 1 to \(PictureLimits.maximumSide) and at \
      most \(PictureLimits.maximumPixels) pixels are
      """
    case .planesTooSmall(let plane, let format, let size):
      "plane \(plane) is too small for a picture of \(size) in \(format.rawValue)"
    case .wrongPlaneCount(let found, let format):
      "\(found) planes were given where \(format.rawValue) has \(format.planeCount)"
    case .sizeMismatch(let expected, let found):
      "a picture of \(found) where one of \(expected) is needed; scale it first"
    case .invalidRegion(let box, let size):
      "the region x \(box.x), y \(box.y), \(box.width)x\(box.height) has no part in a picture of \(size)"
    case .tensorSize(let expected, let found):
      "the input tensor has \(found) elements where the picture needs \(expected); check the model's input shape"
    case .invalidSpecification(let reason):
      "the model's input specification cannot be met: \(reason)"
    case .cannotDewarp(let size):
      "a picture of \(size) cannot be de-warped, sides of 16 to \(Dewarper.maximumSide) pixels can; leave lens.model out"
    case .poolExhausted(let limit):
      "all \(limit) pictures of the pool are in use; a consumer is too slow or keeps them"
    case .notJPEG(let reason):
      "no readable JPEG picture: \(reason)"
    case .unsupportedJPEG(let reason):
      "a JPEG picture of a kind that is not read (\(reason)); save it as an ordinary colour or grey JPEG"
    case .encodingFailed(let reason):
      "the picture could not be written as JPEG: \(reason)"
    }
  }
}

/// The largest pictures that are accepted; a header that claims more is refused before memory is taken.
public enum PictureLimits {
  /// The longest side in pixels.
  public static let maximumSide = 16384
  /// The greatest number of pixels, 8192 x 8192.
  public static let maximumPixels = 1 << 26

  static func check(_ size: PictureSize) throws(ImagingError) {
    guard (1...maximumSide).contains(size.width), (1...maximumSide).contains(size.height),
      size.width * size.height <= maximumPixels
    else { throw .unsupportedSize(width: size.width, height: size.height) }
  }
}
