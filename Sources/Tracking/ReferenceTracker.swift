import ThroughlineCore

/// The tracker of the reference application (TAPPAS, 2022), for comparison on the same detections: a Kalman filter
/// per frame, gated squared distance, then overlap, no appearance, life times in frames.
///
/// Its constants are those that were published: chi-square gate 9.4877, cost 0.02 d², overlap above 0.3 (0.2 for
/// new tracks), 2/4/8 frames, standard deviations 0.01 and 0.001 of the height. Not for use in a product.
public struct ReferenceTracker: Sendable {
  private struct Axis {
    var position: Double
    var velocity = 0.0
    var positionVariance: Double
    var covariance = 0.0
    var velocityVariance: Double

    mutating func predict(position noise: Double, velocity velocityNoise: Double) {
      position += velocity
      positionVariance += 2 * covariance + velocityVariance + noise * noise
      covariance += velocityVariance
      velocityVariance += velocityNoise * velocityNoise
    }

    mutating func correct(_ measured: Double, deviation: Double) {
      let total = positionVariance + deviation * deviation
      let gain = positionVariance / total
      let velocityGain = covariance / total
      let innovation = measured - position
      position += gain * innovation
      velocity += velocityGain * innovation
      velocityVariance -= velocityGain * covariance
      covariance *= 1 - gain
      positionVariance *= 1 - gain
    }

    func squaredDistance(_ measured: Double, deviation: Double) -> Double {
      let innovation = measured - position
      return innovation * innovation / (positionVariance + deviation * deviation)
    }
  }

  private struct Target {
    var number: UInt64
    var state = TrackState.tentative
    var axes: [Axis]
    var box: BoundingBox
    var isObserved = true
    var score: Double
    var unseenFrames = 0
    var firstSeen: Timestamp
    var lastSeen: Timestamp

    static func measure(_ box: BoundingBox) -> [Double] { [box.centerX, box.centerY, box.width, box.height] }

    var predicted: BoundingBox {
      BoundingBox(
        centerX: axes[0].position, centerY: axes[1].position, width: max(1, axes[2].position),
        height: max(1, axes[3].position))
    }
  }

  /// The lowest score of a detection that is used.
  public static let scoreThreshold = 0.5
  private static let gate = 9.4877
  private static let positionWeight = 0.01
  private static let velocityWeight = 0.001
  private static let keepNew = 2
  private static let keepTracked = 4
  private static let keepLost = 8

  /// The camera.
  public let camera: CameraName
  private let scoreThreshold: Double
  private var targets: [Target] = []
  private var nextNumber: UInt64 = 1

  /// A tracker that has seen nobody.
  public init(camera: CameraName, scoreThreshold: Double = Self.scoreThreshold) {
    self.camera = camera
    self.scoreThreshold = scoreThreshold
  }

  /// Takes in the detections of one frame; faces are left out.
  ///
  /// - Returns: the live tracks.
  public mutating func update(detections: [Detection], at time: Timestamp) -> [Track] {
    let found = detections.filter {
      $0.category == .person && $0.box.isValid && abs($0.box.x) < 1e6 && abs($0.box.y) < 1e6
        && $0.box.width < 1e6 && $0.box.height < 1e6 && $0.score >= scoreThreshold
    }
    for index in targets.indices { predict(index) }
    var free = Array(found.indices)
    let known = targets.indices.filter { targets[$0].state != .tentative }
    match(known, &free, found, time) { target, detection in
      let box = detection.box
      let deviation = Self.positionWeight * max(1, target.axes[3].position)
      let squared = zip(target.axes, Target.measure(box)).reduce(0.0) {
        $0 + $1.0.squaredDistance($1.1, deviation: deviation)
      }
      return squared <= Self.gate ? 0.02 * squared : .infinity
    }
    let rest = targets.indices.filter { targets[$0].state == .tracked && !targets[$0].isObserved }
    match(rest, &free, found, time) { Self.overlapCost($0, $1, least: 0.3) }
    let new = targets.indices.filter { targets[$0].state == .tentative }
    match(new, &free, found, time) { Self.overlapCost($0, $1, least: 0.2) }
    for index in targets.indices where !targets[index].isObserved {
      targets[index].unseenFrames += 1
      if targets[index].state == .tracked, targets[index].unseenFrames > Self.keepTracked {
        targets[index].state = .lost
      }
    }
    targets.removeAll {
      $0.state == .tentative ? $0.unseenFrames > Self.keepNew : $0.unseenFrames > Self.keepLost
    }
    for index in free { begin(found[index], at: time) }
    return targets.map {
      Track(
        id: TrackID(camera: camera, number: $0.number), state: $0.state, box: $0.box,
        isObserved: $0.isObserved,
        score: $0.score, firstSeen: $0.firstSeen, lastSeen: $0.lastSeen)
    }
  }

  private static func overlapCost(_ target: Target, _ detection: Detection, least: Double) -> Double {
    let overlap = target.predicted.intersectionOverUnion(with: detection.box)
    return overlap > least ? 1 - overlap : .infinity
  }

  private mutating func predict(_ index: Int) {
    let height = max(1, targets[index].axes[3].position)
    for axis in targets[index].axes.indices {
      targets[index].axes[axis].predict(
        position: Self.positionWeight * height, velocity: Self.velocityWeight * height)
    }
    targets[index].isObserved = false
    targets[index].box = targets[index].predicted
  }

  private mutating func match(
    _ rows: [Int], _ free: inout [Int], _ found: [Detection], _ time: Timestamp,
    cost: (Target, Detection) -> Double
  ) {
    let columns = free
    let choice = LinearAssignment.solve(rows: rows.count, columns: columns.count, unmatchedCost: 1) {
      cost(targets[rows[$0]], found[columns[$1]])
    }
    for (row, column) in choice.enumerated() {
      guard let column else { continue }
      observe(rows[row], found[columns[column]], at: time)
      free.removeAll { $0 == columns[column] }
    }
  }

  private mutating func observe(_ index: Int, _ detection: Detection, at time: Timestamp) {
    let deviation = Self.positionWeight * max(1, targets[index].axes[3].position)
    for (axis, value) in Target.measure(detection.box).enumerated() {
      targets[index].axes[axis].correct(value, deviation: deviation)
    }
    targets[index].state = .tracked
    targets[index].isObserved = true
    targets[index].unseenFrames = 0
    targets[index].box = detection.box
    targets[index].score = detection.score
    targets[index].lastSeen = time
  }

  private mutating func begin(_ detection: Detection, at time: Timestamp) {
    guard targets.count < 10_000 else { return }
    let height = detection.box.height
    let axes = Target.measure(detection.box).map {
      Axis(
        position: $0,
        positionVariance: (2 * Self.positionWeight * height) * (2 * Self.positionWeight * height),
        velocityVariance: (10 * Self.velocityWeight * height) * (10 * Self.velocityWeight * height))
    }
    targets.append(
      Target(
        number: nextNumber, axes: axes, box: detection.box, score: detection.score, firstSeen: time,
        lastSeen: time))
    nextNumber += 1
  }
}
