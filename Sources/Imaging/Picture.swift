import ThroughlineCore

// The addresses point into memory that nobody writes while a picture refers to it (the promise of the
// initialiser's caller; `PictureBuffer.freeze()` keeps it by copying before a later write), and `owner` is
// Sendable itself; so sharing between threads is reading only.
/// An immutable picture in the decoder's planes. Copying the value copies no pixels: the owner of the memory is
/// kept alive as long as any picture points into it.
///
/// Planes are 8 bits deep with chroma of half the size, rounded up where a side is odd.
public struct Picture: @unchecked Sendable {
  /// How the samples lie in memory.
  public let format: PixelFormat
  /// The size in pixels.
  public let size: PictureSize
  /// Which Y'CbCr the samples are in.
  public let matrix: ColorMatrix
  /// What keeps the memory alive.
  public let owner: any AnyObject & Sendable
  /// Luma.
  public let luma: Plane
  /// I420: U. NV12: U and V in turns.
  public let chroma: Plane
  /// I420: V. NV12: the same as ``chroma``.
  public let chromaV: Plane

  /// A picture over memory that somebody else owns.
  ///
  /// - Parameters:
  ///   - format: how the samples lie in memory.
  ///   - size: the size in pixels.
  ///   - planes: three planes for I420, two for NV12, each at least as large as the size demands.
  ///   - matrix: which Y'CbCr the samples are in.
  ///   - owner: keeps the memory alive and unchanged while it lives.
  /// - Throws: ``ImagingError`` where planes and size do not fit together.
  public init(
    format: PixelFormat, size: PictureSize, planes: [Plane], matrix: ColorMatrix,
    owner: any AnyObject & Sendable
  ) throws(ImagingError) {
    guard planes.count == format.planeCount else {
      throw .wrongPlaneCount(found: planes.count, format: format)
    }
    try self.init(
      format: format, size: size, luma: planes[0], chroma: planes[1], chromaV: planes[planes.count - 1],
      matrix: matrix, owner: owner)
  }

  /// The same as ``init(format:size:planes:matrix:owner:)`` without an array, for the hot path. For NV12 hand in
  /// the same plane twice.
  public init(
    format: PixelFormat, size: PictureSize, luma: Plane, chroma: Plane, chromaV: Plane, matrix: ColorMatrix,
    owner: any AnyObject & Sendable
  ) throws(ImagingError) {
    try PictureLimits.check(size)
    let chromaWidth = (size.width + 1) / 2 * (format == .nv12 ? 2 : 1)
    let chromaHeight = (size.height + 1) / 2
    func require(_ plane: Plane, _ index: Int, _ width: Int, _ height: Int) throws(ImagingError) {
      guard plane.width >= width, plane.height >= height, plane.stride >= width,
        plane.stride <= Int(Int32.max)
      else { throw .planesTooSmall(plane: index, format: format, size: size) }
    }
    try require(luma, 0, size.width, size.height)
    try require(chroma, 1, chromaWidth, chromaHeight)
    try require(chromaV, 2, chromaWidth, chromaHeight)
    self.init(
      unchecked: format, size: size, luma: luma.part(x: 0, y: 0, width: size.width, height: size.height),
      chroma: chroma.part(x: 0, y: 0, width: chromaWidth, height: chromaHeight),
      chromaV: chromaV.part(x: 0, y: 0, width: chromaWidth, height: chromaHeight), matrix: matrix,
      owner: owner)
  }

  init(
    unchecked format: PixelFormat, size: PictureSize, luma: Plane, chroma: Plane, chromaV: Plane,
    matrix: ColorMatrix, owner: any AnyObject & Sendable
  ) {
    self.format = format
    self.size = size
    self.luma = luma
    self.chroma = chroma
    self.chromaV = chromaV
    self.matrix = matrix
    self.owner = owner
  }

  /// The planes in the format's order.
  public var planes: [Plane] { format == .i420 ? [luma, chroma, chromaV] : [luma, chroma] }

  /// The part of the picture nearest to a box, without copying: the edges are moved to even pixels (or to the
  /// picture's own edge), so that whole samples of chroma belong to it.
  ///
  /// - Returns: `nil` where the box has no part in the picture.
  public func cropped(to box: BoundingBox) -> Picture? {
    PixelRectangle(nearest: box, in: size).map { cropped(to: $0) }
  }

  /// The part of the picture in a rectangle whose origin is even and which lies inside.
  func cropped(to rectangle: PixelRectangle) -> Picture {
    let perSample = format == .nv12 ? 2 : 1
    let chromaX = rectangle.x / 2 * perSample
    let chromaWidth = (rectangle.width + 1) / 2 * perSample
    let chromaHeight = (rectangle.height + 1) / 2
    return Picture(
      unchecked: format, size: rectangle.size,
      luma: luma.part(x: rectangle.x, y: rectangle.y, width: rectangle.width, height: rectangle.height),
      chroma: chroma.part(x: chromaX, y: rectangle.y / 2, width: chromaWidth, height: chromaHeight),
      chromaV: chromaV.part(x: chromaX, y: rectangle.y / 2, width: chromaWidth, height: chromaHeight),
      matrix: matrix, owner: owner)
  }
}
