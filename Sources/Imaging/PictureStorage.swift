import Synchronization
import ThroughlineCore

/// Where the planes of an I420 picture lie in one block of memory; every row begins at a multiple of 64 bytes.
struct PictureLayout: Hashable, Sendable {
  let size: PictureSize
  let lumaStride: Int
  let chromaStride: Int

  init(size: PictureSize) throws(ImagingError) {
    try PictureLimits.check(size)
    self.size = size
    lumaStride = (size.width + 63) & ~63
    chromaStride = ((size.width + 1) / 2 + 63) & ~63
  }

  var chromaWidth: Int { (size.width + 1) / 2 }
  var chromaHeight: Int { (size.height + 1) / 2 }
  var chromaOffset: Int { lumaStride * size.height }
  var chromaVOffset: Int { chromaOffset + chromaStride * chromaHeight }
  /// With a little to spare, since vectorised row functions may read past the last sample of a plane.
  var byteCount: Int { chromaVOffset + chromaStride * chromaHeight + 64 }
}

/// A block of memory that nobody else points to.
// Whoever holds the value is its only holder: it moves between a storage and the pool, never in two places.
struct MemoryBlock: @unchecked Sendable {
  let address: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    address = .allocate(byteCount: byteCount, alignment: 64)
    self.byteCount = byteCount
  }

  func free() { address.deallocate() }
}

/// Owns the memory of one I420 picture and gives it back to its pool, if it has one, when nobody uses it.
// Written only by the `PictureBuffer` that made it and has not been frozen yet, which is confined to one thread;
// afterwards it is only read. The block itself never changes.
final class PictureStorage: @unchecked Sendable {
  let layout: PictureLayout
  let block: MemoryBlock
  private let pool: PicturePool.Blocks?

  init(layout: PictureLayout, block: MemoryBlock, pool: PicturePool.Blocks?) {
    self.layout = layout
    self.block = block
    self.pool = pool
  }

  convenience init(layout: PictureLayout) {
    self.init(layout: layout, block: MemoryBlock(byteCount: layout.byteCount), pool: nil)
  }

  deinit {
    if let pool { pool.takeBack(block) } else { block.free() }
  }

  var luma: MutablePlane { plane(0, layout.lumaStride, layout.size.width, layout.size.height) }
  var chromaU: MutablePlane {
    plane(layout.chromaOffset, layout.chromaStride, layout.chromaWidth, layout.chromaHeight)
  }
  var chromaV: MutablePlane {
    plane(layout.chromaVOffset, layout.chromaStride, layout.chromaWidth, layout.chromaHeight)
  }

  private func plane(_ offset: Int, _ stride: Int, _ width: Int, _ height: Int) -> MutablePlane {
    MutablePlane(
      address: (block.address + offset).assumingMemoryBound(to: UInt8.self), stride: stride, width: width,
      height: height)
  }
}
