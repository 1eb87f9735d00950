import CKernels

/// The kernels of CKernels in plain Swift: what they are tested against, and how they are meant.
enum KernelTwins {
  /// R'G'B' in 0...255 of one pixel.
  static func rgb(_ picture: ck_picture, _ matrix: ck_color_matrix, x: Int, y: Int) -> (Float, Float, Float) {
    let chromaX = x >> Int(picture.chroma_shift)
    let chromaY = y >> Int(picture.chroma_shift)
    let luma = Float(picture.y[y * picture.y_stride + x])
    let cb = Float(picture.u[chromaY * picture.chroma_stride + chromaX]) - 128
    let cr = Float(picture.v[chromaY * picture.chroma_stride + chromaX]) - 128
    let grey = (luma - matrix.luma_offset) * matrix.luma_scale
    func clamp(_ value: Float) -> Float { min(max(value, 0), 255) }
    return (
      clamp(grey + matrix.red_v * cr), clamp(grey + matrix.green_u * cb + matrix.green_v * cr),
      clamp(grey + matrix.blue_u * cb)
    )
  }

  /// Twin of `ck_planar_float`.
  static func planarFloat(
    _ picture: ck_picture, _ matrix: ck_color_matrix, gain: [Float], bias: [Float]
  ) -> (red: [Float], green: [Float], blue: [Float]) {
    var red: [Float] = []
    var green: [Float] = []
    var blue: [Float] = []
    for y in 0..<Int(picture.height) {
      for x in 0..<Int(picture.width) {
        let pixel = rgb(picture, matrix, x: x, y: y)
        red.append(pixel.0 * gain[0] + bias[0])
        green.append(pixel.1 * gain[1] + bias[1])
        blue.append(pixel.2 * gain[2] + bias[2])
      }
    }
    return (red, green, blue)
  }

  /// Twin of `ck_dot_scan_float`.
  static func dotScan(_ query: [Float], _ matrix: [Float], rows: Int) -> [Float] {
    (0..<rows).map { row in
      var sum: Float = 0
      for index in query.indices { sum += query[index] * matrix[row * query.count + index] }
      return sum
    }
  }

  /// Twin of `ck_dot_scan_int8`.
  static func dotScan(_ query: [Int8], _ matrix: [Int8], rows: Int) -> [Int32] {
    (0..<rows).map { row in
      var sum: Int32 = 0
      for index in query.indices { sum += Int32(query[index]) * Int32(matrix[row * query.count + index]) }
      return sum
    }
  }

  /// Twin of `ck_dot_scan_nibbles`.
  static func dotScanHalves(_ query: [Int8], _ matrix: [UInt8], rows: Int) -> [Int32] {
    (0..<rows).map { row in
      var sum: Int32 = 0
      for index in query.indices {
        let pair = matrix[row * query.count / 2 + index / 128 * 64 + index % 64]
        sum += Int32(query[index]) * Int32(index % 128 < 64 ? pair & 15 : pair >> 4)
      }
      return sum
    }
  }

  /// Twin of `ck_grey_measures`.
  static func greyMeasures(_ grey: [UInt8], width: Int, height: Int) -> ck_grey_sums {
    func mirror(_ index: Int, _ count: Int) -> Int {
      index < 0 ? -index : index >= count ? 2 * count - 2 - index : index
    }
    func sample(_ x: Int, _ y: Int) -> Int64 { Int64(grey[mirror(y, height) * width + mirror(x, width)]) }
    var sums = ck_grey_sums()
    for y in 0..<height {
      for x in 0..<width {
        let laplacian =
          sample(x - 1, y) + sample(x + 1, y) + sample(x, y - 1) + sample(x, y + 1) - 4 * sample(x, y)
        sums.sum += sample(x, y)
        sums.square_sum += sample(x, y) * sample(x, y)
        sums.laplacian_sum += laplacian
        sums.laplacian_square_sum += laplacian * laplacian
      }
    }
    return sums
  }

