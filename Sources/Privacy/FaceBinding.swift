import ThroughlineCore

/// Which found face is which person's, in one frame of one camera.
struct FaceBinding {
  /// A face that was given to a person.
  struct Face: Hashable {
    var box: BoundingBox
    /// Whether it is surely this person's, so that the rest of the head region need not be covered.
    var isSure: Bool
  }

  /// The faces of the tracks, by the place in the list of tracks. Every face is at most one track's.
  private(set) var faceOfTrack: [Int: Face] = [:]
  /// Faces that are nobody's.
  private(set) var unbound: [BoundingBox] = []

  /// From which score on a face that could be nobody else's is believed at first sight. Weaker ones are found on
  /// hands and walls as well.
  private static let sureScore = 0.6
  /// From which overlap on with the place where a person's face is expected it is that person's.
  private static let samePlace = 0.3

  /// Binds faces where a person's face was before first, then what the tracker has bound, where it can be true; then the
  /// nearest pairs.
  ///
  /// - Parameters:
  ///   - faces: what the detector found.
  ///   - tracks: the persons; their boxes and faces in pixels, boxes normalised.
  ///   - expected: for each track where its face should be, judged by where it was a moment ago.
  init(faces: [Detection], tracks: [Track], expected: [BoundingBox?], size: PictureSize) {
    var all = faces.map { (box: $0.box.normalized, score: $0.score) }
    var bound: [Int: Int] = [:]
    for (index, track) in tracks.enumerated() {
      guard let face = track.face, face.box.isFinite else { continue }
      let box = face.box.normalized
      let place = all.firstIndex { $0.box.intersectionOverUnion(with: box) > 0.7 } ?? all.count
      if place == all.count { all.append((box, face.score)) }
      bound[index] = place
    }
    var pairs: [(track: Int, face: Int, rank: Double, isExpected: Bool)] = []
    for (index, track) in tracks.enumerated() {
      for (place, face) in all.enumerated() {
        guard let distance = HeadRegion.distance(of: face.box, from: track.box, in: size) else { continue }
        let isExpected = (expected[index]?.intersectionOverUnion(with: face.box) ?? 0) >= Self.samePlace
        let rank = distance - (isExpected ? 20 : 0) - (bound[index] == place ? 10 : 0)
        pairs.append((index, place, rank, isExpected))
      }
    }
    pairs.sort { ($0.rank, $0.track, $0.face) < ($1.rank, $1.track, $1.face) }
    var taken = Set<Int>()
    for pair in pairs where faceOfTrack[pair.track] == nil && !taken.contains(pair.face) {
      let couldBeAnothers = pairs.contains {
        $0.face == pair.face && $0.track != pair.track && faceOfTrack[$0.track]?.isSure != true
      }
      let isSure = pair.isExpected || (all[pair.face].score >= Self.sureScore && !couldBeAnothers)
      faceOfTrack[pair.track] = Face(box: all[pair.face].box, isSure: isSure)
      taken.insert(pair.face)
    }
    unbound = all.indices.filter { !taken.contains($0) }.map { all[$0].box }
  }
}
