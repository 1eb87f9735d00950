import CKernels
import ThroughlineCore

extension PictureScaler {
  /// Scales a picture into a rectangle of a buffer, keeping its proportions and centred; used for mosaics.
  ///
  /// Edges lie on even pixels. A picture of another ``ColorMatrix`` is converted to the buffer's.
  ///
  /// - Parameters:
  ///   - picture: the source.
  ///   - buffer: what is written.
  ///   - rectangle: where; what lies outside of the buffer is not written.
  ///   - background: what the rest of the rectangle is painted with, or `nil` to leave it.
  /// - Returns: how source pixels relate to the buffer's pixels.
  /// - Throws: ``ImagingError/invalidRegion(_:size:)`` where the rectangle has no part in the buffer.
  @discardableResult
  public func draw(
    _ picture: Picture, into buffer: PictureBuffer, rectangle: PixelRectangle, background: YUVColor? = nil
  ) throws(ImagingError) -> LetterboxTransform {
    guard let inside = rectangle.clipped(to: buffer.size),
      let even = PixelRectangle(nearest: inside.box, in: buffer.size)
    else { throw .invalidRegion(rectangle.box, size: buffer.size) }
    if let background { buffer.fill(even, background) }
    let scale = min(
      Double(even.width) / Double(picture.size.width), Double(even.height) / Double(picture.size.height))
    let width = min(max(2, Int((Double(picture.size.width) * scale / 2).rounded()) * 2), even.width)
    let height = min(max(2, Int((Double(picture.size.height) * scale / 2).rounded()) * 2), even.height)
    let target = PixelRectangle(
      x: even.x + (even.width - width) / 4 * 2, y: even.y + (even.height - height) / 4 * 2, width: width,
      height: height)
    let (chromaU, chromaV) = planarChroma(of: picture)
    buffer.withMutablePlanes { luma, targetU, targetV in
      let outLuma = luma.part(x: target.x, y: target.y, width: width, height: height)
      let outU = targetU.part(
        x: target.x / 2, y: target.y / 2, width: (width + 1) / 2, height: (height + 1) / 2)
      let outV = targetV.part(
        x: target.x / 2, y: target.y / 2, width: (width + 1) / 2, height: (height + 1) / 2)
      scalePlane(picture.luma, outLuma, .box)
      scalePlane(chromaU, outU, .box)
      scalePlane(chromaV, outV, .box)
      if picture.matrix != buffer.matrix {
        convertInPlace(outLuma, outU, outV, coefficients: picture.matrix.conversion(to: buffer.matrix))
      }
    }
    withExtendedLifetime(picture.owner) {}
    return LetterboxTransform(from: PixelRectangle(picture.size), to: target)
  }
}

/// Moves 4:2:0 planes into another Y'CbCr system.
func convertInPlace(
  _ luma: MutablePlane, _ chromaU: MutablePlane, _ chromaV: MutablePlane, coefficients: [Float]
) {
  convert(
    luma.readable, chromaU.readable, chromaV.readable, coefficients: coefficients, luma, chromaU, chromaV)
}

/// Moves 4:2:0 planes into another Y'CbCr system; all planes of one side have matching sizes.
func convert(
  _ luma: Plane, _ chromaU: Plane, _ chromaV: Plane, coefficients: [Float], _ outLuma: MutablePlane,
  _ outU: MutablePlane, _ outV: MutablePlane
) {
  for row in 0..<chromaU.height {
    let first = 2 * row
    let hasSecond = first + 1 < luma.height
    let luma0 = luma.address + first * luma.stride
    let out0 = outLuma.address + first * outLuma.stride
    ck_convert_rows(
      luma0, hasSecond ? luma0 + luma.stride : nil, chromaU.address + row * chromaU.stride,
      chromaV.address + row * chromaV.stride, Int32(luma.width), coefficients, out0,
      hasSecond ? out0 + outLuma.stride : nil, outU.address + row * outU.stride,
      outV.address + row * outV.stride)
  }
}
