import ThroughlineCore

/// Decides what is covered in each frame of one camera: pure values, no pixels.
///
/// All doubts end in more cover. A face counts for one person only, and only where that person's head can be, where
/// it is well seen and could not be somebody else's; every other person has the head region covered. Regions are held
/// and move with their persons; what has disappeared stays covered at its place until the hold time is over.
struct CoverPlanner {
  enum Plan: Hashable {
    case regions([CoveredRegion])
    case withheld(reason: String)
  }

  let settings: PrivacySettings
  private var people: [TrackID: HeldPerson] = [:]
  private var places: [HeldPlace] = []
  private var lastEvidence: Timestamp?
  private var lastSize: PictureSize?

  /// A person whose regions go on being covered.
  private struct HeldPerson {
    var box: BoundingBox
    /// When the detectors saw the person last.
    var time: Timestamp
    /// The face in units of the person's box, and when it was found.
    var face: (relative: BoundingBox, time: Timestamp)?
  }

  private struct HeldPlace {
    var box: BoundingBox
    var time: Timestamp
    var cause: CoveredRegion.Cause
  }

  /// More than a crowd holds; beyond it the frame is withheld, so that memory stays bounded.
  private static let limit = 4096

  init(settings: PrivacySettings) { self.settings = settings }

  mutating func plan(
    size: PictureSize, time: Timestamp, evidence: FaceEvidence, tracks: [Track], open: Set<TrackID>
  ) -> Plan {
    adapt(to: size)
    var detections: [Detection] = []
    var ahead: [Detection] = []
    switch evidence {
    case .unavailable(let reason): return .withheld(reason: reason)
    case .detected(let found):
      lastEvidence = time
      detections = found
    case .bridged(let found):
      guard let last = lastEvidence, abs(time.seconds(since: last)) <= settings.hold else {
        return .withheld(reason: "no detection for too long")
      }
      ahead = found
    case .unchanged:
      guard let last = lastEvidence else { return .withheld(reason: "no detection yet") }
      keepAlive(by: time.seconds(since: last))
      lastEvidence = time
    }
    guard (detections + ahead).allSatisfy({ $0.box.isFinite }) else {
      return .withheld(reason: "the detector gave boxes that are not numbers")
    }
    guard detections.count + ahead.count + tracks.count <= Self.limit else {
      return .withheld(reason: "too many persons")
    }

    let now = lastEvidence ?? time
    guard !tracks.contains(where: { $0.state != .ended && !$0.box.isFinite && people[$0.id] == nil }) else {
      return .withheld(reason: "the tracker gave a box that is not a number")
    }
    // A box that is not a number any more leaves the person covered at the last place.
    let current = tracks.filter { $0.state != .ended && $0.box.isFinite }.map { track in
      var track = track
      track.box = track.box.normalized
      return track
    }
    let binding = FaceBinding(
      faces: detections.filter { $0.category == .face }, tracks: current,
      expected: current.map { expectedFace(of: $0, now: now) }, size: size)
    var regions: [CoveredRegion] = []
    regions.reserveCapacity(2 * current.count + people.count + places.count)
    for (index, track) in current.enumerated() {
      if open.contains(track.id) {
        people[track.id] = nil
      } else {
        cover(track, face: binding.faceOfTrack[index], size: size, now: now, into: &regions)
      }
    }
    coverMissing(current, open: open, size: size, now: now, into: &regions)
    for face in binding.unbound {
      hold(face.expanded(byShareOfWidth: settings.margin, height: settings.margin), .face, now)
    }
    // A track that has not been seen for longer than the hold time is not covered, so that it covers nobody else either.
    let covered = current.filter { track in
      open.contains(track.id)
        || people[track.id].map { abs(now.seconds(since: $0.time)) <= settings.hold } ?? false
    }
    for detection in detections + ahead where detection.category == .person {
      // A score that is not a number counts as sure.
      guard !(detection.score < settings.personScore) else { continue }
      let box = detection.box.normalized
      guard !covered.contains(where: { $0.box.intersectionOverUnion(with: box) > 0.5 }) else { continue }
      hold(personRegion(box, size: size), .head, now)
    }
    for face in ahead where face.category == .face {
      // Seen in another frame than this one, so the place is less certain.
      let margin = settings.margin + 0.25
      hold(face.box.normalized.expanded(byShareOfWidth: margin, height: margin), .face, now)
    }
    places.removeAll { abs(now.seconds(since: $0.time)) > settings.hold }
    guard places.count <= Self.limit, people.count <= Self.limit else {
      places.removeAll()
      people.removeAll()
      return .withheld(reason: "too many persons")
    }
    regions += places.map { CoveredRegion(box: $0.box, cause: $0.time == now ? $0.cause : .place) }
    return .regions(Self.withoutCovered(regions))
  }

