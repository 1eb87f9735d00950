/// Exact linear assignment of rows to columns.
///
/// The shortest augmenting path method with row and column potentials (the "Hungarian algorithm" in the form
/// of R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
/// assignment problems", Computing 38, 1987), O(n^2 m) for n rows and m columns.
public enum LinearAssignment {
  /// Finds the assignment that first leaves as few rows unmatched as the allowed pairs permit at a cost below
  /// `unmatchedCost` each, that is: it minimises the sum of the costs of the matched pairs plus
  /// `unmatchedCost` for every row left over.
  ///
  /// - Parameters:
  ///   - rows: the number of rows.
  ///   - columns: the number of columns.
  ///   - unmatchedCost: the price of leaving a row without a column; a pair that costs more is never chosen.
  ///   - cost: the price of a pair; `.infinity` or NaN forbids it.
  /// - Returns: for each row its column, or `nil`.
  public static func solve(
    rows: Int, columns: Int, unmatchedCost: Double, cost: (_ row: Int, _ column: Int) -> Double
  ) -> [Int?] {
    guard rows > 0 else { return [] }
    guard columns > 0 else { return [Int?](repeating: nil, count: rows) }
    // Every row gets one private extra column at the price of staying unmatched, so a full matching exists.
    let width = columns + rows
    let forbidden = Double.infinity
    var matrix = [Double](repeating: forbidden, count: rows * width)
    for row in 0..<rows {
      for column in 0..<columns {
        let value = cost(row, column)
        if value.isFinite, value <= unmatchedCost { matrix[row * width + column] = value }
      }
      matrix[row * width + columns + row] = unmatchedCost
    }

    var rowPotential = [Double](repeating: 0, count: rows + 1)
    var columnPotential = [Double](repeating: 0, count: width + 1)
    var rowOfColumn = [Int](repeating: 0, count: width + 1)  // 0: free; rows and columns count from 1 here
    var previousColumn = [Int](repeating: 0, count: width + 1)
    var distance = [Double](repeating: .infinity, count: width + 1)
    var visited = [Bool](repeating: false, count: width + 1)
    for row in 1...rows {
      rowOfColumn[0] = row
      var current = 0
      for column in 0...width {
        distance[column] = .infinity
        visited[column] = false
      }
      repeat {
        visited[current] = true
        let activeRow = rowOfColumn[current]
        var smallest = Double.infinity
        var next = -1
        let base = (activeRow - 1) * width
        for column in 1...width where !visited[column] {
          let value = matrix[base + column - 1]
          if value.isFinite {
            let reduced = value - rowPotential[activeRow] - columnPotential[column]
            if reduced < distance[column] {
              distance[column] = reduced
              previousColumn[column] = current
            }
          }
          if distance[column] < smallest {
            smallest = distance[column]
            next = column
          }
        }
        for column in 0...width {
          if visited[column] {
            rowPotential[rowOfColumn[column]] += smallest
            columnPotential[column] -= smallest
          } else {
            distance[column] -= smallest
          }
        }
        current = next
      } while rowOfColumn[current] != 0
      repeat {
        let before = previousColumn[current]
        rowOfColumn[current] = rowOfColumn[before]
        current = before
      } while current != 0
    }

    var result = [Int?](repeating: nil, count: rows)
    for column in 1...columns where rowOfColumn[column] > 0 {
      result[rowOfColumn[column] - 1] = column - 1
    }
    return result
  }
}
