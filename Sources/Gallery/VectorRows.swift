/// The vectors of a ``VectorIndex``, by number.
struct VectorRows: Sendable {
  /// Rows per chunk: small enough that a copy of the rows, after which one changes, copies little.
  static let chunkRows = 4096

  struct Chunk: Sendable {
    /// The halves of the first bytes, two to a byte.
    var upper: [UInt8] = []
    var lower: [UInt8] = []
    var fine: [Int8] = []
    var scales: [Float] = []
  }

  /// The number of elements of a row, a multiple of 128.
  let width: Int
  private(set) var chunks: [Chunk] = []
  private(set) var count = 0
  /// The longest that the first bytes leave over of a vector, and that their upper halves do (in steps).
  private(set) var largestLeftover: Float = 0
  private(set) var largestLowerLength: Float = 0

  init(width: Int = 0) { self.width = width }

  static func width(forDimension dimension: Int) -> Int { (dimension + 127) / 128 * 128 }

  /// Adds a row, to be written.
  mutating func append() {
    if count / Self.chunkRows == chunks.count { chunks.append(Chunk()) }
    let chunk = count / Self.chunkRows
    chunks[chunk].upper.append(contentsOf: repeatElement(0, count: width / 2))
    chunks[chunk].lower.append(contentsOf: repeatElement(0, count: width / 2))
    chunks[chunk].fine.append(contentsOf: repeatElement(0, count: width))
    chunks[chunk].scales.append(0)
    count += 1
  }

  mutating func write(_ vector: QuantizedVector, to row: Int) {
    let (chunk, place) = row.quotientAndRemainder(dividingBy: Self.chunkRows)
    let half = place * width / 2..<(place + 1) * width / 2
    chunks[chunk].upper.replaceSubrange(half, with: vector.upper)
    chunks[chunk].lower.replaceSubrange(half, with: vector.lower)
    chunks[chunk].fine.replaceSubrange(place * width..<(place + 1) * width, with: vector.fine)
    chunks[chunk].scales[place] = vector.scale
    largestLeftover = max(largestLeftover, vector.leftover)
    largestLowerLength = max(largestLowerLength, vector.lowerLength)
  }

  /// Removes the last row, which takes the place of another one.
  mutating func replaceByLast(_ row: Int) {
    count -= 1
    let (from, last) = count.quotientAndRemainder(dividingBy: Self.chunkRows)
    let (to, place) = row.quotientAndRemainder(dividingBy: Self.chunkRows)
    if row != count {
      func range(_ place: Int, _ width: Int) -> Range<Int> { place * width..<(place + 1) * width }
      let source = chunks[from]
      chunks[to].upper.replaceSubrange(range(place, width / 2), with: source.upper[range(last, width / 2)])
      chunks[to].lower.replaceSubrange(range(place, width / 2), with: source.lower[range(last, width / 2)])
      chunks[to].fine.replaceSubrange(range(place, width), with: source.fine[range(last, width)])
      chunks[to].scales[place] = source.scales[last]
    }
    chunks[from].upper.removeLast(width / 2)
    chunks[from].lower.removeLast(width / 2)
    chunks[from].fine.removeLast(width)
    chunks[from].scales.removeLast()
    if chunks[from].scales.isEmpty { chunks.removeLast() }
  }
}
