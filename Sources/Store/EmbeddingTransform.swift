import Crypto
import Foundation
import ThroughlineCore

/// A rotation of the embedding space that only the key's owner knows.
///
/// Embeddings are stored rotated. Inner products, and with them every similarity inside one gallery, stay
/// what they were; vectors of the same person from galleries with two keys have nothing in common when they
/// are compared directly, and a new key gives new vectors (unlinkability and renewability of ISO/IEC 24745).
///
/// What this does not give: it is a linear map, so somebody who has as many plain vectors together with their
/// rotated ones as there are dimensions can solve for it; and distances between the vectors of one gallery
/// show how many people there are and who resembles whom. Against a stolen file it is the second line behind
/// encryption, not a replacement for it.
///
/// The rotation is a product of rounds, each of random signs, a random permutation and Walsh-Hadamard
/// transforms of the first and the last 2^k elements: N. Ailon, B. Chazelle, "The fast Johnson-Lindenstrauss
/// transform", 2009; F. X. Yu et al., "Orthogonal random features", 2016. Few Householder reflections would
/// not do: each one moves a vector in one direction only and leaves it nearly where it was.
public struct EmbeddingTransform: Sendable {
  private static let rounds = 4

  /// The number of elements of the embeddings.
  public let dimension: Int
  private let signs: [[Double]]
  private let permutations: [[Int]]
  /// The largest power of two that is not above the dimension.
  private let blockLength: Int

  /// The rotation for a key.
  ///
  /// - Parameters:
  ///   - salt: makes several rotations from one key; renewed with the key.
  ///   - dimension: at least 1 and at most 65,536.
  /// - Returns: `nil` where the dimension is out of range.
  public init?(key: GalleryKey, salt: [UInt8], dimension: Int) {
    guard (1...65_536).contains(dimension) else { return nil }
    self.dimension = dimension
    var length = 1
    while length * 2 <= dimension { length *= 2 }
    blockLength = length
    var bits = KeyedBits(key: key.derived(for: "embedding transform \(dimension)", salt: salt))
    var signs: [[Double]] = []
    var permutations: [[Int]] = []
    for _ in 0..<Self.rounds {
      signs.append((0..<dimension).map { _ in bits.next() & 1 == 0 ? 1 : -1 })
      // Fisher and Yates by hand: the standard library does not promise that its shuffle stays the same.
      var order = Array(0..<dimension)
      for index in stride(from: dimension - 1, to: 0, by: -1) {
        order.swapAt(index, bits.next(below: UInt64(index + 1)))
      }
      permutations.append(order)
    }
    self.signs = signs
    self.permutations = permutations
  }

  /// Rotates a vector into the stored space.
  ///
  /// - Returns: `nil` where the vector has another length.
  public func apply(_ values: [Float]) -> [Float]? {
    guard values.count == dimension else { return nil }
    var vector = values.map(Double.init)
    var mixed = vector
    for round in 0..<Self.rounds {
      let sign = signs[round]
      let order = permutations[round]
      mix(from: vector, into: &mixed) { $0[$2] = $1[order[$2]] * sign[$2] }
      hadamard(&mixed, from: 0)
      if blockLength < dimension { hadamard(&mixed, from: dimension - blockLength) }
      swap(&vector, &mixed)
    }
    return vector.map(Float.init)
  }

  /// Rotates a stored vector back.
  ///
  /// - Returns: `nil` where the vector has another length.
  public func invert(_ values: [Float]) -> [Float]? {
    guard values.count == dimension else { return nil }
    var vector = values.map(Double.init)
    var mixed = vector
    for round in (0..<Self.rounds).reversed() {
      if blockLength < dimension { hadamard(&vector, from: dimension - blockLength) }
      hadamard(&vector, from: 0)
      let sign = signs[round]
      let order = permutations[round]
      mix(from: vector, into: &mixed) { $0[order[$2]] = $1[$2] * sign[$2] }
      swap(&vector, &mixed)
    }
    return vector.map(Float.init)
  }

  /// Places all elements, the third argument counting them.
  @inline(__always)
  private func mix(
    from source: [Double], into target: inout [Double],
    _ place: (UnsafeMutableBufferPointer<Double>, UnsafeBufferPointer<Double>, Int) -> Void
  ) {
    target.withUnsafeMutableBufferPointer { target in
      source.withUnsafeBufferPointer { source in
        for index in 0..<dimension { place(target, source, index) }
      }
    }
  }

  /// The orthonormal Walsh-Hadamard transform of `blockLength` elements in place; it is its own inverse.
  private func hadamard(_ vector: inout [Double], from start: Int) {
    vector.withUnsafeMutableBufferPointer { buffer in
      guard let elements = buffer.baseAddress.map({ $0 + start }) else { return }
      let scale = 1 / Double(blockLength).squareRoot()
      var half = 1
      if blockLength >= 4 {
        // The first two steps in one pass: their inner loops are too short to be fast by themselves.
        for index in stride(from: 0, to: blockLength, by: 4) {
          let (a, b) = (elements[index], elements[index + 1])
          let (c, d) = (elements[index + 2], elements[index + 3])
          let (sum, difference) = ((a + b) * scale, (a - b) * scale)
          let (otherSum, otherDifference) = ((c + d) * scale, (c - d) * scale)
          elements[index] = sum + otherSum
          elements[index + 1] = difference + otherDifference
          elements[index + 2] = sum - otherSum
          elements[index + 3] = difference - otherDifference
        }
        half = 4
      } else {
        for index in 0..<blockLength { elements[index] *= scale }
      }
      while half < blockLength {
        for block in stride(from: 0, to: blockLength, by: half * 2) {
          let (left, right) = (elements + block, elements + block + half)
          for index in 0..<half {
            let (one, other) = (left[index], right[index])
            left[index] = one + other
            right[index] = one - other
          }
        }
        half *= 2
      }
    }
  }
}

/// Random bits that follow from a key: HMAC-SHA-256 over a counter.
private struct KeyedBits {
  private let key: SymmetricKey
  private var counter: UInt64 = 0
  private var buffer: [UInt64] = []

  init(key: SymmetricKey) { self.key = key }

  mutating func next() -> UInt64 {
    if let value = buffer.popLast() { return value }
    let message = withUnsafeBytes(of: counter.littleEndian) { Data($0) }
    counter += 1
    let code = Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
    buffer = (0..<4).map { word in
      code[word * 8..<word * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    return buffer.popLast() ?? 0
  }

  /// Evenly from 0 ..< bound; values of the last, incomplete stretch are drawn again.
  mutating func next(below bound: UInt64) -> Int {
    let limit = UInt64.max - UInt64.max % bound
    while true {
      let value = next()
      if value < limit { return Int(value % bound) }
    }
  }
}
