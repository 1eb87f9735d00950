import ThroughlineCore

/// Where people come into a camera's picture and leave it, learned from the places where tracks begin and end.
///
/// A mixture of normal distributions over the points where the feet were, adapted with every track (D. Makris, T. Ellis,
/// "Learning semantic scene models from observing activity in visual surveillance", IEEE SMC-B 2005, for the zones;
/// C. Stauffer, E. Grimson, CVPR 1999, for the adaptation). Tracks that break in the middle of the picture give wide
/// components, doors and edges narrow ones.
struct PassageRegions: Sendable, Codable {
  struct Region: Sendable, Codable, Hashable {
    /// Never given to another region of the camera.
    var number: Int
    var weight: Double
    var x: Double
    var y: Double
    var varianceX: Double
    var varianceY: Double
  }

  static let limit = 10
  /// A point farther from a region than this, in deviations, belongs to another one.
  static let gate = 2.5
  /// From so many points on a region is known.
  static let established = 6.0
  static let mostWeight = 500.0
  /// The deviation of a region that has just begun, in body heights.
  static let firstDeviation = 0.6

  private(set) var regions: [Region] = []
  private var next = 1

  /// The region of a box, 0 where none is known there.
  func region(of box: BoundingBox) -> Int {
    guard let place = nearest(box), regions[place].weight >= Self.established else { return 0 }
    return regions[place].number
  }

  /// Adds where a track began or ended.
  mutating func add(_ box: BoundingBox) {
    let deviation = Self.firstDeviation * max(1, box.height)
    guard let place = nearest(box) else {
      if regions.count >= Self.limit,
        let weakest = regions.indices.min(by: { regions[$0].weight < regions[$1].weight })
      {
        regions.remove(at: weakest)
      }
      regions.append(
        Region(
          number: next, weight: 1, x: box.centerX, y: box.maxY, varianceX: deviation * deviation,
          varianceY: deviation * deviation))
      next += 1
      return
    }
    var region = regions[place]
    region.weight = min(Self.mostWeight, region.weight + 1)
    // The first deviation counts as three points, so that two points do not make a spot of nothing.
    let rate = 1 / (region.weight + 3)
    let dx = box.centerX - region.x
    let dy = box.maxY - region.y
    region.x += rate * dx
    region.y += rate * dy
    let least = deviation * deviation / 16
    region.varianceX = max(least, (1 - rate) * region.varianceX + rate * dx * dx)
    region.varianceY = max(least, (1 - rate) * region.varianceY + rate * dy * dy)
    regions[place] = region
    for other in regions.indices where other != place { regions[other].weight *= 0.998 }
  }

  private func nearest(_ box: BoundingBox) -> Int? {
    var best: (place: Int, distance: Double)?
    for (place, region) in regions.enumerated() {
      let dx = box.centerX - region.x
      let dy = box.maxY - region.y
      let distance = dx * dx / region.varianceX + dy * dy / region.varianceY
      if distance < Self.gate * Self.gate, distance < best?.distance ?? .infinity { best = (place, distance) }
    }
    return best?.place
  }
}