  // MARK: Faces and their persons

  /// Where a person's face should be now, judged by where it was in the box a moment ago.
  private func expectedFace(of track: Track, now: Timestamp) -> BoundingBox? {
    guard let face = people[track.id]?.face, abs(now.seconds(since: face.time)) <= settings.hold else {
      return nil
    }
    return face.relative.absolute(in: track.box)
  }

  private mutating func cover(
    _ track: Track, face: FaceBinding.Face?, size: PictureSize, now: Timestamp,
    into regions: inout [CoveredRegion]
  ) {
    var held = people[track.id] ?? HeldPerson(box: track.box, time: now)
    if track.isObserved { held.time = now }
    held.box = track.box
    if face != nil { held.time = now }
    if let face, face.isSure {
      held.face = (face.box.relative(to: track.box), now)
    } else if let old = held.face, abs(now.seconds(since: old.time)) > settings.hold {
      held.face = nil
    }
    people[track.id] = held
    // Not seen for longer than the hold time: the person is behind something or gone, and the box is a guess.
    guard abs(now.seconds(since: held.time)) <= settings.hold else { return }
    let isSure = face?.isSure ?? false
    if let face, !isSure {
      hold(face.box.expanded(byShareOfWidth: settings.margin, height: settings.margin), .face, now)
    }
    add(held, track: track.id, faceIsFresh: isSure, isObserved: track.isObserved, size, now, to: &regions)
  }

  /// Adds the regions of a person.
  private func add(
    _ person: HeldPerson, track: TrackID, faceIsFresh: Bool, isObserved: Bool, _ size: PictureSize,
    _ now: Timestamp, to regions: inout [CoveredRegion]
  ) {
    if case .wholeBody = settings.faces {
      regions.append(CoveredRegion(box: personRegion(person.box, size: size), cause: .body, track: track))
    }
    if let face = person.face {
      let age = abs(now.seconds(since: face.time)) / settings.hold
      let margin = settings.margin + (faceIsFresh ? 0 : 0.15 + 0.25 * age)
      let box = face.relative.absolute(in: person.box).expanded(byShareOfWidth: margin, height: margin)
      regions.append(CoveredRegion(box: box, cause: faceIsFresh ? .face : .heldFace, track: track))
    }
    if !faceIsFresh {
      let head = HeadRegion.region(of: person.box, in: size)
      let box = isObserved ? head : head.expanded(byShareOfWidth: 0.15, height: 0.15)
      regions.append(CoveredRegion(box: box, cause: .head, track: track))
    }
  }

  /// Persons who were covered and have no track now: their regions stay where they were.
  private mutating func coverMissing(
    _ current: [Track], open: Set<TrackID>, size: PictureSize, now: Timestamp,
    into regions: inout [CoveredRegion]
  ) {
    let present = Set(current.lazy.map(\.id))
    let first = regions.count
    for (id, person) in people where !present.contains(id) {
      guard !open.contains(id), abs(now.seconds(since: person.time)) <= settings.hold else {
        people[id] = nil
        continue
      }
      let own = regions.count
      add(person, track: id, faceIsFresh: false, isObserved: false, size, now, to: &regions)
      for index in own..<regions.count {
        regions[index] = CoveredRegion(box: regions[index].box, cause: .place, track: id)
      }
    }
    guard regions.count - first > 1 else { return }
    regions[first...].sort {
      ($0.track.map(\.number) ?? 0, $0.box.x) < ($1.track.map(\.number) ?? 0, $1.box.x)
    }
  }

