import Detection
import Imaging
import Inference
import Privacy
import ThroughlineCore

/// Looks closely at one part of a camera's picture after the other, for faces that are too small for the ordinary
/// detection of the whole picture, and says what is to be covered because of them.
///
/// Each part is a tile of the face network's own size, so that not a pixel is scaled away. A part that has not been looked
/// at since the beginning, or since most of the picture has changed, is covered as a whole until it has been. After that a
/// part's turn comes within the interval as long as anything moves in it, and seldom where nothing does; one in which much
/// has changed besides the persons whom the ordinary detection has found is covered until then.
///
/// One instance belongs to one thread.
final class CrowdWatch {
  /// Makes an instance on the thread that uses it; `nil` where nobody asks for one.
  typealias Maker = @Sendable () throws -> CrowdWatch?

  /// From which score on a close look reports a face; weak ones count in a crowd.
  static let detectorSettings = DetectorSettings(
    scoreFloor: 0.3, overlap: 0.3, maximumCount: 500, minimumSide: 4)
  /// A picture is another one where this share of its blocks has changed by ``changedSteps``.
  static let cutShare = 0.5
  /// A part is covered until it is looked at where this share of its blocks has changed so.
  static let urgentShare = 0.3
  /// Grey steps that a lamp or a cloud does not make from one look to the next.
  static let changedSteps = 20.0
  /// Grey steps that noise does not make.
  static let movedSteps = 3.0
  /// Where nothing moves, a part's turn comes after so many intervals.
  static let restingIntervals = 10.0
  /// A part is not looked at for its changes alone before so many seconds have gone by.
  static let shortestPause = 0.25
  /// How far beyond the box of a person changes are the person's, in pixels: a block, since blocks are what is compared.
  static let limbs = Double(LumaBlocks.side)

  private struct Part {
    var area: BoundingBox
    /// When it was looked at; `nil` where it is covered as a whole until it has been.
    var looked: Timestamp?
    /// After which share of the interval its next turn comes: parts that are all looked at at once, after a cut, have their
    /// next turns one after the other. They would else stay together for ever, and with those of other cameras.
    var phase = 1.0
    /// The picture at that look.
    var seen = LumaBlocks()
    /// Where persons were at that look.
    var persons: [BoundingBox] = []
  }

  private let detector: any Detector
  private let tile: PictureSize
  private let interval: Double
  private var cover: CrowdCover
  private var parts: [Part] = []
  private var size = PictureSize(width: 0, height: 0)
  private var current = LumaBlocks()
  private var previous = LumaBlocks()
  /// Where persons are in the frame that was noticed last, with a little around them.
  private var persons: [BoundingBox] = []
  private var lastCall: Timestamp?

  /// - Parameters:
  ///   - detector: finds faces in a tile.
  ///   - tile: the size of the detector's input.
  ///   - settings: say how often, and what is covered.
  init(detector: any Detector, tile: PictureSize, settings: PrivacySettings) {
    self.detector = detector
    self.tile = tile
    interval = max(settings.crowdInterval, 0.1)
    cover = CrowdCover(settings: settings)
  }

  /// What is covered by what was found so far, and the parts that have not been looked at.
  var regions: [CrowdRegion] {
    cover.regions + parts.filter { $0.looked == nil }.map { .unknown($0.area, in: size) }
  }

  /// Whether every part has been looked at.
  var isSettled: Bool { parts.allSatisfy { $0.looked != nil } }

  /// Forgets everything; the next frame is looked at as a whole.
  func reset() {
    parts.removeAll()
    cover.reset()
  }

  /// Looks at all those parts of a frame whose turn it is.
  ///
  /// - Parameters:
  ///   - known: what the ordinary detectors have found in this frame.
  ///   - limit: how many parts are looked at, at most; the others stay covered or wait.
  /// - Returns: what is to be covered.
  /// - Throws: what the detector throws; nothing may then go out uncovered.
  func look(
    at picture: Picture, time: Timestamp, known: [Detection], limit: Int = .max
  ) throws -> [CrowdRegion] {
    notice(picture, time: time, known: known)
    try lookClosely(at: picture, time: time, known: known, limit: limit)
    return regions
  }

  /// Takes in a frame without a close look: parts that have changed too much since theirs are covered from now on.
  ///
  /// - Returns: what is to be covered.
  @discardableResult
  func notice(_ picture: Picture, time: Timestamp, known: [Detection]) -> [CrowdRegion] {
    guard picture.size.width > tile.width || picture.size.height > tile.height else {
      reset()
      return []
    }
    swap(&previous, &current)
    current.read(picture)
    let whole = BoundingBox(
      x: 0, y: 0, width: Double(picture.size.width), height: Double(picture.size.height))
    if parts.isEmpty || picture.size != size
      || current.changedShare(since: previous, threshold: Self.changedSteps, in: whole) >= Self.cutShare
    {
      cover.reset()
      size = picture.size
      parts = Self.tiles(of: size, tile: tile).map { Part(area: $0) }
      lookAgain()
    }
    persons = cover.coveredPersons(among: known).map { box in
      BoundingBox(
        x: box.x - Self.limbs, y: box.y - Self.limbs, width: box.width + 2 * Self.limbs,
        height: box.height + 2 * Self.limbs)
    }
    for index in parts.indices where isAnother(parts[index], at: time) { parts[index].looked = nil }
    return regions
  }

