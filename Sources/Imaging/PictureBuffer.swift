import CYUV
import ThroughlineCore

/// A picture to be written: I420 planes in memory of its own, rows aligned to 64 bytes. For one thread at a time.
///
/// ``freeze()`` makes an immutable ``Picture`` of it without copying. Writing to the buffer after that is safe: the
/// buffer takes fresh memory and a copy of the pixels first, and the frozen picture keeps what it showed.
public final class PictureBuffer {
  /// The size in pixels.
  public var size: PictureSize { storage.layout.size }
  /// Which Y'CbCr the samples are in.
  public let matrix: ColorMatrix
  private var storage: PictureStorage
  private var isFrozen = false

  init(storage: PictureStorage, matrix: ColorMatrix) {
    self.storage = storage
    self.matrix = matrix
  }

  /// A black picture.
  ///
  /// - Throws: ``ImagingError/unsupportedSize(width:height:)`` for an impossible size.
  public init(size: PictureSize, matrix: ColorMatrix = .bt601Limited) throws(ImagingError) {
    storage = PictureStorage(layout: try PictureLayout(size: size))
    self.matrix = matrix
    fill(matrix.color(red: 0, green: 0, blue: 0))
  }

  /// A copy of a picture as I420, in its own matrix.
  public convenience init(copying picture: Picture) throws(ImagingError) {
    self.init(storage: PictureStorage(layout: try PictureLayout(size: picture.size)), matrix: picture.matrix)
    try copy(from: picture)
  }

  /// Writes to the planes: luma, U, V. The planes must not be used after the closure has returned.
  public func withMutablePlanes<Result, Failure: Error>(
    _ body: (_ luma: MutablePlane, _ chromaU: MutablePlane, _ chromaV: MutablePlane) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    makeWritable()
    return try body(storage.luma, storage.chromaU, storage.chromaV)
  }

  /// Reads the planes: luma, U, V. The planes must not be used after the closure has returned.
  public func withPlanes<Result, Failure: Error>(
    _ body: (_ luma: Plane, _ chromaU: Plane, _ chromaV: Plane) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let kept = storage
    defer { withExtendedLifetime(kept) {} }
    return try body(kept.luma.readable, kept.chromaU.readable, kept.chromaV.readable)
  }

  /// Takes over the pixels of a picture of the same size, I420 or NV12.
  ///
  /// The samples are copied as they are: a picture of another ``ColorMatrix`` is not converted.
  ///
  /// - Throws: ``ImagingError/sizeMismatch(expected:found:)``.
  public func copy(from picture: Picture) throws(ImagingError) {
    guard picture.size == size else { throw .sizeMismatch(expected: size, found: picture.size) }
    withMutablePlanes { luma, chromaU, chromaV in
      let width = Int32(size.width)
      let height = Int32(size.height)
      switch picture.format {
      case .i420:
        I420Copy(
          picture.luma.address, Int32(picture.luma.stride), picture.chroma.address,
          Int32(picture.chroma.stride),
          picture.chromaV.address, Int32(picture.chromaV.stride), luma.address, Int32(luma.stride),
          chromaU.address, Int32(chromaU.stride), chromaV.address, Int32(chromaV.stride), width, height)
      case .nv12:
        NV12ToI420(
          picture.luma.address, Int32(picture.luma.stride), picture.chroma.address,
          Int32(picture.chroma.stride),
          luma.address, Int32(luma.stride), chromaU.address, Int32(chromaU.stride), chromaV.address,
          Int32(chromaV.stride), width, height)
      }
    }
    withExtendedLifetime(picture.owner) {}
  }

  /// Paints everything in one colour.
  public func fill(_ color: YUVColor) {
    withMutablePlanes { luma, chromaU, chromaV in
      luma.fill(color.y)
      chromaU.fill(color.u)
      chromaV.fill(color.v)
    }
  }

  /// The picture as it is now, immutable and free to be shared. Nothing is copied, unless the buffer is written
  /// again later.
  public func freeze() -> Picture {
    isFrozen = true
    return Picture(
      unchecked: .i420, size: size, luma: storage.luma.readable, chroma: storage.chromaU.readable,
      chromaV: storage.chromaV.readable, matrix: matrix, owner: storage)
  }

  private func makeWritable() {
    guard isFrozen else { return }
    let copy = PictureStorage(layout: storage.layout)
    copy.block.address.copyMemory(from: storage.block.address, byteCount: storage.layout.byteCount)
    storage = copy
    isFrozen = false
  }
}
