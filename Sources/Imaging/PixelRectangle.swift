import ThroughlineCore

/// A rectangle of whole pixels inside a picture.
public struct PixelRectangle: Hashable, Sendable {
  /// Left edge.
  public var x: Int
  /// Top edge.
  public var y: Int
  /// Pixels per row.
  public var width: Int
  /// Rows.
  public var height: Int

  /// A rectangle by its corner and size.
  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// The whole of a picture.
  public init(_ size: PictureSize) { self.init(x: 0, y: 0, width: size.width, height: size.height) }

  /// The rectangle as a box.
  public var box: BoundingBox {
    BoundingBox(x: Double(x), y: Double(y), width: Double(width), height: Double(height))
  }

  /// Its size.
  public var size: PictureSize { PictureSize(width: width, height: height) }

  /// The smallest rectangle with even edges (or edges of the picture) that covers the box inside the picture, so
  /// that it takes whole samples of chroma as well.
  ///
  /// - Returns: `nil` where the box is not valid or has no part in the picture.
  public init?(covering box: BoundingBox, in size: PictureSize) {
    guard box.isValid else { return nil }
    let clipped = box.clipped(to: size)
    guard clipped.width > 0, clipped.height > 0 else { return nil }
    let left = Int(clipped.minX.rounded(.down)) & ~1
    let top = Int(clipped.minY.rounded(.down)) & ~1
    let right = min((Int(clipped.maxX.rounded(.up)) + 1) & ~1, size.width)
    let bottom = min((Int(clipped.maxY.rounded(.up)) + 1) & ~1, size.height)
    guard right > left, bottom > top else { return nil }
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }

  /// The rectangle with even edges (or edges of the picture) nearest to the box inside the picture, at least one
  /// chroma sample large.
  ///
  /// - Returns: `nil` where the box is not valid or has no part in the picture.
  public init?(nearest box: BoundingBox, in size: PictureSize) {
    guard box.isValid else { return nil }
    let clipped = box.clipped(to: size)
    guard clipped.width > 0, clipped.height > 0 else { return nil }
    func edges(_ low: Double, _ high: Double, _ length: Int) -> (Int, Int) {
      let lastEven = (length - 1) & ~1
      let first = min(Int((low / 2).rounded()) * 2, lastEven)
      // An edge that lies within a pixel of the picture's own edge means the picture's edge, odd or not.
      let last = high >= Double(length) - 0.5 ? length : min(Int((high / 2).rounded()) * 2, length)
      return (first, last > first ? last : min(first + 2, length))
    }
    let (left, right) = edges(clipped.minX, clipped.maxX, size.width)
    let (top, bottom) = edges(clipped.minY, clipped.maxY, size.height)
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }

  /// The part inside a picture.
  func clipped(to size: PictureSize) -> PixelRectangle? {
    let left = max(x, 0)
    let top = max(y, 0)
    let (farX, overflowX) = x.addingReportingOverflow(width)
    let (farY, overflowY) = y.addingReportingOverflow(height)
    let right = min(overflowX ? Int.max : farX, size.width)
    let bottom = min(overflowY ? Int.max : farY, size.height)
    guard right > left, bottom > top else { return nil }
    return PixelRectangle(x: left, y: top, width: right - left, height: bottom - top)
  }
}
