import Foundation
import ThroughlineCore

/// A floor with cameras and walking people, as a source of tracks, looks and ground truth at any size.
///
/// People come for one or two visits, walk between the places that the cameras see (and through the dead ground
/// between them), linger, cover each other, are missed and found again under a new track number, and are seen
/// from four sides. Embeddings are a sum of what is common, the person, the camera, the view, the track and noise,
/// or are drawn from real ones. All is computed from the seed.
public struct World: Sendable {
  private struct LiveTrack: Sendable {
    var id: TrackID
    var person: Int
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var box: BoundingBox
    var offset: [Float]
    var lookCount = 0
    var lastLook: Timestamp?
  }

  /// The size of every camera's picture.
  public static let pictureSize = PictureSize(width: 1920, height: 1080)
  /// The moment at which every world begins.
  public static let epoch = Timestamp(seconds: 1_700_000_000)

  /// How it was built.
  public let settings: WorldSettings
  /// The cameras' names, `camera-001` and so on.
  public let cameras: [CameraName]
  private let centres: [(x: Double, y: Double, flipped: Bool)]
  private let places: [(x: Double, y: Double)]
  private let columns: Int
  private let skews: [Double]
  private let appearance: WorldAppearance
  private var people: [WorldPerson]
  private var live: [[LiveTrack]]
  private var nextNumber: [UInt64]
  private var random: SplitMix64
  private var frame = 0
  private var camera = 0

  /// Builds a world.
  ///
  /// - Parameter embeddings: for each person embeddings of a real network to draw from; none for made-up ones.
  public init(settings: WorldSettings, embeddings: [[Embedding]] = []) {
    self.settings = settings
    var random = SplitMix64(seed: settings.seed)
    let cameraCount = max(1, settings.cameraCount)
    cameras = (1...cameraCount).map { CameraName(sanitizing: String(format: "camera-%03d", $0)) }
    // Every camera has a place of its own, or shares that of the camera before it.
    var placeOfCamera: [Int] = []
    var flipped: [Bool] = []
    var pairs = 0.0
    for index in 0..<cameraCount {
      let shares = index > 0 && !flipped[index - 1] && pairs < settings.overlapShare * Double(index + 1)
      if shares { pairs += 2 }
      placeOfCamera.append(shares ? placeOfCamera[index - 1] : (placeOfCamera.last ?? -1) + 1)
      flipped.append(shares)
    }
    let placeCount = (placeOfCamera.last ?? 0) + 1
    let columns = max(1, Int(Double(placeCount).squareRoot().rounded(.up)))
    self.columns = columns
    let places = (0..<placeCount).map {
      (x: Double($0 % columns) * settings.spacing, y: Double($0 / columns) * settings.spacing)
    }
    self.places = places
    centres = (0..<cameraCount).map {
      (places[placeOfCamera[$0]].x, places[placeOfCamera[$0]].y, flipped[$0])
    }
    skews = (0..<cameraCount).map { _ in
      settings.clockSkew > 0 ? Double.random(in: -settings.clockSkew...settings.clockSkew, using: &random) : 0
    }
    appearance = WorldAppearance(world: settings, real: embeddings, random: &random)
    people = (0..<settings.personCount).map { _ in Self.person(settings, &random) }
    live = [[LiveTrack]](repeating: [], count: cameraCount)
    nextNumber = [UInt64](repeating: 1, count: cameraCount)
    self.random = random
  }

  private static func person(_ settings: WorldSettings, _ random: inout SplitMix64) -> WorldPerson {
    let total = settings.duration * min(1, max(0.01, settings.presence))
    let visits = total < settings.duration * 0.45 && Bool.random(using: &random) ? 2 : 1
    var spans: [ClosedRange<Double>] = []
    for visit in 0..<visits {
      let window = settings.duration / Double(visits)
      let length = min(window, total / Double(visits))
      let begin = Double(visit) * window + Double.random(in: 0...max(0.001, window - length), using: &random)
      spans.append(begin...(begin + length))
    }
    return WorldPerson(
      visits: spans, speed: Double.random(in: 0.8...1.6, using: &random),
      height: Double.random(in: 1.55...1.95, using: &random))
  }

