import ThroughlineCore

/// One row per identity: the direction of its prototypes' mean, contiguous in memory as BFloat16.
///
/// The index proposes candidates; whoever asks scores them again on the prototypes themselves.
struct IdentityIndex: Sendable {
  private(set) var width = 0
  private var rows: [UInt16] = []
  private var owners: [IdentityID] = []
  private var rowOfOwner: [IdentityID: Int] = [:]

  /// The number of identities that have a row.
  var count: Int { owners.count }

  /// Sets, moves or removes (`nil`) the row of an identity.
  mutating func set(_ id: IdentityID, to mean: Embedding?) {
    guard let mean else {
      remove(id)
      return
    }
    let needed = (mean.dimension + 15) / 16 * 16
    if owners.isEmpty { width = needed }
    guard needed == width else { return }
    let row: Int
    if let known = rowOfOwner[id] {
      row = known
    } else {
      row = owners.count
      owners.append(id)
      rowOfOwner[id] = row
      rows.append(contentsOf: repeatElement(0, count: width))
    }
    for (index, value) in mean.values.enumerated() { rows[row * width + index] = BFloat16.bits(of: value) }
  }

  private mutating func remove(_ id: IdentityID) {
    guard let row = rowOfOwner.removeValue(forKey: id), let last = owners.popLast() else { return }
    let lastRow = owners.count
    if row != lastRow {
      for index in 0..<width { rows[row * width + index] = rows[lastRow * width + index] }
      owners[row] = last
      rowOfOwner[last] = row
    }
    rows.removeLast(width)
  }

  /// The identities whose means are most similar to the query, best first.
  func nearest(to query: Embedding, limit: Int, scanner: some SimilarityScanner) -> [(
    id: IdentityID, similarity: Float
  )] {
    guard limit > 0, !owners.isEmpty, (query.dimension + 15) / 16 * 16 == width else { return [] }
    let padded = query.values + [Float](repeating: 0, count: width - query.dimension)
    let scores = [Float](unsafeUninitializedCapacity: owners.count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      let results = UnsafeMutableBufferPointer(rebasing: buffer[0..<owners.count])
      padded.withUnsafeBufferPointer { padded in
        rows.withUnsafeBufferPointer { scanner.scan(query: padded, rows: $0, results: results) }
      }
      initialized = owners.count
    }
    return Self.largest(of: scores, limit: limit).map { (owners[$0], scores[$0]) }
  }

  /// The places of the largest scores, largest first; a bounded heap keeps this linear.
  static func largest(of scores: [Float], limit: Int) -> [Int] {
    var best: [Int] = []  // a heap whose first element has the smallest score kept
    best.reserveCapacity(limit)
    func sink(_ heap: inout [Int], from start: Int) {
      var parent = start
      while true {
        var smallest = parent
        let left = 2 * parent + 1
        if left < heap.count, scores[heap[left]] < scores[heap[smallest]] { smallest = left }
        if left + 1 < heap.count, scores[heap[left + 1]] < scores[heap[smallest]] { smallest = left + 1 }
        if smallest == parent { return }
        heap.swapAt(parent, smallest)
        parent = smallest
      }
    }
    for place in scores.indices {
      if best.count < limit {
        best.append(place)
        if best.count == limit {
          for start in stride(from: limit / 2, through: 0, by: -1) { sink(&best, from: start) }
        }
      } else if scores[place] > scores[best[0]] {
        best[0] = place
        sink(&best, from: 0)
      }
    }
    return best.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
  }
}
