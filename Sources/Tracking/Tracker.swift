import ThroughlineCore

/// Follows the persons of one camera from frame to frame.
///
/// A tracker of the ByteTrack (Y. Zhang et al., ECCV 2022), OC-SORT (J. Cao et al., CVPR 2023) and BoT-SORT
/// (N. Aharon et al., 2022) class: motion by a constant-velocity filter on real time stamps, exact assignment in
/// stages (sure detections, then weak ones, then last observations and widened boxes, then new tracks),
/// re-update after an occlusion, and appearance where an embedding is at hand.
///
/// **Time.** The clock is the frames' own. A repeated time stamp is a frame in which no time has passed. A frame
/// up to ``outOfOrderTolerance`` older than the latest is out of order: it changes nothing, is counted, and the
/// tracks are returned as they were, unobserved. A larger jump back is a cut: all tracks end. After a gap, tracks
/// that have been unseen for longer than `keepTracked + keepLost` end before anything is matched.
///
/// **Bad input.** Detections whose box is not finite, not positive or absurdly large, or whose score is NaN, are
/// left out and counted. The number of live tracks and the detections looked at per frame are bounded.
public struct Tracker: Sendable {
  /// How far back a frame may come before the clock counts as reset, in seconds.
  public static let outOfOrderTolerance = 5.0
  /// Ended tracks that nobody has taken; older ones are forgotten.
  static let mostEndedTracks = 4096
  /// However short the life times are set, a track gets its chance in the next frame that is not later than this,
  /// in seconds.
  static let shortestMemory = 1.0
  /// Beyond this a coordinate is no pixel of any picture.
  static let largestCoordinate = 1e6

  /// What was left out or limited since the tracker began.
  public struct Figures: Sendable, Hashable {
    /// Detections with a degenerate box or score.
    public var invalidDetections = 0
    /// Detections beyond the limit of one frame.
    public var surplusDetections = 0
    /// Detections that duplicated a better one.
    public var duplicateDetections = 0
    /// Persons who could not begin a track because too many were alive.
    public var refusedTracks = 0
    /// Frames that came out of order.
    public var framesOutOfOrder = 0
    /// Cuts: asked for, or because time jumped back.
    public var cuts = 0
    /// Frames in which the whole picture had moved.
    public var cameraMotions = 0
    /// Frames in which the tracks were moved a little with a camera that pans or shakes.
    public var commonShifts = 0
  }

  /// The camera.
  public let camera: CameraName
  /// The rules in force; may be changed at any time.
  public var settings: TrackerSettings {
    didSet { rules = settings.sanitized }
  }
  /// The number that the next track will get. A camera that goes on later starts with it, so that no number is
  /// ever used twice.
  public private(set) var nextNumber: UInt64
  /// What was left out or limited.
  public internal(set) var figures = Figures()
  /// The time of the latest frame.
  public private(set) var latest: Timestamp?

  var rules: TrackerSettings
  var persons: [Person] = []
  var shiftEvidence = CommonShiftEvidence()
  private var ended: [Track] = []
  private var appearanceDimension: Int?

  /// A tracker that has seen nobody.
  ///
  /// - Parameter firstNumber: the number of the first track; one more than the highest that was given out before.
  public init(camera: CameraName, settings: TrackerSettings = TrackerSettings(), firstNumber: UInt64 = 1) {
    self.camera = camera
    self.settings = settings
    rules = settings.sanitized
    nextNumber = firstNumber
  }

  /// The live tracks as of the latest frame, in the order of their numbers.
  public var tracks: [Track] { persons.map { $0.track(camera: camera) } }

  /// Takes in the detections of one frame.
  ///
  /// - Parameters:
  ///   - detections: persons and faces in source pixels, in any order.
  ///   - time: the frame's capture time.
  ///   - appearances: one embedding or `nil` for each detection; or empty.
  /// - Returns: every live track, also those not yet believed, predicted or lost (see ``Track/state`` and
  ///   ``Track/isObserved``), in the order of their numbers. What has ended is in ``takeEnded()``.
  /// - Throws: ``TrackerError``; nothing has changed then.
  public mutating func update(
    detections: [Detection], at time: Timestamp, appearances: [Embedding?] = []
  ) throws(TrackerError) -> [Track] {
    try check(appearances, for: detections)
    guard advance(to: time) else { return tracks }
    let sight = sort(detections, appearances)
    compensateCameraMotion(sight.strong)
    compensateCommonShift(sight.strong)
    match(sight, at: time)
    expire(at: time)
    suppressDuplicates()
    bindFaces(sight.faces)
    return tracks
  }

  /// Moves the tracks on to a frame in which nobody looked for persons. No track is missed by that.
  ///
  /// - Returns: every live track, predicted.
  public mutating func predict(at time: Timestamp) -> [Track] {
    _ = advance(to: time)
    return tracks
  }

  /// A discontinuity (a file starts over, a camera was connected again): all live tracks end.
  ///
  /// - Parameter time: the time of the first frame after it, which may be earlier than those before.
  public mutating func cut(at time: Timestamp) {
    figures.cuts += 1
    removePersons { _ in true }
    latest = time
    appearanceDimension = nil
    shiftEvidence = CommonShiftEvidence()
  }

