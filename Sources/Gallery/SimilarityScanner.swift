/// Computes the dot products of one query with many rows: the inner loop of every search.
///
/// Rows are stored as BFloat16 (the upper half of a Float's bits), which halves the memory that a search has to
/// read; the error of a dot product of unit vectors stays below 0.004. The best rows are scored again in full
/// precision. A program may inject a kernel of its own; ``VectorScanner`` is the plain Swift one.
public protocol SimilarityScanner: Sendable {
  /// Writes `sum(query[i] * rows[row * query.count + i])` for every row.
  ///
  /// - Parameters:
  ///   - query: the elements, padded with zeros to a multiple of 16.
  ///   - rows: `results.count * query.count` BFloat16 bit patterns, row after row, padded alike.
  ///   - results: one sum per row.
  func scan(
    query: UnsafeBufferPointer<Float>, rows: UnsafeBufferPointer<UInt16>,
    results: UnsafeMutableBufferPointer<Float>)
}

/// BFloat16 as bit patterns: the upper 16 bits of a Float, rounded to nearest even.
public enum BFloat16 {
  /// The nearest BFloat16 of a finite value.
  public static func bits(of value: Float) -> UInt16 {
    let pattern = value.bitPattern
    let rounded = pattern &+ 0x7FFF &+ ((pattern >> 16) & 1)
    return UInt16(truncatingIfNeeded: rounded >> 16)
  }

  /// The value of a bit pattern.
  public static func value(of bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

/// The scanner that needs nothing but Swift.
///
/// Two neighbouring BFloat16 are read as one 32-bit word: the low half shifted up is the even element, the high
/// half masked is the odd one, so that no lane has to be widened.
public struct VectorScanner: SimilarityScanner {
  /// A scanner; it has no state.
  public init() {}

  /// See ``SimilarityScanner/scan(query:rows:results:)``.
  public func scan(
    query: UnsafeBufferPointer<Float>, rows: UnsafeBufferPointer<UInt16>,
    results: UnsafeMutableBufferPointer<Float>
  ) {
    let width = query.count
    guard width > 0, width % 16 == 0, rows.count >= results.count * width else { return }
    var even: [SIMD8<Float>] = []
    var odd: [SIMD8<Float>] = []
    for block in stride(from: 0, to: width, by: 16) {
      var evenLane = SIMD8<Float>.zero
      var oddLane = SIMD8<Float>.zero
      for lane in 0..<8 {
        evenLane[lane] = query[block + 2 * lane]
        oddLane[lane] = query[block + 2 * lane + 1]
      }
      even.append(evenLane)
      odd.append(oddLane)
    }
    let blocks = width / 16
    let bytes = UnsafeRawBufferPointer(rows)
    let mask = SIMD8<UInt32>(repeating: 0xFFFF_0000)
    even.withUnsafeBufferPointer { even in
      odd.withUnsafeBufferPointer { odd in
        for row in 0..<results.count {
          var firstSum = SIMD8<Float>.zero
          var secondSum = SIMD8<Float>.zero
          var offset = row * width * 2
          for block in 0..<blocks {
            let words = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self).littleEndianWords
            firstSum += unsafeBitCast(words &<< 16, to: SIMD8<Float>.self) * even[block]
            secondSum += unsafeBitCast(words & mask, to: SIMD8<Float>.self) * odd[block]
            offset += 32
          }
          results[row] = (firstSum + secondSum).sum()
        }
      }
    }
  }
}

extension SIMD8<UInt32> {
  /// The words as a little-endian machine reads two 16-bit values; a big-endian one has them swapped.
  @inline(__always)
  fileprivate var littleEndianWords: SIMD8<UInt32> {
    #if _endian(big)
      return (self &<< 16) | (self &>> 16)
    #else
      return self
    #endif
  }
}
