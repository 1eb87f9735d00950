import ThroughlineCore

/// The one-to-one choice of pairs with the greatest total score, where few pairs exist.
///
/// The pairs fall apart into groups that share no row and no column; each is solved for itself and exactly.
enum SparseAssignment {
  typealias Pair = (row: Int, column: Int, score: Double)

  /// - Parameters:
  ///   - pairs: the allowed pairs with scores above 0; each row and column at most once together.
  ///   - isFullest: prefer as many pairs as possible over a higher score.
  /// - Returns: the chosen pairs.
  static func maximize(_ pairs: [Pair], isFullest: Bool = false) -> [Pair] {
    guard pairs.count > 1 else { return pairs }
    var rowCount: [Int: Int] = [:]
    var columnCount: [Int: Int] = [:]
    for pair in pairs {
      rowCount[pair.row, default: 0] += 1
      columnCount[pair.column, default: 0] += 1
    }
    var chosen: [Pair] = []
    var rest: [Pair] = []
    for pair in pairs {
      if rowCount[pair.row] == 1, columnCount[pair.column] == 1 {
        chosen.append(pair)
      } else {
        rest.append(pair)
      }
    }
    for group in groups(rest) { chosen += solve(group, isFullest: isFullest) }
    return chosen
  }

  private static func solve(_ group: [Pair], isFullest: Bool) -> [Pair] {
    var rows: [Int: Int] = [:]
    var columns: [Int: Int] = [:]
    var highest = 0.0
    // Of rows that are exactly as good (two equal boxes in a ground truth), the first is chosen, as SciPy does it:
    // the last to be inserted wins.
    for pair in group.sorted(by: { ($0.row, $0.column) > ($1.row, $1.column) }) {
      if rows[pair.row] == nil { rows[pair.row] = rows.count }
      if columns[pair.column] == nil { columns[pair.column] = columns.count }
      highest = max(highest, pair.score)
    }
    let width = columns.count
    var places = [Int?](repeating: nil, count: rows.count * width)
    for (index, pair) in group.enumerated() {
      guard let row = rows[pair.row], let column = columns[pair.column] else { continue }
      places[row * width + column] = index
    }
    // A pair more is worth more than any difference of scores.
    let unmatched = isFullest ? (2 * highest + 1) * Double(rows.count) : 0
    return LinearAssignment.solve(rows: rows.count, columns: width, unmatchedCost: unmatched) { row, column in
      places[row * width + column].map { isFullest ? highest - group[$0].score : -group[$0].score }
        ?? .infinity
    }.enumerated().compactMap { row, column in
      column.flatMap { places[row * width + $0] }.map { group[$0] }
    }
  }

  private static func groups(_ pairs: [Pair]) -> [[Pair]] {
    var parent = Array(pairs.indices)
    func root(_ index: Int) -> Int {
      var current = index
      while parent[current] != current {
        parent[current] = parent[parent[current]]
        current = parent[current]
      }
      return current
    }
    var firstOfRow: [Int: Int] = [:]
    var firstOfColumn: [Int: Int] = [:]
    for (index, pair) in pairs.enumerated() {
      if let other = firstOfRow[pair.row] {
        parent[root(index)] = root(other)
      } else {
        firstOfRow[pair.row] = index
      }
      if let other = firstOfColumn[pair.column] {
        parent[root(index)] = root(other)
      } else {
        firstOfColumn[pair.column] = index
      }
    }
    var result: [Int: [Pair]] = [:]
    var order: [Int] = []
    for (index, pair) in pairs.enumerated() {
      let group = root(index)
      if result[group] == nil { order.append(group) }
      result[group, default: []].append(pair)
    }
    return order.compactMap { result[$0] }
  }
}
