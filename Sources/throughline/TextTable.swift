/// Rows of cells, printed in columns.
enum TextTable {
  /// Prints rows of equal length; columns are aligned right unless named.
  static func print(_ rows: [[String]], leftAligned: Set<Int> = [0]) {
    guard let first = rows.first else { return }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        guard leftAligned.contains(column) else { return padding + row[column] }
        return column == row.count - 1 ? row[column] : row[column] + padding
      }
      Swift.print(cells.joined(separator: "  "))
    }
  }

  /// Rows as lines, all columns aligned left; rows may differ in length.
  static func text(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { index, cell in
        index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