  /// The next frame; cameras take turns. `nil` when the time is over.
  public mutating func next() -> WorldFrame? {
    guard Double(frame) < settings.duration * settings.frameRate else { return nil }
    let moment = Double(frame) / settings.frameRate
    if camera == 0 { walk(at: moment) }
    let result = look(camera: camera, at: moment)
    camera += 1
    if camera == cameras.count {
      camera = 0
      frame += 1
    }
    return result
  }

  private mutating func walk(at moment: Double) {
    let step = 1 / settings.frameRate
    for index in people.indices {
      guard people[index].isPresent(at: moment) else {
        people[index].isPlaced = false
        continue
      }
      if !people[index].isPlaced { enter(index) }
      if moment < people[index].dwellUntil { continue }
      let dx = people[index].targetX - people[index].x
      let dy = people[index].targetY - people[index].y
      let distance = (dx * dx + dy * dy).squareRoot()
      let reach = people[index].speed * step
      if distance <= reach {
        people[index].x = people[index].targetX
        people[index].y = people[index].targetY
        choose(index, at: moment)
      } else {
        people[index].x += dx / distance * reach
        people[index].y += dy / distance * reach
        people[index].heading = abs(dx) > abs(dy) ? (dx > 0 ? 0 : 1) : (dy > 0 ? 2 : 3)
      }
    }
  }

  /// People come in at the edge of a place, as through a door.
  private mutating func enter(_ index: Int) {
    let place = Int.random(in: places.indices, using: &random)
    people[index].isPlaced = true
    people[index].place = place
    people[index].x = places[place].x + settings.viewSide * 0.6
    people[index].y = places[place].y + Double.random(in: -0.3...0.3, using: &random) * settings.viewSide
    people[index].dwellUntil = 0
    aim(index, at: place)
  }

  private mutating func aim(_ index: Int, at place: Int) {
    let spread = settings.viewSide * 0.4
    people[index].place = place
    people[index].targetX = places[place].x + Double.random(in: -spread...spread, using: &random)
    people[index].targetY = places[place].y + Double.random(in: -spread...spread, using: &random)
  }

  private mutating func choose(_ index: Int, at moment: Double) {
    if Double.random(in: 0..<1, using: &random) < 0.4 {
      people[index].dwellUntil = moment + Double.random(in: 2...15, using: &random)
    }
    let place = people[index].place
    if Double.random(in: 0..<1, using: &random) < 0.4 {
      aim(index, at: place)
      return
    }
    var neighbours: [Int] = []
    if place % columns > 0 { neighbours.append(place - 1) }
    if place % columns < columns - 1, place + 1 < places.count { neighbours.append(place + 1) }
    if place >= columns { neighbours.append(place - columns) }
    if place + columns < places.count { neighbours.append(place + columns) }
    aim(index, at: neighbours.randomElement(using: &random) ?? place)
  }

  private func box(of person: WorldPerson, in camera: Int) -> BoundingBox? {
    let centre = centres[camera]
    let side = settings.viewSide
    var across = (person.x - centre.x) / side + 0.5
    var depth = (person.y - centre.y) / side + 0.5
    if centre.flipped { (across, depth) = (1 - across, 1 - depth) }
    guard (0...1).contains(across), (0...1).contains(depth) else { return nil }
    let height = (180 + 240 * depth) * person.height / 1.75
    return BoundingBox(
      centerX: 80 + across * 1760, centerY: 420 + depth * 600 - height / 2, width: height * 0.4,
      height: height)
  }

