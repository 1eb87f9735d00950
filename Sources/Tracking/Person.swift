import Foundation
import ThroughlineCore

/// What the tracker remembers of one person.
struct Person: Sendable {
  struct Observation: Sendable {
    var time: Timestamp
    var box: BoundingBox
  }

  let number: UInt64
  var state: TrackState
  var filter: BoxFilter
  /// The filter right after the last observation: where a re-update after an occlusion starts from.
  private var filterAtLastObservation: BoxFilter
  /// The latest observations, oldest first; at most ``historyLimit``.
  private(set) var history: [Observation]
  var sightings = 1
  /// Updates without an observation since the last one.
  private(set) var misses = 0
  var isObserved = true
  var score: Double
  var face: Detection?
  let firstSeen: Timestamp
  private(set) var lastSeen: Timestamp
  /// The running average of the appearance, and when it was last renewed.
  private(set) var appearance: (embedding: Embedding, time: Timestamp)?
  /// Where the person is believed to be at the moment of the latest frame.
  private(set) var box: BoundingBox

  static let historyLimit = 12
  /// How far back the direction of motion looks, in seconds.
  static let directionSpan = 0.35
  static let mostVirtualSteps = 20

  init(number: UInt64, detection: Detection, time: Timestamp, settings: TrackerSettings) {
    self.number = number
    state = settings.sightingsToConfirm <= 1 ? .tracked : .tentative
    filter = BoxFilter(box: detection.box, settings: settings)
    filterAtLastObservation = filter
    history = [Observation(time: time, box: detection.box)]
    score = detection.score
    firstSeen = time
    lastSeen = time
    box = detection.box
  }

  var lastObservation: BoundingBox { history.last?.box ?? box }

  mutating func predict(seconds: Double, settings: TrackerSettings) {
    filter.predict(seconds: seconds, settings: settings)
    if misses > 0, seconds > 0 {
      // People stop and turn: three quarters of the believed speed are left after a second unseen.
      filter.slowDown(factor: pow(0.75, seconds))
    }
    box = filter.box
    isObserved = false
    face = nil
  }

  mutating func observe(
    _ detection: Detection, time: Timestamp, isWeak: Bool, settings: TrackerSettings
  ) {
    let noiseFactor = isWeak ? 1.5 : 1
    if misses > 0 {
      reUpdate(to: detection.box, time: time, settings: settings)
    }
    filter.correct(box: detection.box, noiseFactor: noiseFactor, settings: settings)
    filterAtLastObservation = filter
    if history.count == Self.historyLimit { history.removeFirst() }
    history.append(Observation(time: time, box: detection.box))
    misses = 0
    sightings += 1
    isObserved = true
    score = detection.score
    lastSeen = time
    box = detection.box
    if state == .tentative {
      if sightings >= settings.sightingsToConfirm { state = .tracked }
    } else {
      state = .tracked
    }
  }

  mutating func miss(time: Timestamp, settings: TrackerSettings) {
    misses += 1
    filter.freezeSize()
    if state == .tracked, time.seconds(since: lastSeen) > settings.keepTracked { state = .lost }
  }

  /// Observation-centric re-update (OC-SORT: J. Cao et al., CVPR 2023): what the filter believed during the
  /// occlusion is replaced by a straight way from the last observation to the new one.
  private mutating func reUpdate(to box: BoundingBox, time: Timestamp, settings: TrackerSettings) {
    guard let last = history.last else { return }
    let gap = time.seconds(since: last.time)
    guard gap > 0 else { return }
    filter = filterAtLastObservation
    let steps = min(misses + 1, Self.mostVirtualSteps)
    let interval = gap / Double(steps)
    for step in 1...steps {
      filter.predict(seconds: interval, settings: settings)
      guard step < steps else { break }
      let share = Double(step) / Double(steps)
      func between(_ from: Double, _ to: Double) -> Double { from + (to - from) * share }
      let virtual = BoundingBox(
        centerX: between(last.box.centerX, box.centerX), centerY: between(last.box.centerY, box.centerY),
        width: between(last.box.width, box.width), height: between(last.box.height, box.height))
      filter.correct(box: virtual, noiseFactor: 1, settings: settings)
    }
  }

  /// The way the person went lately: displacement in body heights, between observations.
  var direction: (x: Double, y: Double)? {
    guard history.count > 1, let last = history.last else { return nil }
    var from = history[history.count - 2]
    for observation in history.dropLast().reversed() {
      from = observation
      if last.time.seconds(since: observation.time) >= Self.directionSpan { break }
    }
    return (
      (last.box.centerX - from.box.centerX) / last.box.height,
      (last.box.centerY - from.box.centerY) / last.box.height
    )
  }

  /// How far a detection lies off the person's way: 0 (straight on, or nobody can tell) ... 1 (straight back).
  func turn(to box: BoundingBox) -> Double {
    guard let direction else { return 0 }
    let last = lastObservation
    let x = (box.centerX - last.centerX) / last.height
    let y = (box.centerY - last.centerY) / last.height
    let speed = (direction.x * direction.x + direction.y * direction.y).squareRoot()
    let distance = (x * x + y * y).squareRoot()
    // Below a tenth of the body height both are jitter of the boxes.
    guard speed > 0.1, distance > 0.1 else { return 0 }
    let cosine = (direction.x * x + direction.y * y) / (speed * distance)
    return (1 - cosine) / 2 * min(1, distance * 3)
  }

  /// Whether the person could have come to a place since last seen.
  func isReachable(_ box: BoundingBox, at time: Timestamp, _ settings: TrackerSettings) -> Bool {
    let last = lastObservation
    let ratio = last.height / box.height
    guard (0.5...2).contains(ratio) else { return false }
    let reach = last.height * (0.3 + settings.topSpeed * max(0, time.seconds(since: lastSeen)))
    let x = box.centerX - last.centerX
    let y = box.centerY - last.centerY
    return x * x + y * y <= reach * reach
  }

  /// BoT-SORT's running average, with a weight of 0.9 for what was known.
  mutating func learn(_ embedding: Embedding, time: Timestamp) {
    guard let known = appearance, known.embedding.dimension == embedding.dimension,
      let mean = Embedding.weightedMean([(known.embedding, 0.9), (embedding, 0.1)])
    else {
      appearance = (embedding, time)
      return
    }
    appearance = (mean, max(time, known.time))
  }

  mutating func shift(x: Double, y: Double) {
    filter.shift(x: x, y: y)
    filterAtLastObservation.shift(x: x, y: y)
    box = filter.box
    for index in history.indices { history[index].box = history[index].box.offset(x: x, y: y) }
  }

  func track(camera: CameraName) -> Track {
    Track(
      id: TrackID(camera: camera, number: number), state: state, box: box, isObserved: isObserved,
      score: score, face: face, firstSeen: firstSeen, lastSeen: lastSeen)
  }
}
