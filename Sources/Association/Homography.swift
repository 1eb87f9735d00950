import Foundation

/// A projective map between two views of one plane, such as the floor.
struct Homography: Sendable, Hashable {
  /// A point of one view and its image in the other, with a weight.
  struct Correspondence: Sendable {
    var fromX: Double
    var fromY: Double
    var toX: Double
    var toY: Double
    var weight: Double
  }

  /// Nine numbers, row after row; the last is 1 before coordinates are scaled back.
  private var rows: [Double]

  /// Where a point comes to lie; `nil` behind the horizon.
  func map(_ x: Double, _ y: Double) -> (x: Double, y: Double)? {
    let depth = rows[6] * x + rows[7] * y + rows[8]
    guard depth > 1e-9 else { return nil }
    return ((rows[0] * x + rows[1] * y + rows[2]) / depth, (rows[3] * x + rows[4] * y + rows[5]) / depth)
  }

  /// The map with the least squared algebraic error (direct linear transformation with normalised coordinates:
  /// R. Hartley, "In defense of the eight-point algorithm", PAMI 1997).
  ///
  /// - Returns: `nil` for fewer than four points, points in a line, or a map that turns the plane inside out
  ///   between them.
  static func fit(_ points: [Correspondence]) -> Homography? {
    guard points.count >= 4 else { return nil }
    let total = points.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return nil }
    func normaliser(_ x: (Correspondence) -> Double, _ y: (Correspondence) -> Double) -> (
      x: Double, y: Double, scale: Double
    ) {
      let meanX = points.reduce(0) { $0 + $1.weight * x($1) } / total
      let meanY = points.reduce(0) { $0 + $1.weight * y($1) } / total
      let spread =
        points.reduce(0) {
          let dx = x($1) - meanX
          let dy = y($1) - meanY
          return $0 + $1.weight * (dx * dx + dy * dy)
        } / total
      return (meanX, meanY, spread > 1e-9 ? (2 / spread).squareRoot() : 0)
    }
    let from = normaliser({ $0.fromX }, { $0.fromY })
    let to = normaliser({ $0.toX }, { $0.toY })
    guard from.scale > 0, to.scale > 0 else { return nil }
    var matrix = [Double](repeating: 0, count: 64)
    var right = [Double](repeating: 0, count: 8)
    func add(_ row: [Double], _ value: Double, _ weight: Double) {
      for line in 0..<8 where row[line] != 0 {
        for column in 0..<8 { matrix[line * 8 + column] += weight * row[line] * row[column] }
        right[line] += weight * row[line] * value
      }
    }
    for point in points {
      let x = (point.fromX - from.x) * from.scale
      let y = (point.fromY - from.y) * from.scale
      let u = (point.toX - to.x) * to.scale
      let v = (point.toY - to.y) * to.scale
      add([x, y, 1, 0, 0, 0, -u * x, -u * y], u, point.weight)
      add([0, 0, 0, x, y, 1, -v * x, -v * y], v, point.weight)
    }
    guard let solution = solve(matrix, right) else { return nil }
    let h = solution + [1]
    // Back to pixels: T_to⁻¹ · H · T_from.
    let s = from.scale
    let moved = (0..<3).flatMap { row -> [Double] in
      let a = h[row * 3] * s
      let b = h[row * 3 + 1] * s
      return [a, b, h[row * 3 + 2] - a * from.x - b * from.y]
    }
    let result = Homography(
      rows: (0..<3).map { moved[$0] / to.scale + to.x * moved[6 + $0] }
        + (0..<3).map { moved[3 + $0] / to.scale + to.y * moved[6 + $0] } + Array(moved[6...]))
    guard points.allSatisfy({ $0.weight <= 0 || result.map($0.fromX, $0.fromY) != nil }) else { return nil }
    return result
  }

  /// Gaussian elimination with pivoting on eight equations.
  private static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
    var matrix = matrix
    var right = right
    for column in 0..<8 {
      guard
        let pivot = (column..<8).max(by: { abs(matrix[$0 * 8 + column]) < abs(matrix[$1 * 8 + column]) }),
        abs(matrix[pivot * 8 + column]) > 1e-10
      else { return nil }
      if pivot != column {
        for place in 0..<8 { matrix.swapAt(pivot * 8 + place, column * 8 + place) }
        right.swapAt(pivot, column)
      }
      for row in column + 1..<8 {
        let factor = matrix[row * 8 + column] / matrix[column * 8 + column]
        guard factor != 0 else { continue }
        for place in column..<8 { matrix[row * 8 + place] -= factor * matrix[column * 8 + place] }
        right[row] -= factor * right[column]
      }
    }
    for row in (0..<8).reversed() {
      for column in row + 1..<8 { right[row] -= matrix[row * 8 + column] * right[column] }
      right[row] /= matrix[row * 8 + row]
    }
    return right.allSatisfy(\.isFinite) ? right : nil
  }
}
