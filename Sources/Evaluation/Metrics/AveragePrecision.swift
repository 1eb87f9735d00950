import ThroughlineCore

/// Average precision of detections of one class over many pictures: detections in falling order of score, each matched
/// to the free true box that it overlaps most, if by enough; the area under the precision-recall curve with precision
/// made monotonous (PASCAL VOC 2010, all points).
public struct AveragePrecision: Sendable {
  private struct Outcome {
    var score: Double
    var isRight: Bool
  }

  /// The least intersection over union of a match.
  public let overlap: Double
  /// The true boxes so far.
  public private(set) var truthCount = 0
  private var outcomes: [Outcome] = []

  /// Nothing counted yet.
  public init(overlap: Double = 0.5) { self.overlap = overlap }

  /// Counts one picture.
  public mutating func add(_ detections: [Detection], truth: [BoundingBox]) {
    truthCount += truth.count
    var isFree = [Bool](repeating: true, count: truth.count)
    for detection in detections.sorted(by: { $0.score > $1.score }) {
      let best = truth.indices.filter { isFree[$0] }
        .map { (index: $0, value: detection.box.intersectionOverUnion(with: truth[$0])) }
        .max { $0.value < $1.value }
      if let best, best.value >= overlap {
        isFree[best.index] = false
        outcomes.append(Outcome(score: detection.score, isRight: true))
      } else {
        outcomes.append(Outcome(score: detection.score, isRight: false))
      }
    }
  }

  /// The area, 0...1; `nil` without any true box.
  public var value: Double? {
    guard truthCount > 0 else { return nil }
    var hits = 0
    var points: [(recall: Double, precision: Double)] = []
    for (index, outcome) in outcomes.sorted(by: { $0.score > $1.score }).enumerated() {
      if outcome.isRight { hits += 1 }
      points.append((Double(hits) / Double(truthCount), Double(hits) / Double(index + 1)))
    }
    var area = 0.0
    var best = 0.0
    for index in points.indices.reversed() {
      best = max(best, points[index].precision)
      area += best * (points[index].recall - (index > 0 ? points[index - 1].recall : 0))
    }
    return area
  }
}
