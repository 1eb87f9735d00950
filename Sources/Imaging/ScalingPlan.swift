import ThroughlineCore

/// Which pixels of the source go to which pixels of the destination.
struct ScalingPlan: Hashable {
  /// Inside the source, with an even origin.
  var source: PixelRectangle
  /// Inside the destination.
  var destination: PixelRectangle

  var transform: LetterboxTransform { LetterboxTransform(from: source, to: destination) }

  /// Plans how a region of a picture fills a destination.
  ///
  /// - Throws: ``ImagingError/invalidRegion(_:size:)`` where the region has no part in the picture.
  init(
    source size: PictureSize, region: BoundingBox, destination: PictureSize, fit: TensorImageSpecification.Fit
  ) throws(ImagingError) {
    guard let source = PixelRectangle(nearest: region, in: size) else {
      throw .invalidRegion(region, size: size)
    }
    self.source = source
    switch fit {
    case .stretch:
      self.destination = PixelRectangle(destination)
    case .letterbox(_, let anchor):
      let scale = min(Double(destination.width) / region.width, Double(destination.height) / region.height)
      let free = (
        x: Double(destination.width) - region.width * scale,
        y: Double(destination.height) - region.height * scale
      )
      let margin =
        anchor == .center ? (x: (free.x / 2).rounded(.down), y: (free.y / 2).rounded(.down)) : (x: 0, y: 0)
      func span(_ low: Double, _ high: Double, _ origin: Double, _ margin: Double, _ length: Int) -> (
        Int, Int
      ) {
        let limit = Double(length)
        let first = min(max(((low - origin) * scale + margin).rounded(), 0), limit - 1)
        let last = min(max(((high - origin) * scale + margin).rounded(), first + 1), limit)
        return (Int(first), Int(last))
      }
      let (left, right) = span(source.box.minX, source.box.maxX, region.minX, margin.x, destination.width)
      let (top, bottom) = span(source.box.minY, source.box.maxY, region.minY, margin.y, destination.height)
      self.destination = PixelRectangle(x: left, y: top, width: right - left, height: bottom - top)
    }
  }
}
