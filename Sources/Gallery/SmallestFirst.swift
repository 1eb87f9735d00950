/// The largest of many scores, in a heap whose first element is the smallest that is kept.
struct SmallestFirst {
  let limit: Int
  private(set) var heap: [Float] = []

  init(limit: Int) {
    self.limit = limit
    heap.reserveCapacity(limit)
  }

  var isFull: Bool { heap.count >= limit }
  /// The smallest score that is kept; minus infinity until there are as many as wanted.
  var smallest: Float { isFull ? heap[0] : -.infinity }

  mutating func offer(_ score: Float) {
    if isFull {
      guard limit > 0, score > heap[0] else { return }
      heap[0] = score
      sink()
    } else {
      heap.append(score)
      var child = heap.count - 1
      while child > 0, heap[child] < heap[(child - 1) / 2] {
        heap.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    }
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
