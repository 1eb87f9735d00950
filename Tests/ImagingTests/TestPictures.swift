import Imaging
import Testing
import ThroughlineCore

/// Memory for a picture of a test.
// Written in the initialiser only, and read through pictures that keep it alive; so any thread may read it.
final class Samples: @unchecked Sendable {
  let address: UnsafeMutablePointer<UInt8>

  init(_ bytes: [UInt8]) {
    address = .allocate(capacity: bytes.count)
    address.initialize(from: bytes, count: bytes.count)
  }

  deinit { address.deallocate() }
}

enum TestPictures {
  /// Samples by a rule for each plane: 0 luma, 1 U, 2 V.
  static func i420(
    _ size: PictureSize, matrix: ColorMatrix = .bt601Limited,
    _ sample: (_ plane: Int, _ x: Int, _ y: Int) -> UInt8
  ) throws -> Picture {
    let buffer = try PictureBuffer(size: size, matrix: matrix)
    buffer.withMutablePlanes { luma, chromaU, chromaV in
      for (index, plane) in [luma, chromaU, chromaV].enumerated() {
        for y in 0..<plane.height {
          for x in 0..<plane.width { plane.address[y * plane.stride + x] = sample(index, x, y) }
        }
      }
    }
    return buffer.freeze()
  }

  static func noise(_ size: PictureSize, seed: UInt64, matrix: ColorMatrix = .bt601Limited) throws -> Picture
  {
    var random = SplitMix64(seed: seed)
    return try i420(size, matrix: matrix) { _, _, _ in UInt8.random(in: 16...235, using: &random) }
  }

  /// The same samples with U and V in turns.
  static func nv12(_ picture: Picture) throws -> Picture {
    let (width, height) = (picture.size.width, picture.size.height)
    let (chromaWidth, chromaHeight) = ((width + 1) / 2, (height + 1) / 2)
    let pad = 3
    var luma: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { luma.append(picture.luma.address[y * picture.luma.stride + x]) }
      luma += [UInt8](repeating: 99, count: pad)
    }
    var chroma: [UInt8] = []
    for y in 0..<chromaHeight {
      for x in 0..<chromaWidth {
        chroma.append(picture.chroma.address[y * picture.chroma.stride + x])
        chroma.append(picture.chromaV.address[y * picture.chromaV.stride + x])
      }
      chroma += [UInt8](repeating: 99, count: pad)
    }
    let samples = Samples(luma + chroma)
    return try Picture(
      format: .nv12, size: picture.size,
      planes: [
        Plane(address: samples.address, stride: width + pad, width: width, height: height),
        Plane(
          address: samples.address + luma.count, stride: 2 * chromaWidth + pad, width: 2 * chromaWidth,
          height: chromaHeight),
      ], matrix: picture.matrix, owner: samples)
  }

  /// Luma, U and V without padding.
  static func samples(_ picture: Picture) -> [UInt8] {
    var result: [UInt8] = []
    for plane in picture.planes {
      for y in 0..<plane.height {
        for x in 0..<plane.width { result.append(plane.address[y * plane.stride + x]) }
      }
    }
    withExtendedLifetime(picture) {}
    return result
  }
}
