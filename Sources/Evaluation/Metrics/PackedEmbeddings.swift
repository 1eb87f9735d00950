import ThroughlineCore

/// Embeddings one after the other in one piece of memory, so that all pairs of thousands can be compared in seconds.
final class PackedEmbeddings {
  /// How many there are.
  let count: Int
  private let lanes: Int
  private let storage: UnsafeMutablePointer<SIMD8<Float>>

  /// Copies embeddings; what is missing to a multiple of eight elements is filled with zeros.
  init(_ embeddings: [Embedding]) throws(ReidentificationError) {
    let dimension = embeddings.first?.dimension ?? 0
    for embedding in embeddings where embedding.dimension != dimension {
      throw .dimension(expected: dimension, found: embedding.dimension)
    }
    count = embeddings.count
    lanes = (dimension + 7) / 8
    storage = .allocate(capacity: max(1, count * lanes))
    storage.initialize(repeating: .zero, count: max(1, count * lanes))
    for (row, embedding) in embeddings.enumerated() {
      for (index, value) in embedding.values.enumerated() {
        storage[row * lanes + index / 8][index % 8] = value
      }
    }
  }

  deinit { storage.deallocate() }

  /// The squared Euclidean distance of two embeddings, which have length 1: 0...4.
  func squaredDistance(_ first: Int, _ second: Int) -> Float {
    precondition((0..<count).contains(first) && (0..<count).contains(second))
    var sums = SIMD8<Float>.zero
    let (left, right) = (storage + first * lanes, storage + second * lanes)
    for lane in 0..<lanes { sums += left[lane] * right[lane] }
    return max(0, 2 - 2 * sums.sum())
  }

  /// Writes the squared Euclidean distances of one embedding to all.
  func squaredDistances(of row: Int, into distances: inout [Float]) {
    precondition((0..<count).contains(row) && distances.count == count)
    let (lanes, storage) = (lanes, storage)
    let left = storage + row * lanes
    distances.withUnsafeMutableBufferPointer { distances in
      var column = 0
      // Four at once: the processor adds up the next while it waits for the sums of one.
      while column + 4 <= distances.count {
        let right = storage + column * lanes
        var (first, second, third, fourth) = (
          SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero
        )
        for lane in 0..<lanes {
          let value = left[lane]
          first += value * right[lane]
          second += value * right[lanes + lane]
          third += value * right[2 * lanes + lane]
          fourth += value * right[3 * lanes + lane]
        }
        distances[column] = max(0, 2 - 2 * first.sum())
        distances[column + 1] = max(0, 2 - 2 * second.sum())
        distances[column + 2] = max(0, 2 - 2 * third.sum())
        distances[column + 3] = max(0, 2 - 2 * fourth.sum())
        column += 4
      }
      while column < distances.count {
        distances[column] = squaredDistance(row, column)
        column += 1
      }
    }
  }
}
