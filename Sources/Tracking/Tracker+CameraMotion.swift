import ThroughlineCore

extension Tracker {
  /// Where most tracks have left their place in the same direction at once, the camera has moved: moves all
  /// tracks with it.
  ///
  /// Works on boxes alone. Every pair of a track and a detection of like size votes for a displacement; a
  /// displacement counts when it brings most of the tracks onto a detection and far more of them than staying.
  mutating func compensateCameraMotion(_ candidates: [Candidate]) {
    let places = persons.indices.filter { persons[$0].state == .tracked && persons[$0].misses <= 1 }
    guard places.count >= 3, candidates.count >= 3, places.count <= 64, candidates.count <= 64 else { return }
    let boxes = candidates.map(\.detection.box)
    func support(x: Double, y: Double) -> Int {
      var count = 0
      for place in places {
        let box = persons[place].box.offset(x: x, y: y)
        if boxes.contains(where: { $0.intersectionOverUnion(with: box) >= 0.5 }) { count += 1 }
      }
      return count
    }
    let weakly = places.count {
      place in boxes.contains { $0.intersectionOverUnion(with: persons[place].box) >= rules.firstOverlap }
    }
    let needed = max(3, (min(places.count, boxes.count) * 3 + 3) / 4)
    guard weakly * 2 < places.count else { return }
    var best = (support: 0, x: 0.0, y: 0.0)
    for place in places.prefix(16) {
      let from = persons[place].box
      for box in boxes where (0.8...1.25).contains(box.height / from.height) {
        let x = box.centerX - from.centerX
        let y = box.maxY - from.maxY
        let reach = 4 * from.height
        guard x * x + y * y < reach * reach else { continue }
        let count = support(x: x, y: y)
        if count > best.support { best = (count, x, y) }
      }
    }
    guard best.support >= needed, best.support >= weakly * 2 else { return }
    figures.cameraMotions += 1
    for index in persons.indices { persons[index].shift(x: best.x, y: best.y) }
  }
}
