import Foundation
import ThroughlineCore

/// Re-ranking by k-reciprocal neighbours: Z. Zhong, L. Zheng, D. Cao, S. Li, "Re-ranking person re-identification
/// with k-reciprocal encoding", CVPR 2017.
public struct KReciprocalReranking: Sendable, Hashable {
  /// The neighbours that count (k1).
  public var neighbours: Int
  /// The neighbours whose encodings are averaged (k2).
  public var averaged: Int
  /// The share of the original distance in the result, 0...1 (lambda).
  public var originalShare: Double

  /// The settings of the paper.
  public init(neighbours: Int = 20, averaged: Int = 6, originalShare: Double = 0.3) {
    self.neighbours = max(1, neighbours)
    self.averaged = max(1, averaged)
    self.originalShare = originalShare.isNaN ? 0.3 : min(max(originalShare, 0), 1)
  }

  /// The new distances of queries to gallery, row after row. Smaller is more alike.
  ///
  /// Needs memory for the square of all crops together.
  public func distances(queries: [Embedding], gallery: [Embedding]) throws(ReidentificationError) -> [Float] {
    guard !queries.isEmpty, !gallery.isEmpty else { return [] }
    let all = queries + gallery
    let count = all.count
    // Squared Euclidean distances of unit vectors, each column scaled to a maximum of 1, as the authors do it.
    var original = try ReidentificationMetrics.cosineDistances(all, all).map { max(0, 2 * $0) }
    original.withUnsafeMutableBufferPointer { original in
      for row in 0..<count {
        var highest: Float = 0
        for column in 0..<count { highest = max(highest, original[row * count + column]) }
        guard highest > 0 else { continue }
        for column in 0..<count { original[row * count + column] /= highest }
      }
    }
    let kept = min(count, max(neighbours, averaged) + 1)
    let ranking = (0..<count).map { row in Self.nearest(in: original, row: row, count: count, kept: kept) }

    var encodings = [[(index: Int, weight: Float)]]()
    encodings.reserveCapacity(count)
    let half = Int((Double(neighbours) / 2).rounded(.toNearestOrEven))
    for row in 0..<count {
      let reciprocal = reciprocalNeighbours(of: row, among: neighbours, ranking)
      var expanded = Set(reciprocal)
      for candidate in reciprocal {
        let others = reciprocalNeighbours(of: candidate, among: half, ranking)
        let shared = others.count { reciprocal.contains($0) }
        if Double(shared) > 2.0 / 3 * Double(others.count) { expanded.formUnion(others) }
      }
      let weights = expanded.sorted().map { (index: $0, weight: exp(-original[row * count + $0])) }
      let sum = weights.reduce(0) { $0 + $1.weight }
      encodings.append(weights.map { ($0.index, sum > 0 ? $0.weight / sum : 0) })
    }
    if averaged > 1 { encodings = averagedEncodings(encodings, ranking) }

    var holders = [[(row: Int, weight: Float)]](repeating: [], count: count)
    for (row, encoding) in encodings.enumerated() {
      for (index, weight) in encoding { holders[index].append((row, weight)) }
    }
    var result = [Float](repeating: 0, count: queries.count * gallery.count)
    var shared = [Float](repeating: 0, count: count)
    for row in queries.indices {
      for index in shared.indices { shared[index] = 0 }
      for (index, weight) in encodings[row] {
        for holder in holders[index] { shared[holder.row] += min(weight, holder.weight) }
      }
      for column in gallery.indices {
        let overlap = shared[queries.count + column]
        let jaccard = 1 - overlap / (2 - overlap)
        let before = original[row * count + queries.count + column]
        result[row * gallery.count + column] =
          jaccard * Float(1 - originalShare) + before * Float(originalShare)
      }
    }
    return result
  }

  private static func nearest(in distances: [Float], row: Int, count: Int, kept: Int) -> [Int] {
    let base = row * count
    let order = (0..<count).sorted {
      (distances[base + $0], $0) < (distances[base + $1], $1)
    }
    return Array(order.prefix(kept))
  }

  private func reciprocalNeighbours(of row: Int, among count: Int, _ ranking: [[Int]]) -> [Int] {
    ranking[row].prefix(count + 1).filter { ranking[$0].prefix(count + 1).contains(row) }
  }

  private func averagedEncodings(
    _ encodings: [[(index: Int, weight: Float)]], _ ranking: [[Int]]
  ) -> [[(index: Int, weight: Float)]] {
    ranking.map { nearest in
      let near = nearest.prefix(averaged)
      var sums: [Int: Float] = [:]
      for other in near {
        for (index, weight) in encodings[other] { sums[index, default: 0] += weight }
      }
      return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value / Float(near.count)) }
    }
  }
}
