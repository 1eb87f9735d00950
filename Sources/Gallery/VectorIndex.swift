import ThroughlineCore

/// Unit vectors in memory, with exact search for the most similar ones.
///
/// A vector is kept as signed bytes with a scale of its own, and what these leave over as signed bytes of 1/254 of that
/// scale: two bytes per element together, an error of a dot product below 0.0001. A search reads the upper halves of the
/// first bytes of all vectors, then the lower halves and at last the second bytes of those that can still be among the best:
/// since the length of what is left over is known, the Cauchy-Schwarz inequality says how far a score can be off, and
/// nothing nearer is missed.
public struct VectorIndex<Key: Hashable & Sendable & Comparable>: Sendable {
  private var rows = VectorRows()
  private var keys: [Key] = []
  private var rowOfKey: [Key: Int] = [:]

  /// An empty index; the first vector decides about the dimension.
  public init() {}

  /// The number of vectors.
  public var count: Int { keys.count }

  /// The number of bytes of a row: the dimension, rounded up to a multiple of 128.
  public var width: Int { rows.width }

  /// The bytes that the vectors take, keys left out.
  public var byteCount: Int { keys.count * (2 * width + 4) }

  /// Sets, moves or removes (`nil`) the vector of a key. One of another dimension than the first is left out.
  public mutating func set(_ key: Key, to vector: Embedding?) {
    guard let vector else {
      remove(key)
      return
    }
    let needed = VectorRows.width(forDimension: vector.dimension)
    if keys.isEmpty { rows = VectorRows(width: needed) }
    guard needed == width else { return }
    let row: Int
    if let known = rowOfKey[key] {
      row = known
    } else {
      row = keys.count
      keys.append(key)
      rowOfKey[key] = row
      rows.append()
    }
    rows.write(QuantizedVector(vector, width: width), to: row)
  }

  private mutating func remove(_ key: Key) {
    guard let row = rowOfKey.removeValue(forKey: key), let last = keys.popLast() else { return }
    if row != keys.count {
      keys[row] = last
      rowOfKey[last] = row
    }
    rows.replaceByLast(row)
  }

  /// The keys whose vectors are most similar to the query, best first, equal ones by key.
  public func nearest(
    to query: Embedding, limit: Int, certainty: SearchCertainty = .certain, scanner: any SimilarityScanner
  ) -> [(key: Key, similarity: Float)] {
    nearest(to: [query], limit: limit, certainty: certainty, scanner: scanner)[0]
  }

  /// For each query, the keys whose vectors are most similar to it, best first, equal ones by key; none for a query of
  /// another dimension.
  ///
  /// Reading the vectors takes most of a search's time; they are read once for all queries.
  public func nearest(
    to queries: [Embedding], limit: Int, certainty: SearchCertainty = .certain, scanner: any SimilarityScanner
  ) -> [[(key: Key, similarity: Float)]] {
    rows.nearest(to: queries, limit: limit, certainty: certainty, scanner: scanner).map { found in
      let known = found.map { (key: keys[$0.row], similarity: $0.similarity) }
      let sorted = known.sorted {
        $0.similarity != $1.similarity ? $0.similarity > $1.similarity : $0.key < $1.key
      }
      return Array(sorted.prefix(limit))
    }
  }
}

/// How sure a search is to find the most similar vectors.
public enum SearchCertainty: Sendable {
  /// Nothing more similar can be missed.
  case certain
  /// Quicker, to within 0.01 of the similarity: of what is more similar than that, less than one in a million is missed, if
  /// what was not read of a vector has nothing to do with the query.
  case likely
}
