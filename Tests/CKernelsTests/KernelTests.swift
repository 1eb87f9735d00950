import CKernels
import Testing
import ThroughlineCore

@testable import Imaging

/// A picture of random samples in memory that it owns, rows longer than needed.
final class RandomPlanes {
  let y: [UInt8]
  let u: [UInt8]
  let v: [UInt8]
  let width: Int
  let height: Int
  let shift: Int
  let pad = 5

  init(width: Int, height: Int, shift: Int, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    self.width = width
    self.height = height
    self.shift = shift
    let chroma = ((width + shift) >> shift, (height + shift) >> shift)
    y = (0..<((width + pad) * height)).map { _ in UInt8.random(in: 0...255, using: &random) }
    u = (0..<((chroma.0 + pad) * chroma.1)).map { _ in UInt8.random(in: 0...255, using: &random) }
    v = (0..<((chroma.0 + pad) * chroma.1)).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  func withPicture<Result>(_ body: (ck_picture) -> Result) -> Result {
    y.withUnsafeBufferPointer { y in
      u.withUnsafeBufferPointer { u in
        v.withUnsafeBufferPointer { v in
          body(
            ck_picture(
              y: y.baseAddress, u: u.baseAddress, v: v.baseAddress, y_stride: width + pad,
              chroma_stride: ((width + shift) >> shift) + pad, width: Int32(width), height: Int32(height),
              chroma_shift: Int32(shift)))
        }
      }
    }
  }
}

@Suite struct ColorKernelTests {
  static let sizes = [(1, 1), (2, 3), (17, 5), (64, 4), (513, 3), (1030, 2)]

  @Test(arguments: sizes, [0, 1])
  func planarAndPackedAgreeWithTheirTwin(size: (Int, Int), shift: Int) {
    for (index, matrix) in ColorMatrix.allCases.enumerated() {
      let planes = RandomPlanes(width: size.0, height: size.1, shift: shift, seed: UInt64(100 + index))
      let gain: [Float] = [1 / 58.4, 1 / 57.1, 1 / 57.4]
      let bias: [Float] = [-2.1, -2.0, -1.8]
      let count = size.0 * size.1
      planes.withPicture { picture in
        var picture = picture
        var kernelMatrix = matrix.kernelMatrix
        let expected = KernelTwins.planarFloat(picture, kernelMatrix, gain: gain, bias: bias)
        var red = [Float](repeating: .nan, count: count)
        var green = red
        var blue = red
        ck_planar_float(&picture, &kernelMatrix, gain, bias, &red, &green, &blue, size.0)
        #expect(largestDifference(red, expected.red) < 1e-4)
        #expect(largestDifference(green, expected.green) < 1e-4)
        #expect(largestDifference(blue, expected.blue) < 1e-4)
        for blueFirst in [false, true] {
          var pixels = [Float](repeating: .nan, count: 3 * count)
          ck_packed_float(&picture, &kernelMatrix, gain, bias, blueFirst ? 1 : 0, &pixels, 3 * size.0)
          let wanted = (0..<count).flatMap { place in
            let triple = [expected.red[place], expected.green[place], expected.blue[place]]
            return blueFirst ? triple.reversed() : triple
          }
          #expect(largestDifference(pixels, wanted) < 1e-4)
        }
      }
    }
  }

  @Test(arguments: sizes, [0, 1])
  func bytesAgreeWithTheirTwin(size: (Int, Int), shift: Int) {
    let planes = RandomPlanes(width: size.0, height: size.1, shift: shift, seed: 7)
    let count = size.0 * size.1
    planes.withPicture { picture in
      var picture = picture
      var matrix = ColorMatrix.bt709Limited.kernelMatrix
      let expected = KernelTwins.planarFloat(picture, matrix, gain: [1, 1, 1], bias: [0, 0, 0])
      var red = [UInt8](repeating: 0, count: count)
      var green = red
      var blue = red
      ck_planar_bytes(&picture, &matrix, &red, &green, &blue, size.0)
      var packed = [UInt8](repeating: 0, count: 3 * count)
      ck_packed_bytes(&picture, &matrix, 1, &packed, 3 * size.0)
      for place in 0..<count {
        #expect(abs(Float(red[place]) - expected.red[place]) <= 0.51)
        #expect(abs(Float(green[place]) - expected.green[place]) <= 0.51)
        #expect(abs(Float(blue[place]) - expected.blue[place]) <= 0.51)
        #expect(packed[3 * place] == blue[place])
        #expect(packed[3 * place + 1] == green[place])
        #expect(packed[3 * place + 2] == red[place])
      }
    }
  }

