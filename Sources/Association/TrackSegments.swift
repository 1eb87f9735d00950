import ThroughlineCore

/// The evidence of a track between two moments at which the tracker may have changed over from one person to
/// another: where boxes crossed, and where the person was hidden.
struct TrackSegment: Sendable {
  var begin: Timestamp
  var end: Timestamp
  var firstBox: BoundingBox
  var lastBox: BoundingBox
  var evidence = LookEvidence()

  init(at time: Timestamp, box: BoundingBox) {
    begin = time
    end = time
    firstBox = box
    lastBox = box
  }
}

/// The segments of a track, for the decision over a whole recording. Looks that were taken while boxes crossed belong to
/// none: they may show either person.
struct TrackSegments: Sendable {
  /// A track is divided into so many segments at most; what comes later belongs to the last.
  static let limit = 16
  /// From this share of the smaller box on two boxes cross.
  static let crossingShare = 0.3
  /// So long after the last crossing, in seconds, a track stands alone again.
  static let clearance = 0.4
  /// Who was not seen for so long, in seconds, may be somebody else afterwards.
  static let hiddenTime = 0.7

  private(set) var closed: [TrackSegment] = []
  private(set) var open: TrackSegment?
  private var crossing: (began: Timestamp, latest: Timestamp)?

  var isEmpty: Bool { closed.isEmpty && open == nil }

  /// Notes a box that was seen. Where boxes crossed, the middle of that time is taken for the border.
  mutating func note(_ box: BoundingBox, at time: Timestamp, isCrossing: Bool) {
    if isCrossing {
      crossing = (crossing?.began ?? time, time)
    } else if let (began, latest) = crossing, time.seconds(since: latest) >= Self.clearance {
      crossing = nil
      divide(at: began.advanced(bySeconds: latest.seconds(since: began) / 2), box: box)
    }
    if let last = open?.end, time.seconds(since: last) >= Self.hiddenTime { divide(at: time, box: box) }
    if open == nil { open = TrackSegment(at: time, box: box) }
    open?.end = time
    open?.lastBox = box
  }

  mutating func add(_ look: Look, weight: Double) {
    guard crossing == nil else { return }
    open?.evidence.add(look, weight: weight)
  }

  private mutating func divide(at time: Timestamp, box: BoundingBox) {
    // Without looks nothing could be decided about what lies behind.
    guard let segment = open, segment.evidence.lookCount > 0, closed.count < Self.limit - 1 else { return }
    closed.append(segment)
    open = TrackSegment(at: time, box: box)
  }

  /// Where the person may have changed, in order of time.
  var borders: [Timestamp] {
    let begins = closed.dropFirst().map(\.begin)
    return closed.isEmpty ? [] : begins + [open?.begin].compactMap { $0 }
  }

  /// Moves one of ``borders``, unless it would come past a neighbour.
  mutating func moveBorder(_ place: Int, to time: Timestamp) {
    guard closed.indices.contains(place), time > closed[place].begin else { return }
    if closed.indices.contains(place + 1) {
      let next = place + 2 < closed.count ? closed[place + 2].begin : open?.begin
      guard next.map({ time < $0 }) ?? true else { return }
      closed[place + 1].begin = time
    } else if let end = open?.end, time <= end {
      open?.begin = time
    }
  }

  /// Where the person may have changed shortly before a moment; of a crossing that is not over, the middle so far.
  func border(before time: Timestamp) -> Timestamp? {
    var begin = closed.isEmpty ? nil : open?.begin
    if let (began, latest) = crossing, began <= time {
      begin = began.advanced(bySeconds: latest.seconds(since: began) / 2)
    }
    return begin.flatMap { $0 <= time && time.seconds(since: $0) <= 5 ? $0 : nil }
  }

  /// The segments that were over at a moment.
  func earlier(than time: Timestamp) -> TrackSegments {
    var earlier = self
    earlier.open = nil
    earlier.closed.removeAll { $0.end > time }
    return earlier
  }

  /// The segments that began at a moment or later; the track goes on.
  func later(than time: Timestamp) -> TrackSegments {
    var later = self
    later.closed.removeAll { $0.begin < time }
    return later
  }
}

extension TrackEvidence {
  /// The track by its segments, each as if it were a track of its own; the track itself where it has only one.
  ///
  /// - Parameter key: gives the parts but the last their names, which no tracker gives.
  func parts(key: () -> TrackID) -> [TrackEvidence] {
    let found = segments.closed + [segments.open].compactMap { $0 }.filter { $0.evidence.lookCount > 0 }
    guard found.count > 1 else { return [self] }
    return found.enumerated().map { place, segment in
      let isLast = place == found.count - 1
      let begin = place == 0 ? firstSeen : segment.begin
      let end = isLast ? lastSeen : found[place + 1].begin.advanced(bySeconds: -0.001)
      var part = renamed(isLast ? id : key())
      part.evidence = segment.evidence
      part.segments = TrackSegments()
      part.firstSeen = begin
      part.lastSeen = max(begin, end)
      part.firstBox = place == 0 ? firstBox : segment.firstBox
      part.lastBox = isLast ? lastBox : segment.lastBox
      part.path = path.divided(at: begin).later
      if !isLast { part.path = part.path.divided(at: end.advanced(bySeconds: 0.001)).earlier }
      part.samples = samples.filter { $0.time >= begin && $0.time <= end }
      part.recent = []
      part.isLive = isLast && isLive
      return part
    }
  }

  /// Several parts that follow each other as one; the last one's name.
  static func joined(_ parts: [TrackEvidence]) -> TrackEvidence? {
    guard var result = parts.last, let first = parts.first else { return nil }
    result.firstSeen = first.firstSeen
    result.firstBox = first.firstBox
    for part in parts.dropLast() { result.join(part) }
    return result
  }
}
