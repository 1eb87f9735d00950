import ThroughlineCore

/// Where the pixels of a source picture went in a network's input: per axis a scale and an offset.
///
/// `network = source * scale + offset`, in pixels, edges between pixels.
public struct LetterboxTransform: Hashable, Sendable {
  /// Network pixels per source pixel along x.
  public let scaleX: Double
  /// Network pixels per source pixel along y.
  public let scaleY: Double
  /// Where the source's left edge lies in the network's input.
  public let offsetX: Double
  /// Where the source's top edge lies in the network's input.
  public let offsetY: Double

  /// A transform by its parts; scales are greater than 0.
  public init(scaleX: Double, scaleY: Double, offsetX: Double, offsetY: Double) {
    self.scaleX = scaleX
    self.scaleY = scaleY
    self.offsetX = offsetX
    self.offsetY = offsetY
  }

  /// The transform that maps one rectangle of the source onto one of the network's input.
  init(from source: PixelRectangle, to destination: PixelRectangle) {
    scaleX = Double(destination.width) / Double(source.width)
    scaleY = Double(destination.height) / Double(source.height)
    offsetX = Double(destination.x) - Double(source.x) * scaleX
    offsetY = Double(destination.y) - Double(source.y) * scaleY
  }

  /// A box in network pixels as one in source pixels.
  public func toSource(_ box: BoundingBox) -> BoundingBox {
    BoundingBox(
      x: (box.x - offsetX) / scaleX, y: (box.y - offsetY) / scaleY, width: box.width / scaleX,
      height: box.height / scaleY)
  }

  /// A box in source pixels as one in network pixels.
  public func toNetwork(_ box: BoundingBox) -> BoundingBox {
    BoundingBox(
      x: box.x * scaleX + offsetX, y: box.y * scaleY + offsetY, width: box.width * scaleX,
      height: box.height * scaleY)
  }
}
