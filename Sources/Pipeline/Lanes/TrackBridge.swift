import ThroughlineCore

/// Where the persons of a camera were in the frames between two detections.
///
/// Such frames wait for the later detection, so nothing has to be guessed: boxes lie on the straight way between the two.
struct TrackBridge {
  private var before: [Track] = []
  private var time: Timestamp?

  /// The tracks at a moment between the last detection and a later one, predicted (``Track/isObserved`` is false) and
  /// without faces.
  ///
  /// - Parameters:
  ///   - moment: the frame's time.
  ///   - after: the tracks of the later detection, or `nil` where there is none: everybody stays in place.
  ///   - end: when that was.
  func tracks(at moment: Timestamp, after: [Track]? = nil, end: Timestamp? = nil) -> [Track] {
    var later: [TrackID: Track] = [:]
    for track in after ?? [] where track.state != .ended { later[track.id] = track }
    let share: Double
    if let time, let end, end > time {
      share = min(max(moment.seconds(since: time) / end.seconds(since: time), 0), 1)
    } else {
      share = 0
    }
    return before.map { track in
      var track = track
      track.isObserved = false
      track.face = nil
      if let next = later[track.id] { track.box = Self.between(track.box, next.box, share: share) }
      return track
    }
  }

  /// Notes the tracks of a detection.
  mutating func note(_ tracks: [Track], at time: Timestamp) {
    before = tracks.filter { $0.state != .ended }
    self.time = time
  }

  /// Forgets everybody, after a cut.
  mutating func reset() {
    before = []
    time = nil
  }

  /// Whether somebody is followed.
  var hasSomebody: Bool { before.contains { $0.state == .tracked || $0.state == .tentative } }

  private static func between(_ from: BoundingBox, _ to: BoundingBox, share: Double) -> BoundingBox {
    func mix(_ first: Double, _ second: Double) -> Double { first + (second - first) * share }
    return BoundingBox(
      x: mix(from.x, to.x), y: mix(from.y, to.y), width: mix(from.width, to.width),
      height: mix(from.height, to.height))
  }
}