  private mutating func look(camera: Int, at moment: Double) -> WorldFrame {
    let time = World.epoch.advanced(bySeconds: moment + skews[camera])
    var result = WorldFrame(
      camera: cameras[camera], number: frame + 1, time: time, detections: [], people: [], tracks: [],
      looks: [:],
      truth: [], owners: [:])
    for (person, state) in people.enumerated() where state.isPlaced {
      if let box = box(of: state, in: camera) { result.truth.append((person, box)) }
    }
    var seen: [Int: (box: BoundingBox, strain: Double)] = [:]
    for (person, box) in result.truth {
      let covered =
        result.truth.lazy.filter { $0.person != person && $0.box.maxY > box.maxY }
        .map { box.coverage(by: $0.box) }.max() ?? 0
      if covered >= settings.occlusionCoverage { continue }
      if Double.random(in: 0..<1, using: &random) < settings.missRate { continue }
      let jitter = box.height * 0.02
      let found = BoundingBox(
        centerX: box.centerX + random.nextGaussian() * jitter,
        centerY: box.centerY + random.nextGaussian() * jitter,
        width: box.width * (1 + 0.05 * random.nextGaussian()),
        height: box.height * (1 + 0.03 * random.nextGaussian()))
      guard found.isValid else { continue }
      seen[person] = (found, covered)
      result.detections.append(Detection(box: found, category: .person, score: 0.9 - 0.4 * covered))
      result.people.append(person)
    }
    track(&result, seen: seen, camera: camera)
    return result
  }

  private mutating func track(
    _ result: inout WorldFrame, seen: [Int: (box: BoundingBox, strain: Double)], camera: Int
  ) {
    let time = result.time
    var kept: [LiveTrack] = []
    var tracked = Set<Int>()
    let breakRate = settings.breaksPerMinute / 60 / settings.frameRate
    for var track in live[camera] {
      let breaks = Double.random(in: 0..<1, using: &random) < breakRate
      guard !breaks, time.seconds(since: track.lastSeen) <= settings.keepLost else {
        result.tracks.append(report(track, state: .ended, isObserved: false))
        continue
      }
      if let found = seen[track.person] {
        tracked.insert(track.person)
        track.lastSeen = time
        track.box = found.box
        takeLook(&track, found: found, camera: camera, result: &result)
        result.owners[track.id] = track.person
        result.tracks.append(report(track, state: .tracked, isObserved: true))
      } else {
        result.tracks.append(report(track, state: .lost, isObserved: false))
      }
      kept.append(track)
    }
    for person in seen.keys.sorted() where !tracked.contains(person) {
      guard let found = seen[person] else { continue }
      var track = LiveTrack(
        id: TrackID(camera: cameras[camera], number: nextNumber[camera]), person: person, firstSeen: time,
        lastSeen: time, box: found.box, offset: appearance.trackOffset(&random))
      nextNumber[camera] += 1
      takeLook(&track, found: found, camera: camera, result: &result)
      result.owners[track.id] = person
      result.tracks.append(report(track, state: .tracked, isObserved: true))
      kept.append(track)
    }
    live[camera] = kept
  }

  private func report(_ track: LiveTrack, state: TrackState, isObserved: Bool) -> Track {
    Track(
      id: track.id, state: state, box: track.box, isObserved: isObserved, score: 0.9,
      firstSeen: track.firstSeen,
      lastSeen: track.lastSeen)
  }

  private mutating func takeLook(
    _ track: inout LiveTrack, found: (box: BoundingBox, strain: Double), camera: Int, result: inout WorldFrame
  ) {
    let interval = settings.appearance.lookInterval * (track.lookCount < 3 ? 1.0 / 3 : 1)
    if let last = track.lastLook, result.time.seconds(since: last) < interval { return }
    let heading = people[track.person].heading
    let view = centres[camera].flipped ? heading ^ 1 : heading
    guard
      let embedding = appearance.embedding(
        person: track.person, camera: camera, view: view, track: track.offset, strain: found.strain,
        random: &random)
    else { return }
    track.lookCount += 1
    track.lastLook = result.time
    result.looks[track.id] = Look(
      embedding: embedding, time: result.time, quality: max(0.05, 0.9 - found.strain), box: found.box)
  }
}
