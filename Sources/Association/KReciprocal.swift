import ThroughlineCore

/// Neighbourhoods tell more than single similarities: two tracks of one person have the same tracks as nearest
/// neighbours, each of them in turn.
///
/// The k-reciprocal encoding of Z. Zhong, L. Zheng, D. Cao, S. Li, "Re-ranking person re-identification with
/// k-reciprocal encoding", CVPR 2017, on a dense similarity matrix, without the local query expansion.
enum KReciprocal {
  /// The Jaccard similarity, 0...1, of the k-reciprocal neighbourhoods of all pairs.
  ///
  /// - Parameters:
  ///   - similarity: `count * count` values, row after row, symmetric; NaN or -infinity for pairs that are
  ///     excluded.
  ///   - neighbours: k; at most `count - 1` are used.
  static func jaccard(similarity: [Float], count: Int, neighbours: Int) -> [Float] {
    guard count > 0, similarity.count == count * count else { return [] }
    let depth = max(1, min(neighbours, count - 1))
    var nearest: [[Int]] = []
    for row in 0..<count {
      let values = (0..<count).map { column -> Float in
        if row == column { return .infinity }
        let value = similarity[row * count + column]
        return value.isFinite ? value : -.infinity
      }
      let order = (0..<count).sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
      nearest.append(order.prefix(depth + 1).filter { values[$0] > -.infinity })
    }
    let sets = nearest.map(Set.init)
    func reciprocal(_ row: Int, _ limit: Int) -> Set<Int> {
      Set(nearest[row].prefix(limit + 1).filter { nearest[$0].prefix(limit + 1).contains(row) })
    }
    var weights: [[Int: Float]] = []
    for row in 0..<count {
      var expanded = reciprocal(row, depth)
      // A neighbour whose own half-size neighbourhood lies mostly in this one brings it along.
      for member in expanded.sorted() {
        let half = reciprocal(member, max(1, depth / 2))
        if half.intersection(sets[row]).count * 3 >= half.count * 2 { expanded.formUnion(half) }
      }
      var weight: [Int: Float] = [:]
      var total: Float = 0
      for member in expanded.sorted() {
        let value = member == row ? 1 : max(0, similarity[row * count + member])
        weight[member] = value.isFinite ? value : 0
        total += value.isFinite ? value : 0
      }
      weights.append(total > 0 ? weight.mapValues { $0 / total } : [row: 1])
    }
    var holders = [[Int]](repeating: [], count: count)
    for row in 0..<count { for member in weights[row].keys { holders[member].append(row) } }
    var result = [Float](repeating: 0, count: count * count)
    for row in 0..<count {
      var common: [Int: Float] = [:]
      for (member, weight) in weights[row].sorted(by: { $0.key < $1.key }) {
        for other in holders[member] { common[other, default: 0] += min(weight, weights[other][member] ?? 0) }
      }
      // Both sides sum up to 1, so that the union is 2 less the common part.
      for (other, shared) in common { result[row * count + other] = shared / (2 - shared) }
    }
    return result
  }
}
