import Foundation
import ThroughlineCore

extension PictureBuffer {
  /// Paints a rectangle of pixels; what lies outside of the picture is left out. Chroma is painted in every sample
  /// that the rectangle touches.
  public func fill(_ rectangle: PixelRectangle, _ color: YUVColor) {
    guard let inside = rectangle.clipped(to: size) else { return }
    withMutablePlanes { luma, chromaU, chromaV in
      luma.part(x: inside.x, y: inside.y, width: inside.width, height: inside.height).fill(color.y)
      let chromaX = inside.x / 2
      let chromaY = inside.y / 2
      let chromaWidth = (inside.x + inside.width + 1) / 2 - chromaX
      let chromaHeight = (inside.y + inside.height + 1) / 2 - chromaY
      chromaU.part(x: chromaX, y: chromaY, width: chromaWidth, height: chromaHeight).fill(color.u)
      chromaV.part(x: chromaX, y: chromaY, width: chromaWidth, height: chromaHeight).fill(color.v)
    }
  }

  /// Draws the outline of a box, inside of its edges.
  ///
  /// - Parameters:
  ///   - box: in pixels; it may reach over the picture's edge. A box that is not valid is not drawn.
  ///   - thickness: in pixels, 1 to 64.
  ///   - isDashed: whether every second stretch is left out.
  public func stroke(_ box: BoundingBox, thickness: Int, _ color: YUVColor, isDashed: Bool = false) {
    guard box.isValid else { return }
    // A margin beyond the picture keeps edges that lie outside out of sight, and the numbers small.
    let far = Double(PictureLimits.maximumSide)
    let left = Int(min(max(box.minX, -far), 2 * far).rounded())
    let top = Int(min(max(box.minY, -far), 2 * far).rounded())
    let right = Int(min(max(box.maxX, -far), 2 * far).rounded())
    let bottom = Int(min(max(box.maxY, -far), 2 * far).rounded())
    guard right > left, bottom > top else { return }
    let line = min(max(thickness, 1), 64, max(1, (right - left) / 2), max(1, (bottom - top) / 2))
    let dash = isDashed ? max(6, 4 * line) : Int.max
    func horizontal(_ y: Int) {
      forEachDash(from: left, to: right, dash) {
        fill(PixelRectangle(x: $0, y: y, width: $1, height: line), color)
      }
    }
    func vertical(_ x: Int) {
      forEachDash(from: top, to: bottom, dash) {
        fill(PixelRectangle(x: x, y: $0, width: line, height: $1), color)
      }
    }
    horizontal(top)
    horizontal(bottom - line)
    vertical(left)
    vertical(right - line)
  }

  /// Draws a straight line with square ends from one point to another, in pixels; points that are not finite draw
  /// nothing.
  public func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), thickness: Int, _ color: YUVColor
  ) {
    let far = Double(PictureLimits.maximumSide)
    let values = [start.x, start.y, end.x, end.y]
    guard values.allSatisfy({ $0.isFinite && abs($0) <= 2 * far }) else { return }
    let steps = max(1, Int(max(abs(end.x - start.x), abs(end.y - start.y)).rounded(.up)))
    let width = min(max(thickness, 1), 64)
    for step in 0...steps {
      let share = Double(step) / Double(steps)
      let x = Int((start.x + (end.x - start.x) * share).rounded()) - width / 2
      let y = Int((start.y + (end.y - start.y) * share).rounded()) - width / 2
      fill(PixelRectangle(x: x, y: y, width: width, height: width), color)
    }
  }

  /// Writes text with the built-in dot font. Letters with marks lose the marks; what the font does not have shows
  /// as a hollow box. At most 256 characters are drawn.
  ///
  /// - Parameters:
  ///   - text: one line.
  ///   - x: left edge of the first character.
  ///   - y: top edge of the capitals.
  ///   - scale: how many pixels a dot is wide, 1 to 32.
  public func text(_ text: String, x: Int, y: Int, scale: Int, _ color: YUVColor) {
    let dot = min(max(scale, 1), 32)
    let glyphs = BitmapFont.glyphs(for: text)
    let near = -2 * PictureLimits.maximumSide...2 * PictureLimits.maximumSide
    guard near.contains(x), near.contains(y) else { return }
    for (index, glyph) in glyphs.enumerated() {
      let left = x + index * BitmapFont.advance * dot
      guard left < size.width else { return }
      for row in 0..<BitmapFont.height {
        var column = 0
        while column < BitmapFont.width {
          guard glyph.isSet(column: column, row: row) else {
            column += 1
            continue
          }
          let first = column
          while column < BitmapFont.width, glyph.isSet(column: column, row: row) { column += 1 }
          fill(
            PixelRectangle(
              x: left + first * dot, y: y + row * dot, width: (column - first) * dot, height: dot),
            color)
        }
      }
    }
  }

  /// Writes text on a filled box whose left bottom corner lies at a point, moved so that it is inside the picture
  /// as far as it fits.
  ///
  /// - Returns: the box that was painted.
  @discardableResult
  public func label(_ text: String, x: Double, bottom: Double, scale: Int, _ background: YUVColor)
    -> PixelRectangle
  {
    let dot = min(max(scale, 1), 32)
    let count = BitmapFont.glyphs(for: text).count
    let width = BitmapFont.lineWidth(count) * dot + 4 * dot
    let height = BitmapFont.height * dot + 3 * dot
    func place(_ wanted: Double, _ extent: Int, _ limit: Int) -> Int {
      let bounded = wanted.isFinite ? min(max(wanted, 0), Double(limit)) : 0
      return max(0, min(Int(bounded), limit - extent))
    }
    let box = PixelRectangle(
      x: place(x, width, size.width) & ~1, y: place(bottom - Double(height), height, size.height) & ~1,
      width: width,
      height: height)
    fill(box, background)
    let ink = matrix.color(red: 0, green: 0, blue: 0)
    let paper = matrix.color(red: 255, green: 255, blue: 255)
    let isBright = Int(background.y) > (Int(ink.y) + Int(paper.y)) / 2
    self.text(text, x: box.x + 2 * dot, y: box.y + 2 * dot, scale: dot, isBright ? ink : paper)
    return box
  }

  private func forEachDash(
    from start: Int, to end: Int, _ dash: Int, _ body: (_ start: Int, _ length: Int) -> Void
  ) {
    guard dash < Int.max else { return body(start, end - start) }
    var position = start
    while position < end {
      body(position, min(dash, end - position))
      position += 2 * dash
    }
  }
}
