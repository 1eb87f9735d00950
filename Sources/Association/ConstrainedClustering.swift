import ThroughlineCore

/// Agglomerative clustering by average linkage under cannot-link constraints.
///
/// The two most similar clusters become one as long as their average similarity reaches the threshold and no pair
/// of members is excluded. (R. Sokal, C. Michener 1958 for the linkage; K. Wagstaff et al., "Constrained k-means
/// clustering with background knowledge", ICML 2001 for the constraints.) O(n² log n) in practice, O(n²) memory.
enum ConstrainedClustering {
  /// - Parameters:
  ///   - similarity: `count * count` values, row after row, symmetric; -infinity or NaN excludes a pair.
  ///   - weights: how much each element counts in the averages.
  ///   - threshold: clusters less similar than this stay apart.
  /// - Returns: for each element the smallest element of its cluster.
  static func clusters(similarity: [Float], weights: [Float], threshold: Float) -> [Int] {
    let count = weights.count
    guard similarity.count == count * count else { return Array(0..<count) }
    var matrix = similarity.map { $0.isFinite ? $0 : -.infinity }
    var mass = weights.map { max(1e-6, $0) }
    var owner = Array(0..<count)
    var members = (0..<count).map { [$0] }
    var isAlive = [Bool](repeating: true, count: count)
    var best = [Int](repeating: -1, count: count)
    func nearest(_ row: Int) -> Int {
      var place = -1
      for column in 0..<count where column != row && isAlive[column] {
        let value = matrix[row * count + column]
        if value >= threshold, place < 0 || value > matrix[row * count + place] { place = column }
      }
      return place
    }
    for row in 0..<count { best[row] = nearest(row) }
    while true {
      var left = -1
      for row in 0..<count where isAlive[row] && best[row] >= 0 {
        if left < 0 || matrix[row * count + best[row]] > matrix[left * count + best[left]] { left = row }
      }
      guard left >= 0 else { break }
      let keep = min(left, best[left])
      let gone = max(left, best[left])
      for column in 0..<count where isAlive[column] && column != keep && column != gone {
        let one = matrix[keep * count + column]
        let other = matrix[gone * count + column]
        let average = (one * mass[keep] + other * mass[gone]) / (mass[keep] + mass[gone])
        let value = one == -.infinity || other == -.infinity ? -.infinity : average
        matrix[keep * count + column] = value
        matrix[column * count + keep] = value
      }
      mass[keep] += mass[gone]
      isAlive[gone] = false
      for member in members[gone] { owner[member] = keep }
      members[keep] += members[gone]
      members[gone] = []
      best[keep] = nearest(keep)
      for row in 0..<count where isAlive[row] && row != keep {
        if best[row] == gone || best[row] == keep {
          best[row] = nearest(row)
        } else if matrix[row * count + keep] >= threshold,
          best[row] < 0 || matrix[row * count + keep] > matrix[row * count + best[row]]
        {
          best[row] = keep
        }
      }
    }
    return owner
  }
}
