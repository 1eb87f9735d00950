/// Computes the dot products of one query with many rows: the inner loop of every search.
///
/// Rows are signed bytes, or halves of them, so that a search reads an eighth of what it would as floats; ``VectorIndex``
/// scores the best ones again in full. A program may inject a kernel of its own; ``VectorScanner`` is the plain Swift one.
public protocol SimilarityScanner: Sendable {
  /// Writes `sum(query[i] * rows[row * query.count + i])` for every row, exactly.
  ///
  /// - Parameters:
  ///   - query: the elements, padded with zeros to a multiple of 64, at most 65,536.
  ///   - rows: `results.count * query.count` elements, row after row, padded alike.
  ///   - results: one sum per row.
  func scan(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<Int8>,
    results: UnsafeMutableBufferPointer<Int32>)

  /// Writes the sum of `query[i]` times element i of the row for every row, exactly, where elements are unsigned numbers of
  /// 4 bits.
  ///
  /// - Parameters:
  ///   - query: the elements, padded with zeros to a multiple of 128, at most 65,536.
  ///   - rows: `results.count * query.count / 2` bytes, row after row: byte j (0...63) of the k-th 64 bytes of a row has
  ///     element 128 k + j in its lower half and element 128 k + 64 + j in its upper half.
  ///   - results: one sum per row.
  func scanHalves(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<UInt8>,
    results: UnsafeMutableBufferPointer<Int32>)
}

/// The scanner that needs nothing but Swift.
///
/// Four neighbouring bytes are read as one 32-bit word and taken apart by shifts, so that no lane has to be widened;
/// products are summed as floats, which is exact as long as a sum stays below 2^24.
public struct VectorScanner: SimilarityScanner {
  /// A scanner; it has no state.
  public init() {}

  /// How many elements are summed as floats before the sum moves to an integer: 4 lanes of 8 words share them.
  private static let stretch = 16_384

  /// See ``SimilarityScanner/scan(query:rows:results:)``.
  public func scan(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<Int8>,
    results: UnsafeMutableBufferPointer<Int32>
  ) {
    let width = query.count
    guard width > 0, width % 32 == 0, rows.count >= results.count * width else { return }
    let queryBytes = UnsafeRawBufferPointer(query)
    var lanes: [SIMD8<Float>] = []
    for block in stride(from: 0, to: width, by: 32) {
      let words = queryBytes.loadUnaligned(fromByteOffset: block, as: SIMD8<Int32>.self)
      for shift in Self.shifts { lanes.append(SIMD8<Float>((words &<< shift) &>> 24)) }
    }
    let bytes = UnsafeRawBufferPointer(rows)
    lanes.withUnsafeBufferPointer { lanes in
      for row in 0..<results.count {
        var total: Int32 = 0
        for begin in stride(from: 0, to: width, by: Self.stretch) {
          var first = SIMD8<Float>.zero
          var second = SIMD8<Float>.zero
          for block in stride(from: begin, to: min(begin + Self.stretch, width), by: 32) {
            let words = bytes.loadUnaligned(fromByteOffset: row * width + block, as: SIMD8<Int32>.self)
            let lane = block / 8
            first += SIMD8<Float>((words &<< 24) &>> 24) * lanes[lane]
            second += SIMD8<Float>((words &<< 16) &>> 24) * lanes[lane + 1]
            first += SIMD8<Float>((words &<< 8) &>> 24) * lanes[lane + 2]
            second += SIMD8<Float>(words &>> 24) * lanes[lane + 3]
          }
          for index in 0..<8 { total += Int32(first[index]) + Int32(second[index]) }
        }
        results[row] = total
      }
    }
  }

  /// See ``SimilarityScanner/scanHalves(query:rows:results:)``.
  public func scanHalves(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<UInt8>,
    results: UnsafeMutableBufferPointer<Int32>
  ) {
    let width = query.count
    guard width > 0, width % 128 == 0, rows.count >= results.count * width / 2 else { return }
    let bytes = UnsafeRawBufferPointer(rows)
    // As above; a word has the halves of four bytes, which are of elements 64 apart.
    var lanes: [SIMD8<Float>] = []
    for block in stride(from: 0, to: width / 2, by: 32) {
      let first = block / 64 * 128 + block % 64
      for half in 0..<8 {
        var lane = SIMD8<Float>.zero
        for word in 0..<8 { lane[word] = Float(query[first + 4 * word + half / 2 + half % 2 * 64]) }
        lanes.append(lane)
      }
    }
    lanes.withUnsafeBufferPointer { lanes in
      for row in 0..<results.count {
        var total: Int32 = 0
        for begin in stride(from: 0, to: width / 2, by: Self.stretch) {
          var first = SIMD8<Float>.zero
          var second = SIMD8<Float>.zero
          for block in stride(from: begin, to: min(begin + Self.stretch, width / 2), by: 32) {
            let words = bytes.loadUnaligned(fromByteOffset: row * width / 2 + block, as: SIMD8<Int32>.self)
            let lane = block / 4
            first += SIMD8<Float>(words & 15) * lanes[lane]
            second += SIMD8<Float>((words &>> 4) & 15) * lanes[lane + 1]
            first += SIMD8<Float>((words &>> 8) & 15) * lanes[lane + 2]
            second += SIMD8<Float>((words &>> 12) & 15) * lanes[lane + 3]
            first += SIMD8<Float>((words &>> 16) & 15) * lanes[lane + 4]
            second += SIMD8<Float>((words &>> 20) & 15) * lanes[lane + 5]
            first += SIMD8<Float>((words &>> 24) & 15) * lanes[lane + 6]
            second += SIMD8<Float>((words &>> 28) & 15) * lanes[lane + 7]
          }
          for index in 0..<8 { total += Int32(first[index]) + Int32(second[index]) }
        }
        results[row] = total
      }
    }
  }

  private static let shifts: [SIMD8<Int32>] = [24, 16, 8, 0].map { SIMD8(repeating: $0) }
}
