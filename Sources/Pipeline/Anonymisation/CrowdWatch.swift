import Detection
import Imaging
import Inference
import Privacy
import ThroughlineCore

/// Looks closely at one part of a camera's picture after the other, for faces that are too small for the ordinary
/// detection of the whole picture, and says what is to be covered because of them.
///
/// Each part is a tile of the face network's own size, so that not a pixel is scaled away. All parts are looked at before
/// the first frame goes out and whenever most of the picture has changed; after that a part's turn comes within the
/// interval as long as anything moves in it, and seldom where nothing does.
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
  /// A part of the picture is looked at before its turn where this share of its blocks has changed so.
  static let urgentShare = 0.3
  /// Grey steps that a lamp or a cloud does not make from one look to the next.
  static let changedSteps = 20.0
  /// Grey steps that noise does not make.
  static let movedSteps = 3.0
  /// Where nothing moves, a part's turn comes after so many intervals.
  static let restingIntervals = 10.0

  private struct Part {
    var area: BoundingBox
    var looked: Timestamp
    var seen: LumaBlocks
  }

  private let detector: any Detector
  private let tile: PictureSize
  private let interval: Double
  private var cover: CrowdCover
  private var parts: [Part] = []
  private var size = PictureSize(width: 0, height: 0)
  private var current = LumaBlocks()
  private var previous = LumaBlocks()
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

  /// What is covered by what was found so far.
  var regions: [CrowdRegion] { cover.regions }

  /// Forgets everything; the next frame is looked at as a whole.
  func reset() {
    parts.removeAll()
    cover.reset()
  }

  /// Looks at those parts of a frame whose turn it is.
  ///
  /// - Parameters:
  ///   - known: what the ordinary detectors have found in this frame.
  /// - Returns: what is to be covered.
  /// - Throws: what the detector throws; nothing may then go out uncovered.
  func look(at picture: Picture, time: Timestamp, known: [Detection]) throws -> [CrowdRegion] {
    guard picture.size.width > tile.width || picture.size.height > tile.height else { return [] }
    swap(&previous, &current)
    current.read(picture)
    let whole = BoundingBox(
      x: 0, y: 0, width: Double(picture.size.width), height: Double(picture.size.height))
    let isAnother =
      parts.isEmpty || picture.size != size
      || current.changedShare(since: previous, threshold: Self.changedSteps, in: whole) >= Self.cutShare
    defer { lastCall = time }
    guard !isAnother else {
      cover.reset()
      size = picture.size
      parts = []
      var looked: [Part] = []
      for area in Self.tiles(of: size, tile: tile) {
        try look(at: area, of: picture, known: known)
        looked.append(Part(area: area, looked: time, seen: current))
      }
      // Only now: a look that fails leaves the whole to be done again.
      parts = looked
      return cover.regions
    }
    for index in due(at: time) {
      try look(at: parts[index].area, of: picture, known: known)
      parts[index].looked = time
      parts[index].seen = current
    }
    return cover.regions
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

  /// The parts whose turn it is: those that have waited longest, only so many that the work spreads over the interval.
  private func due(at time: Timestamp) -> [Int] {
    let turn = cover.hasCrowd ? interval / 2 : interval
    let waiting = parts.indices.compactMap { index -> (index: Int, age: Double, isUrgent: Bool)? in
      let part = parts[index]
      let age = time.seconds(since: part.looked)
      if age < 0 { return (index, .infinity, true) }
      func changed(_ steps: Double) -> Double {
        current.changedShare(since: part.seen, threshold: steps, in: part.area)
      }
      if age >= 0.25, changed(Self.changedSteps) >= Self.urgentShare { return (index, age, true) }
      guard age >= turn else { return nil }
      guard age >= Self.restingIntervals * interval || changed(Self.movedSteps) > 0 else { return nil }
      return (index, age, false)
    }
    let elapsed = lastCall.map { max(0, time.seconds(since: $0)) } ?? 0
    let count = max(1, Int((Double(parts.count) * min(1, elapsed / turn)).rounded(.up)))
    let urgent = waiting.filter(\.isUrgent).map(\.index)
    let others = waiting.filter { !$0.isUrgent }.sorted { ($0.age, $1.index) > ($1.age, $0.index) }
    return urgent + others.prefix(max(0, count - urgent.count)).map(\.index)
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
