import CKernels
import CYUV
import ThroughlineCore

/// How a region is made unrecognisable.
public enum Covering: String, Hashable, Sendable, CaseIterable, Codable {
  /// A few averages, blended smoothly.
  case blur
  /// A few averages as flat tiles.
  case pixelate
  /// One grey.
  case solid
}

extension PictureBuffer {
  /// Replaces the pixels of a region for good: what remains are at most `samples` averages along its shorter side,
  /// in luma and in both chroma planes, whatever the region's size. No pixel outside of the region takes part or
  /// changes.
  ///
  /// - Parameters:
  ///   - rectangle: which pixels; a part outside of the picture is left out. Odd edges are widened to even ones,
  ///     so that no sample of chroma is shared with the open surroundings.
  ///   - covering: how.
  ///   - samples: how many averages are left along the shorter side, 1 to 64; fewer destroy more.
  ///   - scratch: memory that is kept from call to call.
  public func cover(_ rectangle: PixelRectangle, with covering: Covering, samples: Int, scratch: CoverScratch)
  {
    guard let inside = rectangle.clipped(to: size),
      let region = PixelRectangle(covering: inside.box, in: size)
    else { return }
    if covering == .solid {
      fill(region, matrix.color(red: 110, green: 110, blue: 110))
      return
    }
    let shorter = min(region.width, region.height)
    // A region of a few pixels would keep all of them: at least four go into every average along each side.
    let kept = max(1, min(min(max(samples, 1), 64), shorter / 4))
    let columns = max(1, min(64 * 4, region.width * kept / shorter))
    let rows = max(1, min(64 * 4, region.height * kept / shorter))
    let chromaRegion = PixelRectangle(
      x: region.x / 2, y: region.y / 2, width: (region.width + 1) / 2, height: (region.height + 1) / 2)
    withMutablePlanes { luma, chromaU, chromaV in
      cover(luma, region, columns, rows, covering, scratch)
      cover(chromaU, chromaRegion, columns, rows, covering, scratch)
      cover(chromaV, chromaRegion, columns, rows, covering, scratch)
    }
  }

  private func cover(
    _ plane: MutablePlane, _ region: PixelRectangle, _ columns: Int, _ rows: Int, _ covering: Covering,
    _ scratch: CoverScratch
  ) {
    let part = plane.part(x: region.x, y: region.y, width: region.width, height: region.height)
    let width = min(columns, region.width)
    let height = min(rows, region.height)
    let small = MutablePlane(
      address: scratch.memory.bytes(width * height), stride: width, width: width, height: height)
    average(part, into: small, scratch)
    switch covering {
    case .pixelate: spread(small, over: part)
    case .blur, .solid:
      ScalePlane(
        small.address, Int32(small.stride), Int32(width), Int32(height), part.address, Int32(part.stride),
        Int32(part.width), Int32(part.height), kFilterBilinear)
    }
  }

  /// Paints every tile in its average.
  private func spread(_ small: MutablePlane, over part: MutablePlane) {
    for row in 0..<small.height {
      let top = row * part.height / small.height
      let bottom = (row + 1) * part.height / small.height
      let first = part.address + top * part.stride
      for column in 0..<small.width {
        let left = column * part.width / small.width
        let right = (column + 1) * part.width / small.width
        (first + left).update(repeating: small.address[row * small.stride + column], count: right - left)
      }
      for y in (top + 1)..<max(top + 1, bottom) {
        (part.address + y * part.stride).update(from: first, count: part.width)
      }
    }
  }

  /// Exact averages over tiles that share the region evenly. libyuv's own averaging turns into picking single
  /// pixels at some ratios, which would carry detail over.
  ///
  /// The columns of a whole row of tiles are summed at once: the tiles are too narrow to be summed quickly one by one.
  private func average(_ part: MutablePlane, into small: MutablePlane, _ scratch: CoverScratch) {
    let memory = UnsafeMutableRawPointer(scratch.sums.bytes(part.width * MemoryLayout<UInt32>.stride))
    let columns = memory.assumingMemoryBound(to: UInt32.self)
    for row in 0..<small.height {
      let top = row * part.height / small.height
      let bottom = max(top + 1, (row + 1) * part.height / small.height)
      ck_column_sums(
        part.address + top * part.stride, part.stride, Int32(part.width), Int32(bottom - top), columns)
      for column in 0..<small.width {
        let left = column * part.width / small.width
        let right = max(left + 1, (column + 1) * part.width / small.width)
        var sum = 0
        for x in left..<right { sum += Int(columns[x]) }
        let count = (bottom - top) * (right - left)
        small.address[row * small.stride + column] = UInt8(clamping: (sum + count / 2) / count)
      }
    }
  }
}

/// Memory that ``PictureBuffer/cover(_:with:samples:scratch:)`` keeps from call to call. One per thread.
public final class CoverScratch {
  let memory = ScratchMemory()
  let sums = ScratchMemory()

  /// Scratch without memory yet.
  public init() {}
}
