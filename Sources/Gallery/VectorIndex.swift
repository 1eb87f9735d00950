import ThroughlineCore

/// Unit vectors in memory, contiguous, with exact search for the most similar ones.
///
/// A vector is kept as signed bytes with a scale of its own, and what these leave over as signed bytes of 1/254 of that
/// scale: two bytes per element together, an error of a dot product below 0.0001. A search reads the first bytes of all
/// vectors and both of the few that can be among the best: since the length of what the first bytes leave over is
/// known, the Cauchy-Schwarz inequality says how far a first score can be off, and nothing nearer is missed.
public struct VectorIndex<Key: Hashable & Sendable & Comparable>: Sendable {
  /// Rows per chunk: small enough that a copy of the index, after which one row changes, copies little.
  private static var chunkRows: Int { 4096 }

  private struct Chunk: Sendable {
    var coarse: [Int8] = []
    var fine: [Int8] = []
    var scales: [Float] = []
    /// The lengths of what the first bytes leave over.
    var leftovers: [Float] = []
  }

  /// The number of bytes of a row: the dimension, rounded up to a multiple of 64.
  public private(set) var width = 0
  private var chunks: [Chunk] = []
  private var keys: [Key] = []
  private var rowOfKey: [Key: Int] = [:]
  private var largestLeftover: Float = 0

  /// An empty index; the first vector decides about the dimension.
  public init() {}

  /// The number of vectors.
  public var count: Int { keys.count }

  /// The bytes that the vectors take, keys left out.
  public var byteCount: Int { keys.count * (2 * width + 8) }

  private static func paddedWidth(_ dimension: Int) -> Int { (dimension + 63) / 64 * 64 }

  /// Sets, moves or removes (`nil`) the vector of a key. One of another dimension than the first is left out.
  public mutating func set(_ key: Key, to vector: Embedding?) {
    guard let vector else {
      remove(key)
      return
    }
    let needed = Self.paddedWidth(vector.dimension)
    if keys.isEmpty {
      width = needed
      largestLeftover = 0
    }
    guard needed == width else { return }
    let row: Int
    if let known = rowOfKey[key] {
      row = known
    } else {
      row = keys.count
      keys.append(key)
      rowOfKey[key] = row
      if row / Self.chunkRows == chunks.count { chunks.append(Chunk()) }
      let chunk = row / Self.chunkRows
      chunks[chunk].coarse.append(contentsOf: repeatElement(0, count: width))
      chunks[chunk].fine.append(contentsOf: repeatElement(0, count: width))
      chunks[chunk].scales.append(0)
      chunks[chunk].leftovers.append(0)
    }
    write(QuantizedVector(vector, width: width), to: row)
  }

  private mutating func write(_ vector: QuantizedVector, to row: Int) {
    let (chunk, place) = row.quotientAndRemainder(dividingBy: Self.chunkRows)
    let range = place * width..<(place + 1) * width
    chunks[chunk].coarse.replaceSubrange(range, with: vector.coarse)
    chunks[chunk].fine.replaceSubrange(range, with: vector.fine)
    chunks[chunk].scales[place] = vector.scale
    chunks[chunk].leftovers[place] = vector.leftover
    largestLeftover = max(largestLeftover, vector.leftover)
  }

  private mutating func remove(_ key: Key) {
    guard let row = rowOfKey.removeValue(forKey: key), let last = keys.popLast() else { return }
    let lastRow = keys.count
    let (from, fromPlace) = lastRow.quotientAndRemainder(dividingBy: Self.chunkRows)
    if row != lastRow {
      let (to, toPlace) = row.quotientAndRemainder(dividingBy: Self.chunkRows)
      let source = fromPlace * width..<(fromPlace + 1) * width
      let target = toPlace * width..<(toPlace + 1) * width
      chunks[to].coarse.replaceSubrange(target, with: Array(chunks[from].coarse[source]))
      chunks[to].fine.replaceSubrange(target, with: Array(chunks[from].fine[source]))
      chunks[to].scales[toPlace] = chunks[from].scales[fromPlace]
      chunks[to].leftovers[toPlace] = chunks[from].leftovers[fromPlace]
      keys[row] = last
      rowOfKey[last] = row
    }
    chunks[from].coarse.removeLast(width)
    chunks[from].fine.removeLast(width)
    chunks[from].scales.removeLast()
    chunks[from].leftovers.removeLast()
    if chunks[from].scales.isEmpty { chunks.removeLast() }
  }

