import ThroughlineCore

/// A part of a picture that is covered as a whole, since many small faces are in it, or one that nothing else covers.
public struct CrowdRegion: Hashable, Sendable {
  /// Where, in pixels; it may reach over the picture's edge.
  public var box: BoundingBox
  /// At most one average is left for every so many pixels.
  public var grain: Double

  init(box: BoundingBox, grain: Double) {
    self.box = box
    self.grain = grain
  }

  /// A part of a picture of which nothing is known: not even the largest face that a closer look might find is left in it.
  public static func unknown(_ area: BoundingBox, in size: PictureSize) -> CrowdRegion {
    CrowdRegion(box: area, grain: CrowdCover.largestShare * Double(max(size.width, size.height)))
  }

  /// The same region in a picture of the same view that is so much larger.
  public func scaled(_ horizontal: Double, _ vertical: Double) -> CrowdRegion {
    CrowdRegion(
      box: BoundingBox(
        x: box.x * horizontal, y: box.y * vertical, width: box.width * horizontal,
        height: box.height * vertical),
      grain: grain * max(horizontal, vertical))
  }
}

/// What is covered because of small faces that only a closer look at a part of the picture finds: pure values, no pixels.
///
/// Such looks come now and then, so nobody is followed between them. Instead, more is covered than was found: around a
/// single face three faces each way, and where several are near each other the whole of the crowd, with those in it whom
/// no look finds. What a look has found stays covered until two later looks at its place have not found it.
public struct CrowdCover: Sendable {
  private struct Face: Sendable {
    var box: BoundingBox
    var score: Double
    /// Looks at its place that have not found it since.
    var missed = 0
  }

  private let settings: PrivacySettings
  private var faces: [Face] = []
  private var size = PictureSize(width: 0, height: 0)
  /// What is covered now.
  public private(set) var regions: [CrowdRegion] = []
  /// Whether many faces are near each other.
  public private(set) var hasCrowd = false

  /// From which score on a face by itself is believed.
  static let singleScore = 0.6
  /// So many sure faces near each other are a crowd.
  static let crowdCount = 5
  /// How far, in faces, the next one of a crowd may be, and how far a crowd's cover reaches beyond the outermost.
  static let crowdReach = 3.0
  /// How far, in faces, a single face's cover reaches on every side.
  static let singleReach = 1.0
  /// A face that is wider than this share of the picture's longer side is not for a closer look to find.
  static let largestShare = 0.05
  /// Looks that may miss a face.
  static let patience = 2
  /// More faces than this, and the whole picture is covered.
  static let limit = 2048

  /// Nothing is covered yet.
  public init(settings: PrivacySettings) { self.settings = settings }

  /// Forgets everything, for example after a cut.
  public mutating func reset() {
    faces.removeAll()
    regions.removeAll()
    hasCrowd = false
  }

  /// Takes in what a closer look at a part of the picture has found.
  ///
  /// - Parameters:
  ///   - found: faces in pixels of the whole picture; weak ones count in a crowd.
  ///   - area: the part that was looked at.
  ///   - known: what the ordinary detectors have found in the same frame, which is covered anyway.
  ///   - size: the whole picture's.
  public mutating func note(
    _ found: [Detection], in area: BoundingBox, known: [Detection], size: PictureSize
  ) {
    if size != self.size {
      reset()
      self.size = size
    }
    faces = faces.compactMap { face in
      guard Self.contains(area, face.box.centerX, face.box.centerY) else { return face }
      var face = face
      face.missed += 1
      return face.missed >= Self.patience ? nil : face
    }
    let largest = Self.largestShare * Double(max(size.width, size.height))
    for face in found where face.category == .face && face.box.isFinite {
      let box = face.box.normalized
      guard box.width <= largest, !isCovered(box, by: known) else { continue }
      faces.removeAll { $0.box.intersectionOverUnion(with: box) > 0.3 }
      faces.append(Face(box: box, score: face.score))
    }
    cover()
  }

  /// Where those persons are who were found so surely that their heads are covered, in pixels.
  public func coveredPersons(among known: [Detection]) -> [BoundingBox] {
    known.filter { $0.category == .person && $0.box.isFinite && $0.score >= settings.personScore }.map(
      \.box.normalized)
  }

  /// Whether what the ordinary detectors have found has a face covered: as a face, or as the head of a person whose own
  /// face was not found. A person with a face has that covered and nothing else.
  private func isCovered(_ face: BoundingBox, by known: [Detection]) -> Bool {
    known.contains { other in
      let box = other.box.normalized
      if other.category == .face { return box.intersectionOverUnion(with: face) > 0.3 }
      guard other.score >= settings.personScore, HeadRegion.distance(of: face, from: box, in: size) != nil
      else { return false }
      return !known.contains {
        $0.category == .face && HeadRegion.distance(of: $0.box.normalized, from: box, in: size) != nil
      }
    }
  }

  private mutating func cover() {
    regions.removeAll(keepingCapacity: true)
    hasCrowd = false
    guard faces.count <= Self.limit else {
      hasCrowd = true
      let (width, height) = (Double(size.width), Double(size.height))
      regions = [
        CrowdRegion.unknown(BoundingBox(x: 0, y: 0, width: width, height: height), in: size)
      ]
      return
    }
    for group in groups() {
      let members = group.members.map { faces[$0] }
      if members.count(where: { !($0.score < Self.singleScore) }) >= Self.crowdCount {
        hasCrowd = true
        let widest = members.map(\.box.width).max() ?? 0
        regions.append(CrowdRegion(box: bodies(group.box, face: widest), grain: 1.2 * widest))
      } else {
        for face in members where !(face.score < Self.singleScore) {
          let box = face.box.expanded(byShareOfWidth: Self.singleReach, height: Self.singleReach)
          regions.append(CrowdRegion(box: bodies(box, face: face.box.width), grain: 0.8 * face.box.width))
        }
      }
    }
  }

  /// Down to the feet as well, where whole persons are to be covered: the stature is about ten faces.
  private func bodies(_ box: BoundingBox, face: Double) -> BoundingBox {
    guard case .wholeBody = settings.faces else { return box }
    return BoundingBox(x: box.x, y: box.y, width: box.width, height: box.height + 8 * face)
  }

  /// Faces whose surroundings touch, and the box around them.
  private func groups() -> [(box: BoundingBox, members: [Int])] {
    var groups: [(box: BoundingBox, members: [Int])] = []
    for (index, face) in faces.enumerated() {
      var box = face.box.expanded(byShareOfWidth: Self.crowdReach, height: Self.crowdReach)
      var members = [index]
      // Every union may touch what its parts did not.
      while let place = groups.firstIndex(where: { Self.touch($0.box, box) }) {
        let other = groups.remove(at: place)
        box = box.union(with: other.box)
        members += other.members
      }
      groups.append((box, members))
    }
    return groups
  }

  private static func touch(_ left: BoundingBox, _ right: BoundingBox) -> Bool {
    left.minX <= right.maxX && right.minX <= left.maxX && left.minY <= right.maxY && right.minY <= left.maxY
  }

  private static func contains(_ area: BoundingBox, _ x: Double, _ y: Double) -> Bool {
    area.minX <= x && x <= area.maxX && area.minY <= y && y <= area.maxY
  }
}