  /// Gives a live track a fresh embedding, to be compared with later detections. Where the track has learned one of this
  /// very moment with its detection, that was the same crop, and nothing is learned twice.
  ///
  /// - Returns: whether the track is alive and the embedding is of the same length as those before.
  @discardableResult
  public mutating func setAppearance(_ embedding: Embedding, of track: TrackID, at time: Timestamp) -> Bool {
    guard track.camera == camera, let index = persons.firstIndex(where: { $0.number == track.number }),
      appearanceDimension == nil || appearanceDimension == embedding.dimension
    else { return false }
    appearanceDimension = embedding.dimension
    if persons[index].appearance?.time != time { persons[index].learn(embedding, time: time) }
    return true
  }

  /// The tracks that ended since the last call, each once, in state `ended`. At most 4096 are kept.
  public mutating func takeEnded() -> [Track] {
    defer { ended.removeAll() }
    return ended
  }

  // MARK: Time

  /// - Returns: whether the frame is to be used.
  private mutating func advance(to time: Timestamp) -> Bool {
    guard let latest else {
      self.latest = time
      return true
    }
    var elapsed = time.seconds(since: latest)
    if elapsed < 0 {
      if elapsed >= -Self.outOfOrderTolerance {
        figures.framesOutOfOrder += 1
        for index in persons.indices {
          persons[index].isObserved = false
          persons[index].face = nil
        }
        return false
      }
      cut(at: time)
      elapsed = 0
    }
    self.latest = time
    let limit = max(rules.keepTracked + rules.keepLost, rules.keepNew, Self.shortestMemory)
    removePersons { time.seconds(since: $0.lastSeen) > limit }
    for index in persons.indices { persons[index].predict(seconds: elapsed, settings: rules) }
    return true
  }

  private mutating func expire(at time: Timestamp) {
    let keepNew = rules.keepNew
    let keepBelieved = rules.keepTracked + rules.keepLost
    removePersons {
      !$0.isObserved
        && time.seconds(since: $0.lastSeen) > ($0.state == .tentative ? keepNew : keepBelieved)
    }
  }

  mutating func removePersons(where isOver: (Person) -> Bool) {
    guard persons.contains(where: isOver) else { return }
    var kept: [Person] = []
    kept.reserveCapacity(persons.count)
    for var person in persons {
      if isOver(person) { end(&person) } else { kept.append(person) }
    }
    persons = kept
  }

  private mutating func end(_ person: inout Person) {
    person.state = .ended
    person.isObserved = false
    person.face = nil
    ended.append(person.track(camera: camera))
    if ended.count > Self.mostEndedTracks { ended.removeFirst(ended.count - Self.mostEndedTracks) }
  }

  // MARK: Input

  private mutating func check(_ appearances: [Embedding?], for detections: [Detection]) throws(TrackerError) {
    guard !appearances.isEmpty else { return }
    guard appearances.count == detections.count else {
      throw .appearanceCount(detections: detections.count, appearances: appearances.count)
    }
    var dimension = appearanceDimension
    for case let embedding? in appearances {
      if let dimension, dimension != embedding.dimension {
        throw .appearanceDimension(expected: dimension, found: embedding.dimension)
      }
      dimension = embedding.dimension
    }
    appearanceDimension = dimension
  }

  private mutating func sort(_ detections: [Detection], _ appearances: [Embedding?]) -> Sight {
    var sight = Sight()
    var candidates: [Candidate] = []
    candidates.reserveCapacity(detections.count)
    for (index, detection) in detections.enumerated() {
      let box = detection.box
      guard box.isValid,
        max(abs(box.minX), abs(box.minY), abs(box.maxX), abs(box.maxY)) < Self.largestCoordinate,
        box.width >= 0.5, box.height >= 0.5, !detection.score.isNaN
      else {
        figures.invalidDetections += 1
        continue
      }
      if detection.category == .face {
        if sight.faces.count < rules.maximumDetections { sight.faces.append(detection) }
      } else if detection.score >= rules.lowScore {
        candidates.append(
          Candidate(detection: detection, appearance: appearances.isEmpty ? nil : appearances[index]))
      }
    }
    // Best first; equal scores keep their order, so that a replay gives the same numbers.
    let order = candidates.indices.sorted {
      let left = candidates[$0].detection.score
      let right = candidates[$1].detection.score
      return left != right ? left > right : $0 < $1
    }
    if order.count > rules.maximumDetections {
      figures.surplusDetections += order.count - rules.maximumDetections
    }
    var kept: [Candidate] = []
    var boxes: [BoundingBox] = []
    for index in order.prefix(rules.maximumDetections) {
      let box = candidates[index].detection.box
      if boxes.contains(where: { $0.intersectionOverUnion(with: box) > rules.detectionOverlap }) {
        figures.duplicateDetections += 1
      } else {
        kept.append(candidates[index])
        boxes.append(box)
      }
    }
    let split = kept.firstIndex { $0.detection.score < rules.highScore } ?? kept.count
    sight.strong = Array(kept[..<split])
    sight.weak = Array(kept[split...])
    return sight
  }

  mutating func begin(_ candidate: Candidate, at time: Timestamp) {
    guard persons.count < rules.maximumTracks else {
      figures.refusedTracks += 1
      return
    }
    var person = Person(number: nextNumber, detection: candidate.detection, time: time, settings: rules)
    if let appearance = candidate.appearance { person.learn(appearance, time: time) }
    nextNumber += 1
    persons.append(person)
  }
}

/// A person detection that takes part in matching.
struct Candidate: Sendable {
  var detection: Detection
  var appearance: Embedding?
}

/// What was seen in one frame.
struct Sight: Sendable {
  /// Persons with a high score, best first.
  var strong: [Candidate] = []
  /// Persons with a low score, best first.
  var weak: [Candidate] = []
  var faces: [Detection] = []
}