  private func personRegion(_ box: BoundingBox, size: PictureSize) -> BoundingBox {
    let head = HeadRegion.region(of: box, in: size)
    guard case .wholeBody = settings.faces else { return head }
    return head.union(with: box.expanded(byShareOfWidth: 0.1, height: 0.05))
  }

  // MARK: Places

  private mutating func hold(_ box: BoundingBox, _ cause: CoveredRegion.Cause, _ time: Timestamp) {
    places.removeAll { $0.box.intersectionOverUnion(with: box) > 0.6 }
    places.append(HeldPlace(box: box, time: time, cause: cause))
  }

  private mutating func keepAlive(by seconds: Double) {
    people = people.mapValues { person in
      var person = person
      person.time = person.time.advanced(bySeconds: seconds)
      person.face = person.face.map { ($0.relative, $0.time.advanced(bySeconds: seconds)) }
      return person
    }
    for index in places.indices { places[index].time = places[index].time.advanced(bySeconds: seconds) }
  }

  /// A stream that changes its size keeps its regions at the same place of the scene.
  private mutating func adapt(to size: PictureSize) {
    defer { lastSize = size }
    guard let last = lastSize, last != size, last.width > 0, last.height > 0 else { return }
    let scaleX = Double(size.width) / Double(last.width)
    let scaleY = Double(size.height) / Double(last.height)
    for index in places.indices { places[index].box = places[index].box.scaled(scaleX, scaleY) }
    people = people.mapValues { person in
      var person = person
      person.box = person.box.scaled(scaleX, scaleY)
      return person
    }
  }

  /// Leaves out regions that lie wholly inside of another one.
  private static func withoutCovered(_ regions: [CoveredRegion]) -> [CoveredRegion] {
    guard regions.count <= 256 else { return regions }
    return regions.enumerated().filter { index, region in
      !regions.enumerated().contains { other, outer in
        other != index && outer.box.contains(region.box) && !(region.box.contains(outer.box) && other > index)
      }
    }.map(\.element)
  }
}

extension BoundingBox {
  var isFinite: Bool { x.isFinite && y.isFinite && width.isFinite && height.isFinite }

  /// With sides that are not negative, at least 4 pixels long, and numbers that stay countable.
  var normalized: BoundingBox {
    let far = 1e6
    func bound(_ value: Double) -> Double { min(max(value, -far), far) }
    let left = bound(min(x, x + width))
    let right = bound(max(x, x + width))
    let top = bound(min(y, y + height))
    let bottom = bound(max(y, y + height))
    return BoundingBox(
      centerX: (left + right) / 2, centerY: (top + bottom) / 2, width: max(4, right - left),
      height: max(4, bottom - top))
  }

  fileprivate func relative(to box: BoundingBox) -> BoundingBox {
    BoundingBox(
      x: (x - box.x) / box.width, y: (y - box.y) / box.height, width: width / box.width,
      height: height / box.height)
  }

  fileprivate func absolute(in box: BoundingBox) -> BoundingBox {
    BoundingBox(
      x: box.x + x * box.width, y: box.y + y * box.height, width: width * box.width,
      height: height * box.height)
  }

  fileprivate func scaled(_ horizontal: Double, _ vertical: Double) -> BoundingBox {
    BoundingBox(x: x * horizontal, y: y * vertical, width: width * horizontal, height: height * vertical)
  }

  fileprivate func contains(_ other: BoundingBox) -> Bool {
    minX <= other.minX && minY <= other.minY && maxX >= other.maxX && maxY >= other.maxY
  }
}