  @Test(arguments: [2, 3, 4, 6], [(1, 1), (7, 3), (130, 2), (700, 2)])
  func planesShrinkLikeTheirTwin(factor: Int, size: (Int, Int)) {
    var random = SplitMix64(seed: UInt64(factor))
    for isWhite in [false, true] {
      let source = (0..<(size.0 * size.1 * factor * factor)).map { _ in
        isWhite ? 255 : UInt8.random(in: 0...255, using: &random)
      }
      var result = [UInt8](repeating: 3, count: size.0 * size.1)
      ck_shrink(source, size.0 * factor, &result, size.0, Int32(size.0), Int32(size.1), Int32(factor))
      #expect(result == KernelTwins.shrink(source, width: size.0, height: size.1, factor: factor))
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (16, 5), (47, 33), (333, 12), (1920, 90), (5, 0)])
  func columnSumsAgreeWithTheirTwin(width: Int, height: Int) {
    var random = SplitMix64(seed: UInt64(width * 100 + height))
    let stride = width + 3
    for isWhite in [false, true] {
      let samples = (0..<(stride * max(1, height))).map { _ in
        isWhite ? 255 : UInt8.random(in: 0...255, using: &random)
      }
      var sums = [UInt32](repeating: 7, count: width + 1)
      ck_column_sums(samples, stride, Int32(width), Int32(height), &sums)
      #expect(
        Array(sums.dropLast())
          == KernelTwins.columnSums(samples, stride: stride, width: width, height: height))
      #expect(sums.last == 7, "nothing is written beyond the last column")
    }
  }

  @Test(arguments: [(16, 16, 1), (47, 33, 4), (160, 48, 4), (1920, 32, 3), (15, 40, 4)])
  func blockSumsAgreeWithTheirTwin(width: Int, height: Int, step: Int) {
    let planes = RandomPlanes(width: width, height: height, shift: 0, seed: UInt64(width * height))
    let stride = width + planes.pad
    let expected = KernelTwins.blockSums(planes.y, stride: stride, width: width, height: height, step: step)
    var sums = [UInt32](repeating: .max, count: expected.count + 1)
    ck_block_sums(planes.y, stride, Int32(width), Int32(height), Int32(step), &sums)
    #expect(Array(sums.dropLast()) == expected)
    #expect(sums.last == .max, "nothing is written behind the last block")
  }

