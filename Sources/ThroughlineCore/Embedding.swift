/// Why a vector is no embedding.
public enum EmbeddingError: Error, Hashable, CustomStringConvertible {
  /// The vector has no element.
  case empty
  /// The element at this place is NaN or infinite.
  case notFinite(index: Int)
  /// All elements are zero, so that it has no direction.
  case zero
  /// Two embeddings of different networks or lengths were to be compared.
  case mismatch(expected: String, found: String)

  /// One line that says what is wrong.
  public var description: String {
    switch self {
    case .empty: "an embedding without elements"
    case .notFinite(let index): "an embedding whose element \(index) is not a finite number"
    case .zero: "an embedding of zeros only, which has no direction"
    case .mismatch(let expected, let found):
      "an embedding of \(found) where one of \(expected) is needed; embeddings of two networks cannot be compared"
    }
  }
}

/// The network and version that made an embedding; embeddings of different ones are never compared.
public struct EmbeddingNetwork: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The model's name in the zoo.
  public var name: String
  /// What distinguishes weights and precision under that name, for example the first digits of a hash.
  public var version: String
  /// The number of elements.
  public var dimension: Int

  /// A network by its parts.
  public init(name: String, version: String, dimension: Int) {
    self.name = name
    self.version = version
    self.dimension = dimension
  }

  /// `person-reidentification-retail-0287@5f2c (256)`.
  public var description: String { "\(name)@\(version) (\(dimension))" }
}

/// The re-ID network's L2-normalised vector for a crop.
public struct Embedding: Hashable, Sendable {
  /// The elements; their squares add up to 1.
  public let values: [Float]

  /// Normalises a vector to length 1.
  ///
  /// - Throws: ``EmbeddingError`` where the vector is empty, holds NaN or infinity, or is zero.
  public init(normalizing values: [Float]) throws(EmbeddingError) {
    guard !values.isEmpty else { throw .empty }
    var sum = 0.0
    for (index, value) in values.enumerated() {
      guard value.isFinite else { throw .notFinite(index: index) }
      sum += Double(value) * Double(value)
    }
    guard sum > 1e-20 else { throw .zero }
    let factor = 1 / sum.squareRoot()
    self.values = values.map { Float(Double($0) * factor) }
  }

  /// The number of elements.
  public var dimension: Int { values.count }

  /// Cosine similarity, -1...1; both embeddings must have the same dimension, otherwise the result is -1.
  public func similarity(to other: Embedding) -> Float {
    guard dimension == other.dimension else { return -1 }
    return values.withUnsafeBufferPointer { left in
      other.values.withUnsafeBufferPointer { right in
        var sums = SIMD8<Float>.zero
        var index = 0
        let leftBytes = UnsafeRawBufferPointer(left)
        let rightBytes = UnsafeRawBufferPointer(right)
        while index + 8 <= left.count {
          let leftLane = leftBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
          let rightLane = rightBytes.loadUnaligned(fromByteOffset: index * 4, as: SIMD8<Float>.self)
          sums += leftLane * rightLane
          index += 8
        }
        var total = sums.sum()
        while index < left.count {
          total += left[index] * right[index]
          index += 1
        }
        return total
      }
    }
  }

  /// The direction of a weighted sum of embeddings.
  ///
  /// - Returns: `nil` where the list is empty, weights are not positive, or the vectors cancel out.
  public static func weightedMean(_ parts: [(embedding: Embedding, weight: Float)]) -> Embedding? {
    guard let first = parts.first else { return nil }
    var sum = [Float](repeating: 0, count: first.embedding.dimension)
    for (embedding, weight) in parts where weight > 0 && embedding.dimension == sum.count {
      for index in sum.indices { sum[index] += embedding.values[index] * weight }
    }
    return try? Embedding(normalizing: sum)
  }
}
