import CKernels
import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct RemapKernelTests {
  /// Planes that fill their memory to the last byte, so that a sanitizer sees what is read beyond.
  private static func plane(
    _ size: PictureSize, step: Int, seed: UInt64
  ) -> (samples: [UInt8], stride: Int, random: SplitMix64) {
    var random = SplitMix64(seed: seed)
    let stride = size.width * step + Int(seed % 3) * 7
    let count = stride * (size.height - 1) + (size.width - 1) * step + 1
    return ((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }, stride, random)
  }

  private static func run(
    _ samples: [UInt8], stride: Int, step: Int, size: PictureSize, nodes: [ck_remap_node],
    with kernel: (
      UnsafePointer<ck_remap_plane>, UnsafePointer<ck_remap_node>, UnsafeMutablePointer<UInt8>, Int
    )
      -> Void
  ) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: size.width * size.height)
    samples.withUnsafeBufferPointer { source in
      var plane = ck_remap_plane(
        source: source.baseAddress, stride: stride, step: Int32(step), width: Int32(size.width),
        height: Int32(size.height), fill: 16)
      result.withUnsafeMutableBufferPointer { target in
        guard let address = target.baseAddress else { return }
        kernel(&plane, nodes, address, size.width)
      }
    }
    return result
  }

  /// Tables: a slight bend, a strong one, a turn, wild places far outside, and places that do not exist.
  private static func nodes(_ kind: Int, _ size: PictureSize, _ random: inout SplitMix64) -> [ck_remap_node] {
    let (width, height) = (Double(size.width), Double(size.height))
    let wild = Double(1 << 14)
    return Dewarper.nodes(size) { x, y in
      switch kind {
      case 0: return (x + 0.3 + 0.01 * y, y - 0.4 + 0.02 * x)
      case 1: return (width / 2 + (x - width / 2) * 1.7, y + (x - width / 2) * 0.4)
      case 2: return (width - 1 - x, height - 1 - y)
      case 3:
        return (
          Double.random(in: -wild...wild, using: &random), Double.random(in: -wild...wild, using: &random)
        )
      default: return Int.random(in: 0..<3, using: &random) == 0 ? nil : (x, y)
      }
    }
  }

  @Test(
    "The kernel agrees with its twin to the bit",
    arguments: [(2, 2), (7, 9), (16, 16), (33, 18), (64, 40), (100, 51)], [1, 2])
  func agreesWithTwin(sides: (Int, Int), step: Int) {
    let size = PictureSize(width: sides.0, height: sides.1)
    for kind in 0..<5 {
      var (samples, stride, random) = Self.plane(size, step: step, seed: UInt64(kind + 10 * step))
      let nodes = Self.nodes(kind, size, &random)
      let expected = KernelTwins.remap(
        samples, stride: stride, step: step, width: size.width, height: size.height, nodes: nodes, fill: 16)
      let best = Self.run(samples, stride: stride, step: step, size: size, nodes: nodes) {
        ck_remap($0, $1, $2, $3)
      }
      let portable = Self.run(samples, stride: stride, step: step, size: size, nodes: nodes) {
        ck_remap_portable($0, $1, $2, $3)
      }
      #expect(best == expected, "table \(kind)")
      #expect(portable == expected, "table \(kind)")
    }
  }
}