  /// Twin of `ck_shrink`.
  static func shrink(_ source: [UInt8], width: Int, height: Int, factor: Int) -> [UInt8] {
    (0..<height).flatMap { y in
      (0..<width).map { x in
        var sum = 0
        for row in 0..<factor {
          for column in 0..<factor {
            sum += Int(source[(y * factor + row) * width * factor + x * factor + column])
          }
        }
        return UInt8((sum + factor * factor / 2) / (factor * factor))
      }
    }
  }

  /// Twin of `ck_column_sums`.
  static func columnSums(_ samples: [UInt8], stride: Int, width: Int, height: Int) -> [UInt32] {
    (0..<width).map { x in (0..<height).reduce(0) { $0 + UInt32(samples[$1 * stride + x]) } }
  }

  /// Twin of `ck_block_sums`.
  static func blockSums(_ samples: [UInt8], stride: Int, width: Int, height: Int, step: Int) -> [UInt32] {
    (0..<(height / 16)).flatMap { row in
      (0..<(width / 16)).map { column in
        var sum: UInt32 = 0
        for line in Swift.stride(from: 0, to: 16, by: step) {
          for x in 0..<16 { sum += UInt32(samples[(row * 16 + line) * stride + column * 16 + x]) }
        }
        return sum
      }
    }
  }

  /// Twin of `ck_convert_rows` for one sample.
  static func convert(_ y: UInt8, _ u: UInt8, _ v: UInt8, _ c: [Float]) -> (UInt8, UInt8, UInt8) {
    func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255) + 0.5) }
    let (fy, fu, fv) = (Float(y), Float(u), Float(v))
    return (
      byte(c[0] * fy + c[1] * fu + c[2] * fv + c[3]), byte(c[4] * fu + c[5] * fv + c[6]),
      byte(c[7] * fu + c[8] * fv + c[9])
    )
  }

  /// Twin of `ck_remap`: `source` has `step` bytes from sample to sample.
  static func remap(
    _ source: [UInt8], stride: Int, step: Int, width: Int, height: Int, nodes: [ck_remap_node], fill: UInt8
  ) -> [UInt8] {
    let columns = (width + 15) / 16
    func between(_ from: Int, _ to: Int, _ share: Int) -> Int { from + ((to - from) * share) >> 4 }
    func sample(_ x: Int, _ y: Int) -> UInt8 {
      let (lastX, lastY) = ((width - 1) << 16, (height - 1) << 16)
      guard x >= -32768, y >= -32768, x <= lastX + 32768, y <= lastY + 32768 else { return fill }
      let (x, y) = (min(max(x, 0), lastX), min(max(y, 0), lastY))
      let (left, top) = (min(x >> 16, width - 2), min(y >> 16, height - 2))
      let (fx, fy) = ((x - (left << 16)) >> 10, (y - (top << 16)) >> 10)
      func at(_ row: Int, _ column: Int) -> Int { Int(source[row * stride + column * step]) }
      let upper = at(top, left) * (64 - fx) + at(top, left + 1) * fx
      let lower = at(top + 1, left) * (64 - fx) + at(top + 1, left + 1) * fx
      return UInt8((upper * (64 - fy) + lower * fy + 2048) >> 12)
    }
    return (0..<height).flatMap { row in
      (0..<width).map { column in
        let first = (row / 16) * (columns + 1) + column / 16
        let corners = [first, first + 1, first + columns + 1, first + columns + 2].map { nodes[$0] }
        guard corners.allSatisfy({ $0.x != Int32.min }) else { return fill }
        let (line, place) = (row % 16, column % 16)
        func position(_ part: KeyPath<ck_remap_node, Int32>) -> Int {
          let from = between(Int(corners[0][keyPath: part]), Int(corners[2][keyPath: part]), line)
          let to = between(Int(corners[1][keyPath: part]), Int(corners[3][keyPath: part]), line)
          return from + place * ((to - from) >> 4)
        }
        return sample(position(\.x), position(\.y))
      }
    }
  }
}
