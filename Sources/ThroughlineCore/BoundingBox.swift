/// An axis-parallel rectangle in the pixels of the source picture: origin at the top left corner, x to the
/// right, y down. Edges lie between pixels, so a box covering the whole of a 640x480 picture is
/// `(0, 0, 640, 480)`.
public struct BoundingBox: Hashable, Sendable, Codable {
  /// Left edge in pixels.
  public var x: Double
  /// Top edge in pixels.
  public var y: Double
  /// Width in pixels.
  public var width: Double
  /// Height in pixels.
  public var height: Double

  /// A box by its left top corner and its size.
  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// A box by its four edges.
  public init(left: Double, top: Double, right: Double, bottom: Double) {
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }

  /// A box by its centre and its size.
  public init(centerX: Double, centerY: Double, width: Double, height: Double) {
    self.init(x: centerX - width / 2, y: centerY - height / 2, width: width, height: height)
  }

  /// Left edge.
  public var minX: Double { x }
  /// Top edge.
  public var minY: Double { y }
  /// Right edge.
  public var maxX: Double { x + width }
  /// Bottom edge.
  public var maxY: Double { y + height }
  /// Centre along x.
  public var centerX: Double { x + width / 2 }
  /// Centre along y.
  public var centerY: Double { y + height / 2 }
  /// Area in square pixels; 0 for a degenerate box.
  public var area: Double { max(0, width) * max(0, height) }
  /// Whether all four numbers are finite and both sides are longer than 0.
  public var isValid: Bool {
    x.isFinite && y.isFinite && width.isFinite && height.isFinite && width > 0 && height > 0
  }

  /// The area that both boxes cover, in square pixels.
  public func intersectionArea(with other: BoundingBox) -> Double {
    let overlapWidth = min(maxX, other.maxX) - max(minX, other.minX)
    let overlapHeight = min(maxY, other.maxY) - max(minY, other.minY)
    return overlapWidth > 0 && overlapHeight > 0 ? overlapWidth * overlapHeight : 0
  }

  /// Intersection over union, 0...1.
  public func intersectionOverUnion(with other: BoundingBox) -> Double {
    let intersection = intersectionArea(with: other)
    let union = area + other.area - intersection
    return union > 0 ? intersection / union : 0
  }

  /// The share of this box that the other one covers, 0...1.
  public func coverage(by other: BoundingBox) -> Double {
    area > 0 ? intersectionArea(with: other) / area : 0
  }

  /// The smallest box that holds both.
  public func union(with other: BoundingBox) -> BoundingBox {
    BoundingBox(
      left: min(minX, other.minX), top: min(minY, other.minY), right: max(maxX, other.maxX),
      bottom: max(maxY, other.maxY))
  }

  /// The part of the box inside a picture; a box that lies outside becomes one without area.
  public func clipped(to size: PictureSize) -> BoundingBox {
    let left = min(max(minX, 0), Double(size.width))
    let top = min(max(minY, 0), Double(size.height))
    let right = min(max(maxX, left), Double(size.width))
    let bottom = min(max(maxY, top), Double(size.height))
    return BoundingBox(left: left, top: top, right: max(right, left), bottom: max(bottom, top))
  }

  /// The box grown on every side by a share of its own width and height; negative shares shrink it.
  public func expanded(byShareOfWidth horizontal: Double, height vertical: Double) -> BoundingBox {
    BoundingBox(
      x: x - width * horizontal, y: y - height * vertical, width: width * (1 + 2 * horizontal),
      height: height * (1 + 2 * vertical))
  }

  /// The box moved by a vector in pixels.
  public func offset(x deltaX: Double, y deltaY: Double) -> BoundingBox {
    BoundingBox(x: x + deltaX, y: y + deltaY, width: width, height: height)
  }
}

/// The size of a picture in pixels.
public struct PictureSize: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Pixels per row.
  public var width: Int
  /// Rows.
  public var height: Int

  /// A size by its sides in pixels.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// The box that covers the whole picture.
  public var bounds: BoundingBox { BoundingBox(x: 0, y: 0, width: Double(width), height: Double(height)) }

  /// `1920x1080`.
  public var description: String { "\(width)x\(height)" }
}
