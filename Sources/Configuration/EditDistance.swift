/// The fewest insertions, deletions and replacements that turn one text into another (V. Levenshtein, 1966).
func editDistance(_ left: String, _ right: String) -> Int {
  let left = Array(left.utf8)
  let right = Array(right.utf8)
  guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
  var previous = Array(0...right.count)
  for (row, leftByte) in left.enumerated() {
    var current = [row + 1]
    for (column, rightByte) in right.enumerated() {
      let replaced = previous[column] + (leftByte == rightByte ? 0 : 1)
      current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
    }
    previous = current
  }
  return previous[right.count]
}

/// The candidate that a mistyped word most likely meant, or `nil` where none is near.
///
/// The last component of a dotted name is compared as well, so that `threshold` finds
/// `detection.person-threshold`.
public func nearest(to word: String, among candidates: [String]) -> String? {
  let word = String(word.prefix(128))
  func distance(_ candidate: String) -> Int {
    let tail = candidate.split(separator: ".").last.map(String.init) ?? candidate
    return min(editDistance(word, candidate), editDistance(word, tail) + 1)
  }
  let best = candidates.map { ($0, distance($0)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
  guard let best, best.1 <= max(2, word.utf8.count / 3) else { return nil }
  return best.0
}
