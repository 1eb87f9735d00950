/// Plain vector arithmetic on arrays of Float of equal length.
enum VectorMath {
  /// The sum of the products; 0 for arrays of different length.
  static func dot(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count else { return 0 }
    return left.withUnsafeBytes { leftBytes in
      right.withUnsafeBytes { rightBytes in
        var sums = SIMD8<Float>.zero
        var index = 0
        while index + 8 <= left.count {
          sums +=
            leftBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
            * rightBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
          index += 8
        }
        var total = sums.sum()
        while index < left.count {
          total +=
            leftBytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
            * rightBytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
          index += 1
        }
        return total
      }
    }
  }

  /// `left + factor * right`; `left` where the lengths differ.
  static func adding(_ left: [Float], _ right: [Float], factor: Float) -> [Float] {
    guard left.count == right.count else { return left }
    return [Float](unsafeUninitializedCapacity: left.count) { buffer, count in
      for index in left.indices { buffer[index] = left[index] + factor * right[index] }
      count = left.count
    }
  }

  /// The vector times a factor.
  static func scaled(_ vector: [Float], by factor: Float) -> [Float] { vector.map { $0 * factor } }
}