  /// Looks at those parts of a frame that was noticed whose turn it is: first those that are covered as a whole.
  ///
  /// - Parameters:
  ///   - known: what the ordinary detectors have found in this frame.
  ///   - limit: how many parts are looked at, at most.
  ///   - factor: by how much the interval is stretched, where the processor has little time.
  /// - Throws: what the detector throws. What was not looked at stays covered; after a failure everything is, unless it was
  ///   only that the processor had no time.
  func lookClosely(
    at picture: Picture, time: Timestamp, known: [Detection], limit: Int = .max,
    puttingOffBy factor: Double = 1
  ) throws {
    defer { lastCall = time }
    for index in due(at: time, limit: limit, interval: interval * max(1, factor)) {
      do { try look(at: parts[index].area, of: picture, known: known) } catch {
        let isBusy = if case .dropped = error as? InferenceError { true } else { false }
        if !isBusy { lookAgain() }
        throw error
      }
      if parts[index].looked != nil { parts[index].phase = 1 }
      parts[index].looked = time
      parts[index].seen = current
      parts[index].persons = persons
    }
  }

  /// Covers all parts as a whole until they have been looked at.
  private func lookAgain() {
    for index in parts.indices {
      parts[index].looked = nil
      parts[index].phase = Double(index + 1) / Double(parts.count)
    }
  }

  private func look(at area: BoundingBox, of picture: Picture, known: [Detection]) throws {
    guard let part = picture.cropped(to: area) else { return }
    let found = try detector.detect(part).map { detection in
      var detection = detection
      detection.box.x += area.x
      detection.box.y += area.y
      return detection
    }
    cover.note(found, in: area, known: known, size: size)
  }

  /// Whether a part shows something else than at its last look, but for where persons are now or were then.
  private func isAnother(_ part: Part, at time: Timestamp) -> Bool {
    guard let looked = part.looked else { return false }
    let age = time.seconds(since: looked)
    if age < 0 { return true }
    guard age >= Self.shortestPause else { return false }
    let change = current.changedShare(
      since: part.seen, threshold: Self.changedSteps, in: part.area, outside: persons + part.persons)
    return change >= Self.urgentShare
  }

  /// The parts whose turn it is: those that are covered as a whole, then those that have waited longest, of these only so
  /// many that the work spreads over the interval.
  private func due(at time: Timestamp, limit: Int, interval: Double) -> [Int] {
    let turn = cover.hasCrowd ? interval / 2 : interval
    let unknown = parts.indices.filter { parts[$0].looked == nil }
    let others = parts.indices.compactMap { index -> (index: Int, age: Double)? in
      let part = parts[index]
      guard let looked = part.looked else { return nil }
      let age = time.seconds(since: looked)
      guard age >= part.phase * turn else { return nil }
      let isDue =
        age >= Self.restingIntervals * part.phase * interval
        || current.changedShare(since: part.seen, threshold: Self.movedSteps, in: part.area) > 0
      return isDue ? (index, age) : nil
    }.sorted { ($0.age, $1.index) > ($1.age, $0.index) }.map(\.index)
    let elapsed = lastCall.map { max(0, time.seconds(since: $0)) } ?? 0
    let count = max(1, Int((Double(parts.count) * min(1, elapsed / turn)).rounded(.up)))
    return Array((unknown + others.prefix(max(0, count - unknown.count))).prefix(max(0, limit)))
  }

  /// Tiles of one size that overlap by a quarter, so that no small face is only ever seen cut in two. They begin at even
  /// pixels, as the planes of colour do.
  static func tiles(of size: PictureSize, tile: PictureSize) -> [BoundingBox] {
    func starts(_ length: Int, _ side: Int) -> [Int] {
      guard length > side else { return [0] }
      let count = max(1, (4 * (length - side) + 3 * side - 1) / (3 * side))
      return (0...count).map { (length - side) * $0 / count / 2 * 2 }
    }
    return starts(size.height, tile.height).flatMap { top in
      starts(size.width, tile.width).map { left in
        BoundingBox(
          x: Double(left), y: Double(top), width: Double(min(tile.width, size.width)),
          height: Double(min(tile.height, size.height))
        ).clipped(to: size)
      }
    }
  }
}
