import ThroughlineCore

/// Where the head of a person is, judged by the box of the body alone. Rather too large than too small.
///
/// An adult's stature is 7.5 heads, the shoulders are about 2 heads wide, a head is about 0.75 as wide as high
/// (R. Drillis, R. Contini, "Body segment parameters", 1966); a walking person's box is 0.3 to 0.5 as wide as high.
enum HeadRegion {
  /// The region to cover in a picture of that size.
  static func region(of box: BoundingBox, in size: PictureSize) -> BoundingBox {
    let edge = max(2, 0.01 * Double(max(size.width, size.height)))
    let isCutBelow = box.maxY >= Double(size.height) - edge
    let isCutAside = box.minX <= edge || box.maxX >= Double(size.width) - edge
    let ratio = box.width / box.height

    var height: Double
    if isCutBelow {
      // Part of a body: its height says little, the shoulders' width much, unless that is cut off as well.
      height = max((isCutAside ? 0.6 : 0.35) * box.height, 0.9 * box.width)
    } else if ratio < 0.5 {
      height = min(max(0.75 * box.width, 0.2 * box.height), 0.35 * box.height)
    } else if ratio < 1 {
      // Sitting, bent, or with the arms stretched out: the wider, the less the box says about where the head is.
      height = (0.35 + 0.3 * (ratio - 0.5)) * box.height
    } else {
      // Lying or crouching: the head may be anywhere.
      height = box.height
    }
    height = min(height, box.height)
    let width = max(1.2 * box.width, 0.26 * box.height)
    // Boxes of detectors end at the hairline as often as above it, and hats are not persons.
    let above = 0.25 * height
    return BoundingBox(
      x: box.centerX - width / 2, y: box.minY - above, width: width, height: height + above)
  }

  /// How far a face's centre lies from where the person's head is expected, in units of the region's size; below
  /// 0.5 in both directions it is inside. `nil` where this cannot be the person's face.
  static func distance(of face: BoundingBox, from box: BoundingBox, in size: PictureSize) -> Double? {
    let head = region(of: box, in: size)
    let deltaX = abs(face.centerX - head.centerX) / head.width
    let deltaY = abs(face.centerY - head.centerY) / head.height
    guard deltaX <= 0.5, deltaY <= 0.5, face.width <= head.width, face.height <= 1.2 * head.height else {
      return nil
    }
    // A face is about 0.1 of the stature high; one much smaller is somebody else's, far behind, or half a face.
    guard face.height >= 0.05 * box.height, face.width >= 0.03 * box.height else { return nil }
    return deltaX + deltaY
  }
}
