import Imaging
import ThroughlineCore

/// Something that is drawn into a picture after its faces have been covered.
public struct Annotation: Hashable, Sendable {
  /// The box to outline, in pixels of the source picture.
  public var box: BoundingBox
  /// One line of text above the box; empty for none.
  public var label: String
  /// Which colour of the ``Palette``; the same number always has the same colour.
  public var color: Int
  /// Whether the outline is dashed: for boxes that were predicted rather than seen.
  public var isDashed: Bool

  /// An annotation by its parts.
  public init(box: BoundingBox, label: String, color: Int, isDashed: Bool = false) {
    self.box = box
    self.label = label
    self.color = color
    self.isDashed = isDashed
  }
}

extension PictureBuffer {
  /// Dots of text in pixels, so that it can be read at the picture's size.
  var textScale: Int { max(1, min(size.width, size.height) / 360) }

  func draw(_ annotations: [Annotation]) {
    let thickness = max(1, min(size.width, size.height) / 270)
    for annotation in annotations where annotation.box.isValid {
      stroke(
        annotation.box, thickness: thickness, Palette.color(annotation.color, matrix: matrix),
        isDashed: annotation.isDashed)
    }
    for annotation in annotations where annotation.box.isValid && !annotation.label.isEmpty {
      label(
        annotation.label, x: annotation.box.minX, bottom: annotation.box.minY, scale: textScale,
        Palette.color(annotation.color, matrix: matrix))
    }
  }

  /// Says at the left top corner why the picture is not as usual.
  func mark(_ text: String) {
    label(
      text, x: 0, bottom: 0, scale: textScale, matrix.color(red: 200, green: 20, blue: 20))
  }
}
