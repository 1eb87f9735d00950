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

  /// An element of an encoding: how much a crop belongs to the neighbourhood.
  private typealias Part = (index: Int, weight: Float)

  /// The new distances of queries to gallery, row after row. Smaller is more alike.
  ///
  /// The time grows with the square of all crops together, the memory with queries times all crops.
  ///
  /// - Parameter progress: called now and then with the share that is done, 0...1.
  public func distances(
    queries: [Embedding], gallery: [Embedding], progress: (Double) -> Void = { _ in }
  ) throws(ReidentificationError) -> [Float] {
    guard !queries.isEmpty, !gallery.isEmpty else { return [] }
    let packed = try PackedEmbeddings(queries + gallery)
    let count = packed.count
    let kept = min(count, max(neighbours, averaged) + 1)
    // Each row is scaled to a maximum of 1, as the authors do it. Only the queries' rows are kept whole.
    var original = [Float](repeating: 0, count: queries.count * gallery.count)
    var highest = [Float](repeating: 1, count: count)
    var ranking: [[Int]] = []
    ranking.reserveCapacity(count)
    var distances = [Float](repeating: 0, count: count)
    for row in 0..<count {
      packed.squaredDistances(of: row, into: &distances)
      if let most = distances.max(), most > 0 { highest[row] = most }
      ranking.append(Self.nearest(in: distances, kept: kept))
      if row < queries.count {
        for column in gallery.indices {
          original[row * gallery.count + column] = distances[queries.count + column] / highest[row]
        }
      }
      if row % 64 == 0 { progress(Double(row) / Double(count)) }
    }

    let reciprocal = reciprocalNeighbours(among: neighbours, ranking)
    let half = Int((Double(neighbours) / 2).rounded(.toNearestOrEven))
    let nearReciprocal = reciprocalNeighbours(among: half, ranking)
    var encodings: [[Part]] = []
    encodings.reserveCapacity(count)
    for row in 0..<count {
      let close = Set(reciprocal[row])
      var expanded = close
      for candidate in reciprocal[row] {
        let others = nearReciprocal[candidate]
        let shared = others.count { close.contains($0) }
        if Double(shared) > 2.0 / 3 * Double(others.count) { expanded.formUnion(others) }
      }
      let parts = expanded.sorted().map { index -> Part in
        (index, exp(-packed.squaredDistance(row, index) / highest[row]))
      }
      let sum = parts.reduce(0) { $0 + $1.weight }
      encodings.append(parts.map { ($0.index, sum > 0 ? $0.weight / sum : 0) })
    }
    if averaged > 1 { encodings = averagedEncodings(encodings, ranking) }
    blend(encodings, queries: queries.count, into: &original)
    progress(1)
    return original
  }

  /// The places of the smallest values in rising order; of equal ones the earlier comes first.
  private static func nearest(in distances: [Float], kept: Int) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(kept + 1)
    for (index, distance) in distances.enumerated() {
      if places.count == kept, let last = places.last, distance >= distances[last] { continue }
      var place = places.count
      while place > 0, distances[places[place - 1]] > distance { place -= 1 }
      places.insert(index, at: place)
      if places.count > kept { places.removeLast() }
    }
    return places
  }

  /// For each row those of its nearest that have the row among their nearest too.
  private func reciprocalNeighbours(among count: Int, _ ranking: [[Int]]) -> [[Int]] {
    ranking.indices.map { row in
      ranking[row].prefix(count + 1).filter { ranking[$0].prefix(count + 1).contains(row) }
    }
  }

  private func averagedEncodings(_ encodings: [[Part]], _ ranking: [[Int]]) -> [[Part]] {
    var sums = [Float](repeating: 0, count: encodings.count)
    var touched: [Int] = []
    return ranking.map { nearest in
      let near = nearest.prefix(averaged)
      touched.removeAll(keepingCapacity: true)
      for other in near {
        for (index, weight) in encodings[other] where weight > 0 {
          if sums[index] == 0 { touched.append(index) }
          sums[index] += weight
        }
      }
      touched.sort()
      return touched.map { index in
        defer { sums[index] = 0 }
        return (index, sums[index] / Float(near.count))
      }
    }
  }

  /// Blends the original distances with the Jaccard distances of the encodings.
  private func blend(_ encodings: [[Part]], queries: Int, into distances: inout [Float]) {
    var holders = [[(row: Int, weight: Float)]](repeating: [], count: encodings.count)
    for (row, encoding) in encodings.enumerated() where row >= queries {
      for (index, weight) in encoding { holders[index].append((row - queries, weight)) }
    }
    let gallery = encodings.count - queries
    var shared = [Float](repeating: 0, count: gallery)
    for row in 0..<queries {
      for index in shared.indices { shared[index] = 0 }
      for (index, weight) in encodings[row] {
        for holder in holders[index] { shared[holder.row] += min(weight, holder.weight) }
      }
      for column in 0..<gallery {
        let jaccard = 1 - shared[column] / (2 - shared[column])
        distances[row * gallery + column] =
          jaccard * Float(1 - originalShare) + distances[row * gallery + column] * Float(originalShare)
      }
    }
  }
}