  @Test func rowsAreConvertedLikeTheirTwin() {
    var random = SplitMix64(seed: 21)
    for from in ColorMatrix.allCases {
      for to in ColorMatrix.allCases {
        let width = Int.random(in: 1...1200, using: &random)
        func bytes(_ count: Int) -> [UInt8] {
          (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let row0 = bytes(width)
        let row1 = bytes(width)
        let chroma = (width + 1) / 2
        let u = bytes(chroma)
        let v = bytes(chroma)
        let coefficients = from.conversion(to: to)
        var out0 = bytes(width)
        var out1 = bytes(width)
        var outU = bytes(chroma)
        var outV = bytes(chroma)
        ck_convert_rows(row0, row1, u, v, Int32(width), coefficients, &out0, &out1, &outU, &outV)
        for x in 0..<width {
          let first = KernelTwins.convert(row0[x], u[x / 2], v[x / 2], coefficients)
          let second = KernelTwins.convert(row1[x], u[x / 2], v[x / 2], coefficients)
          #expect(abs(Int(out0[x]) - Int(first.0)) <= 1)
          #expect(abs(Int(out1[x]) - Int(second.0)) <= 1)
          #expect(abs(Int(outU[x / 2]) - Int(first.1)) <= 1)
          #expect(abs(Int(outV[x / 2]) - Int(first.2)) <= 1)
          if from == to { #expect(out0[x] == row0[x]) }
        }
      }
    }
  }

  private func largestDifference(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count else { return .infinity }
    return zip(left, right).map { $0.isNaN || $1.isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
  }
}

@Suite struct VectorKernelTests {
  @Test(arguments: [1, 3, 8, 31, 128, 256, 513], [1, 2, 4, 7])
  func scansAgreeWithTheirTwins(dimension: Int, rows: Int) {
    var random = SplitMix64(seed: UInt64(dimension * 100 + rows))
    let query = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
    let matrix = (0..<(dimension * rows)).map { _ in Float.random(in: -1...1, using: &random) }
    var scores = [Float](repeating: .nan, count: rows)
    ck_dot_scan_float(query, matrix, rows, dimension, &scores)
    for (score, expected) in zip(scores, KernelTwins.dotScan(query, matrix, rows: rows)) {
      #expect(abs(score - expected) < 1e-4 * Float(dimension).squareRoot() + 1e-5)
    }

    let byteQuery = (0..<dimension).map { _ in Int8.random(in: -128...127, using: &random) }
    let byteMatrix = (0..<(dimension * rows)).map { _ in Int8.random(in: -128...127, using: &random) }
    var sums = [Int32](repeating: 1, count: rows)
    ck_dot_scan_int8(byteQuery, byteMatrix, rows, dimension, &sums)
    #expect(sums == KernelTwins.dotScan(byteQuery, byteMatrix, rows: rows))
    var portable = [Int32](repeating: 0, count: rows)
    ck_dot_scan_int8_portable(byteQuery, byteMatrix, rows, dimension, &portable)
    #expect(portable == sums)
  }

  @Test(arguments: [(128, 1), (256, 9), (1152, 4)])
  func dotProductsOfHalvesAgreeWithTheirTwin(dimension: Int, rows: Int) {
    var random = SplitMix64(seed: UInt64(dimension))
    let query = (0..<dimension).map { _ in Int8.random(in: -128...127, using: &random) }
    let matrix = (0..<(dimension / 2 * rows)).map { _ in UInt8.random(in: 0...255, using: &random) }
    var sums = [Int32](repeating: 1, count: rows)
    ck_dot_scan_nibbles(query, matrix, rows, dimension, &sums)
    #expect(sums == KernelTwins.dotScanHalves(query, matrix, rows: rows))
    var portable = [Int32](repeating: 0, count: rows)
    ck_dot_scan_nibbles_portable(query, matrix, rows, dimension, &portable)
    #expect(portable == sums)
  }

  @Test func extremeBytesDoNotOverflow() {
    let dimension = 65536
    let lowest = [Int8](repeating: -128, count: dimension)
    var sum: [Int32] = [0]
    ck_dot_scan_int8(lowest, lowest, 1, dimension, &sum)
    #expect(sum[0] == 1 << 30)
  }

  @Test(arguments: [(2, 2), (3, 2), (128, 256), (1025, 3), (2050, 5), (33, 7)])
  func greyMeasuresAgreeWithTheirTwin(width: Int, height: Int) {
    var random = SplitMix64(seed: UInt64(width))
    let extreme = width == 1025
    let grey = (0..<(width * height)).map { place in
      extreme ? (place % 2 == 0 ? 255 : 0) : UInt8.random(in: 0...255, using: &random)
    }
    var sums = ck_grey_sums()
    ck_grey_measures(grey, width, Int32(width), Int32(height), &sums)
    let expected = KernelTwins.greyMeasures(grey, width: width, height: height)
    #expect(sums.sum == expected.sum)
    #expect(sums.square_sum == expected.square_sum)
    #expect(sums.laplacian_sum == expected.laplacian_sum)
    #expect(sums.laplacian_square_sum == expected.laplacian_square_sum)
  }
}
