/// Clustering of pairwise evidence under cannot-link constraints: agglomerative by weighted average linkage, then
/// single elements move to where they fit better.
///
/// (R. Sokal, C. Michener 1958 for the linkage; K. Wagstaff et al., ICML 2001 for the constraints; the moves climb
/// the objective of correlation clustering: N. Bansal, A. Blum, S. Chawla, Machine Learning 2004.)
enum EvidenceClustering {
  static let mostMoves = 20

  /// - Parameters:
  ///   - evidence: `count * count` logarithms of odds, symmetric; -infinity or NaN excludes a pair.
  ///   - weights: how much each pair counts in the averages, symmetric.
  ///   - threshold: clusters between which the average evidence is below this stay apart.
  /// - Returns: for each element the smallest element of its cluster.
  static func clusters(evidence: [Float], weights: [Float], count: Int, threshold: Float) -> [Int] {
    guard evidence.count == count * count, weights.count == count * count else { return Array(0..<count) }
    var sums = [Float](repeating: 0, count: count * count)
    for place in sums.indices {
      sums[place] = evidence[place].isFinite ? evidence[place] * weights[place] : -.infinity
    }
    let owners = agglomerate(sums: sums, weights: weights, count: count, threshold: threshold)
    return moved(owners, sums: sums, weights: weights, count: count, threshold: threshold)
  }

  private static func agglomerate(
    sums: [Float], weights: [Float], count: Int, threshold: Float
  ) -> [Int] {
    var sums = sums
    var weights = weights
    var owner = Array(0..<count)
    var members = (0..<count).map { [$0] }
    var isAlive = [Bool](repeating: true, count: count)
    var best = [(column: Int, value: Float)](repeating: (-1, -.infinity), count: count)
    func value(_ row: Int, _ column: Int) -> Float {
      let place = row * count + column
      return sums[place] == -.infinity ? -.infinity : sums[place] / max(1e-6, weights[place])
    }
    func nearest(_ row: Int) -> (Int, Float) {
      var found = (column: -1, value: -Float.infinity)
      for column in 0..<count where column != row && isAlive[column] {
        let value = value(row, column)
        if value >= threshold, value > found.value { found = (column, value) }
      }
      return found
    }
    for row in 0..<count { best[row] = nearest(row) }
    while true {
      var left = -1
      for row in 0..<count where isAlive[row] && best[row].column >= 0 {
        if left < 0 || best[row].value > best[left].value { left = row }
      }
      guard left >= 0 else { break }
      let keep = min(left, best[left].column)
      let gone = max(left, best[left].column)
      for column in 0..<count where isAlive[column] && column != keep && column != gone {
        let place = keep * count + column
        let other = gone * count + column
        sums[place] =
          sums[place] == -.infinity || sums[other] == -.infinity ? -.infinity : sums[place] + sums[other]
        weights[place] += weights[other]
        sums[column * count + keep] = sums[place]
        weights[column * count + keep] = weights[place]
      }
      isAlive[gone] = false
      for member in members[gone] { owner[member] = keep }
      members[keep] += members[gone]
      members[gone] = []
      for row in 0..<count where isAlive[row] {
        let value = row == keep ? -.infinity : value(row, keep)
        if row == keep || best[row].column == gone || best[row].column == keep {
          best[row] = nearest(row)
        } else if value >= threshold, value > best[row].value {
          best[row] = (keep, value)
        }
      }
    }
    return owner
  }

  /// Moves single elements to the cluster, or to one of their own, where the sum of their evidence is greatest.
  private static func moved(
    _ owners: [Int], sums: [Float], weights: [Float], count: Int, threshold: Float
  ) -> [Int] {
    var owners = owners
    for _ in 0..<mostMoves {
      var hasMoved = false
      for element in 0..<count {
        var gain: [Int: Float] = [:]
        for other in 0..<count where other != element {
          let place = element * count + other
          gain[owners[other], default: 0] +=
            sums[place] == -.infinity ? -.infinity : sums[place] - threshold * weights[place]
        }
        let own = gain[owners[element]] ?? 0
        guard let target = gain.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { continue }
        if target.value > max(own, 0) + 1e-3, target.key != owners[element] {
          owners[element] = target.key
          hasMoved = true
        } else if own < -1e-3 {
          owners[element] = count + element
          hasMoved = true
        }
      }
      if !hasMoved { break }
    }
    var first: [Int: Int] = [:]
    return owners.enumerated().map { place, owner in
      if let known = first[owner] { return known }
      first[owner] = place
      return place
    }
  }
}
