import ThroughlineCore

/// A search under way through ``VectorRows``: what the upper halves say.
struct VectorSearch {
  /// A row that may be among the best.
  struct Candidate {
    var row: Int
    /// The sum over the upper halves, later over the first bytes.
    var sum: Int32
    /// The highest that the similarity can be.
    var upperBound: Float
    /// The similarity by the first bytes.
    var score: Float = 0
  }

  let query: QuantizedVector
  let limit: Int
  let certainty: SearchCertainty
  /// The sum of the query's first bytes.
  let sum: Int32
  /// How far a sum over the upper halves can be off, in steps of row and query.
  private let margin: Float
  /// How far, likewise, what is in ``best`` lies below the upper bound.
  private let depth: Float
  /// What the similarities are at least.
  private var best: SmallestFirst
  /// Below this a row cannot be among the best.
  private var floor = -Float.infinity
  private var found: [Candidate] = []

  init(_ vector: Embedding, width: Int, limit: Int, lowerLength: Float, certainty: SearchCertainty) {
    query = QuantizedVector(vector, width: width)
    self.limit = limit
    self.certainty = certainty
    sum = query.sum
    let certain = query.length * lowerLength
    switch certainty {
    case .certain:
      margin = certain
      depth = 2 * certain
    case .likely:
      // Five standard deviations of the sum of independent errors; those of the best cancel each other out.
      margin = min(certain, 5 * certain / Float(max(1, vector.dimension)).squareRoot())
      depth = margin
    }
    best = SmallestFirst(limit: limit)
  }

  /// The rows that may be among the best of all that were taken, in order.
  var candidates: [Candidate] { found.filter { $0.upperBound >= floor } }

  /// Takes the sums over the upper halves of a block of rows of a chunk.
  mutating func take(
    _ sums: UnsafeBufferPointer<Int32>, scales: [Float], block: Range<Int>, firstRow: Int
  ) {
    typealias Lanes = SIMD16<Float>
    let factor = 16 * query.scale
    let offset = (margin - 128 * Float(sum)) * query.scale
    scales[block].withUnsafeBufferPointer { scales in
      let rawSums = UnsafeRawBufferPointer(sums)
      let rawScales = UnsafeRawBufferPointer(scales)
      var place = 0
      while place < scales.count {
        let end = min(place + Lanes.scalarCount, scales.count)
        var mayHold = true
        if end - place == Lanes.scalarCount {
          let lanes = Lanes(rawSums.loadUnaligned(fromByteOffset: 4 * place, as: SIMD16<Int32>.self))
          let scales = rawScales.loadUnaligned(fromByteOffset: 4 * place, as: Lanes.self)
          mayHold = any((lanes * factor + offset) * scales .>= floor)
        }
        if mayHold {
          for place in place..<end {
            let upperBound = (Float(sums[place]) * factor + offset) * scales[place]
            if upperBound >= floor {
              offer(
                upperBound, sum: sums[place], scale: scales[place],
                row: firstRow + block.lowerBound + place)
            }
          }
        }
        place = end
      }
    }
  }

  private mutating func offer(_ upperBound: Float, sum: Int32, scale: Float, row: Int) {
    found.append(Candidate(row: row, sum: sum, upperBound: upperBound))
    let value = upperBound - depth * query.scale * scale
    guard value > best.smallest || !best.isFull else { return }
    best.offer(value)
    // What sums of floats are off by.
    floor = best.smallest - 1e-4
  }
}
