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
}