  /// The keys whose vectors are most similar to the query, best first, equal ones by key.
  public func nearest(
    to query: Embedding, limit: Int, scanner: some SimilarityScanner
  ) -> [(key: Key, similarity: Float)] {
    guard limit > 0, !keys.isEmpty, Self.paddedWidth(query.dimension) == width else { return [] }
    let quantized = QuantizedVector(query, width: width)
    // |q.x - q1.x1| <= |q - q1| |x| + |q1| |x - x1|, and unit vectors have length 1.
    let bound = quantized.leftover + (1 + quantized.leftover) * largestLeftover + 1e-5
    var best = SmallestFirst(limit: min(limit, keys.count))
    let scores = scan(quantized, best: &best, scanner: scanner)
    let floor = best.smallest - 2 * bound
    var candidates: [(row: Int, score: Float)] = []
    for row in scores.indices where scores[row] >= floor { candidates.append((row, scores[row])) }
    candidates.sort { $0.score > $1.score }
    var found: [(key: Key, similarity: Float)] = []
    var exact = SmallestFirst(limit: min(limit, keys.count))
    for candidate in candidates {
      // No later one can come up to the worst of those that are certain.
      if exact.isFull, candidate.score + bound < exact.smallest { break }
      let similarity = score(candidate.row, quantized, scanner: scanner)
      exact.offer(similarity)
      found.append((keys[candidate.row], similarity))
    }
    found.sort { $0.similarity != $1.similarity ? $0.similarity > $1.similarity : $0.key < $1.key }
    return Array(found.prefix(limit))
  }

  /// The first scores of all rows.
  private func scan(
    _ query: QuantizedVector, best: inout SmallestFirst, scanner: some SimilarityScanner
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: keys.count) { scores, initialized in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.chunkRows) { sums in
        for chunk in chunks {
          let rows = chunk.scales.count
          let results = UnsafeMutableBufferPointer(rebasing: sums[0..<rows])
          results.initialize(repeating: 0)
          query.coarse.withUnsafeBufferPointer { query in
            chunk.coarse.withUnsafeBufferPointer { scanner.scan(query: query, rows: $0, results: results) }
          }
          chunk.scales.withUnsafeBufferPointer { scales in
            for row in 0..<rows {
              let score = Float(results[row]) * scales[row] * query.scale
              scores.initializeElement(at: initialized + row, to: score)
              if score > best.smallest || !best.isFull { best.offer(score) }
            }
          }
          initialized += rows
        }
      }
    }
  }

  /// The full score of one row.
  private func score(_ row: Int, _ query: QuantizedVector, scanner: some SimilarityScanner) -> Float {
    let (chunk, place) = row.quotientAndRemainder(dividingBy: Self.chunkRows)
    let range = place * width..<(place + 1) * width
    func dot(_ left: [Int8], _ right: [Int8]) -> Double {
      var sum: Int32 = 0
      withUnsafeMutablePointer(to: &sum) { sum in
        left.withUnsafeBufferPointer { left in
          right.withUnsafeBufferPointer {
            scanner.scan(
              query: left, rows: UnsafeBufferPointer(rebasing: $0[range]),
              results: UnsafeMutableBufferPointer(start: sum, count: 1))
          }
        }
      }
      return Double(sum)
    }
    let coarse = dot(query.coarse, chunks[chunk].coarse)
    let mixed = dot(query.fine, chunks[chunk].coarse) + dot(query.coarse, chunks[chunk].fine)
    let fine = dot(query.fine, chunks[chunk].fine)
    let sum =
      coarse + mixed / QuantizedVector.fineness + fine / QuantizedVector.fineness / QuantizedVector.fineness
    return Float(sum * Double(chunks[chunk].scales[place]) * Double(query.scale))
  }
}

/// A vector as bytes: `scale * (coarse + fine / fineness)`.
struct QuantizedVector: Sendable {
  /// What is left over is at most half a step, which 127 finer steps cover.
  static let fineness = 254.0

  var coarse: [Int8]
  var fine: [Int8]
  var scale: Float
  /// The length of what `scale * coarse` leaves over.
  var leftover: Float

  init(_ vector: Embedding, width: Int) {
    coarse = [Int8](repeating: 0, count: width)
    fine = coarse
    var largest: Float = 0
    for value in vector.values { largest = max(largest, abs(value)) }
    scale = max(largest, 1e-20) / 127
    var squares = 0.0
    for (index, value) in vector.values.enumerated() {
      let steps = Double(value) / Double(scale)
      let whole = min(127, max(-127, steps.rounded()))
      coarse[index] = Int8(whole)
      fine[index] = Int8(min(127, max(-127, ((steps - whole) * Self.fineness).rounded())))
      squares += (steps - whole) * (steps - whole)
    }
    leftover = Float(squares.squareRoot() * Double(scale))
  }
}

/// The largest of many scores, in a heap whose first element is the smallest that is kept.
struct SmallestFirst {
  let limit: Int
  private(set) var heap: [Float] = []

  init(limit: Int) {
    self.limit = limit
    heap.reserveCapacity(limit)
  }

  var isFull: Bool { heap.count >= limit }
  /// The smallest score that is kept; minus infinity until there are as many as wanted.
  var smallest: Float { isFull ? heap[0] : -.infinity }

  mutating func offer(_ score: Float) {
    if isFull {
      guard limit > 0, score > heap[0] else { return }
      heap[0] = score
      sink()
    } else {
      heap.append(score)
      var child = heap.count - 1
      while child > 0, heap[child] < heap[(child - 1) / 2] {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
