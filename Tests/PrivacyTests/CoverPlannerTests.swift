import Testing
import ThroughlineCore

@testable import Privacy

/// A camera's scene, frame by frame.
struct Scene {
  static let size = PictureSize(width: 640, height: 480)
  static let camera = CameraName(sanitizing: "test")
  var planner = CoverPlanner(settings: .standard)
  var open: Set<TrackID> = []
  var size = Scene.size

  static func id(_ number: UInt64) -> TrackID { TrackID(camera: camera, number: number) }

  static func time(_ seconds: Double) -> Timestamp { Timestamp(seconds: 1000 + seconds) }

  static func track(
    _ number: UInt64, _ box: BoundingBox, seen: Bool = true, state: TrackState = .tracked,
    face: BoundingBox? = nil
  ) -> Track {
    Track(
      id: id(number), state: state, box: box, isObserved: seen, score: 0.9,
      face: face.map { Detection(box: $0, category: .face, score: 0.9) }, firstSeen: time(0),
      lastSeen: time(0))
  }

  static func face(_ box: BoundingBox) -> Detection { Detection(box: box, category: .face, score: 0.8) }
  static func person(_ box: BoundingBox) -> Detection { Detection(box: box, category: .person, score: 0.8) }

  mutating func regions(_ seconds: Double, _ evidence: FaceEvidence, _ tracks: [Track] = []) throws
    -> [CoveredRegion]
  {
    switch plan(seconds, evidence, tracks) {
    case .regions(let regions): return regions
    case .withheld(let reason): throw Withheld(reason: reason)
    }
  }

  mutating func plan(_ seconds: Double, _ evidence: FaceEvidence, _ tracks: [Track] = []) -> CoverPlanner.Plan
  {
    planner.plan(size: size, time: Self.time(seconds), evidence: evidence, tracks: tracks, open: open)
  }

  struct Withheld: Error { var reason: String }
}

/// The share of a box that the regions cover, counted on a grid.
func share(of box: BoundingBox, coveredBy regions: [CoveredRegion]) -> Double {
  var hits = 0
  for row in 0..<20 {
    for column in 0..<20 {
      let x = box.x + (Double(column) + 0.5) / 20 * box.width
      let y = box.y + (Double(row) + 0.5) / 20 * box.height
      let isCovered = regions.contains {
        $0.box.minX <= x && x <= $0.box.maxX && $0.box.minY <= y && y <= $0.box.maxY
      }
      hits += isCovered ? 1 : 0
    }
  }
  return Double(hits) / 400
}

@Suite struct CoverPlannerTests {
  let body = BoundingBox(x: 200, y: 100, width: 90, height: 240)
  let face = BoundingBox(x: 232, y: 108, width: 26, height: 32)

  @Test func aPersonIsCoveredFromTheFirstFrame() throws {
    for state in [TrackState.tentative, .tracked] {
      var scene = Scene()
      let regions = try scene.regions(0, .detected([]), [Scene.track(1, body, state: state)])
      #expect(regions.map(\.cause) == [.head])
      #expect(share(of: face, coveredBy: regions) == 1)
    }
  }

  @Test func personsWithoutATrackAreCoveredToo() throws {
    var scene = Scene()
    let regions = try scene.regions(0, .detected([Scene.person(body)]))
    #expect(share(of: face, coveredBy: regions) == 1)
    // A detection that a track has taken up is not covered twice.
    var other = Scene()
    #expect(try other.regions(0, .detected([Scene.person(body)]), [Scene.track(1, body)]).count == 1)
  }

  /// In a crowd a lost track goes on where somebody else stands: it is not covered any more, and must not stand in the way.
  @Test func aLostTrackCoversNobodyElse() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.person(body)]), [Scene.track(1, body)])
    for step in 1...12 {
      let regions = try scene.regions(
        Double(step) / 10, .detected([Scene.person(body)]),
        [Scene.track(1, body, seen: false, state: .lost)])
      #expect(share(of: face, coveredBy: regions) == 1, "after \(step) tenths of a second")
    }
  }

  @Test func weakDetectionsCountOnlyAsTracksAndFaces() throws {
    for (score, isCovered) in [(0.1, false), (0.29, false), (0.3, true), (.nan, true)] {
      var scene = Scene()
      let regions = try scene.regions(0, .detected([Detection(box: body, category: .person, score: score)]))
      #expect(!regions.isEmpty == isCovered)
      var other = Scene()
      #expect(try !other.regions(0, .detected([Detection(box: face, category: .face, score: score)])).isEmpty)
    }
  }

  @Test func facesAreCoveredWithAMargin() throws {
    for bound in [true, false] {
      var scene = Scene()
      let track = Scene.track(1, body, face: bound ? face : nil)
      let regions = try scene.regions(0, .detected([Scene.face(face)]), [track])
      #expect(regions.count == 1)
      #expect(regions[0].cause == .face && regions[0].track == Scene.id(1))
      #expect(regions[0].box.width >= 1.5 * face.width && regions[0].box.centerX == face.centerX)
    }
  }

  @Test func aFaceWithoutAPersonIsCoveredAndHeldAtItsPlace() throws {
    var scene = Scene()
    #expect(try scene.regions(0, .detected([Scene.face(face)])).map(\.cause) == [.face])
    let held = try scene.regions(0.4, .detected([]))
    #expect(held.map(\.cause) == [.place])
    #expect(share(of: face, coveredBy: held) == 1)
    #expect(try scene.regions(0.6, .detected([])).isEmpty)
  }

  @Test func regionsMoveWithTheirPerson() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.face(face)]), [Scene.track(1, body)])
    for step in 1...5 {
      let delta = Double(step) * 30
      let moved = Scene.track(1, body.offset(x: delta, y: 0), seen: false)
      let regions = try scene.regions(Double(step) * 0.09, .bridged(ahead: []), [moved])
      #expect(share(of: face.offset(x: delta, y: 0), coveredBy: regions) == 1)
      #expect(regions.allSatisfy { $0.track == Scene.id(1) })
      #expect(share(of: face.offset(x: delta - 120, y: 0), coveredBy: regions) < 1)
    }
  }

  @Test func regionsGrowWithTheirPerson() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.face(face)]), [Scene.track(1, body)])
    let near = BoundingBox(x: 150, y: 20, width: 180, height: 480)
    let regions = try scene.regions(0.2, .detected([]), [Scene.track(1, near)])
    let grown = BoundingBox(x: 214, y: 36, width: 52, height: 64)
    #expect(share(of: grown, coveredBy: regions) == 1)
  }

  @Test func aLostFaceEndsInTheHeadRegion() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.face(face)]), [Scene.track(1, body)])
    let soon = try scene.regions(0.3, .detected([]), [Scene.track(1, body)])
    #expect(Set(soon.map(\.cause)).isSubset(of: [.head, .heldFace]) && soon.contains { $0.cause == .head })
    let later = try scene.regions(0.9, .detected([]), [Scene.track(1, body)])
    #expect(later.map(\.cause) == [.head])
  }

  @Test func aPersonWhoDisappearsStaysCoveredForTheHoldTime() throws {
    for state in [TrackState.lost, .ended, nil] {
      var scene = Scene()
      _ = try scene.regions(0, .detected([Scene.face(face)]), [Scene.track(1, body)])
      let tracks = state.map { [Scene.track(1, body, seen: false, state: $0)] } ?? []
      #expect(share(of: face, coveredBy: try scene.regions(0.45, .detected([]), tracks)) == 1)
      #expect(try scene.regions(0.6, .detected([]), tracks).isEmpty)
    }
  }

  @Test func oneFaceServesOnePerson() throws {
    // Two persons one behind the other, one face found: the other one's head is covered as well.
    var scene = Scene()
    let behind = body.offset(x: 25, y: -8)
    let regions = try scene.regions(
      0, .detected([Scene.face(face)]),
      [Scene.track(1, body, face: face), Scene.track(2, behind, face: face)])
    #expect(regions.contains { $0.cause == .head && $0.track == Scene.id(2) })
    #expect(share(of: face.offset(x: 25, y: -8), coveredBy: regions) == 1)
    #expect(share(of: face, coveredBy: regions) == 1)
  }

  @Test(arguments: [(0.35, true), (0.59, true), (0.6, false), (.nan, true)])
  func aWeakFaceLeavesTheHeadCovered(score: Double, isCovered: Bool) throws {
    // Found on the shoulder, and it may be no face at all.
    var scene = Scene()
    let shoulder = Detection(box: face.offset(x: 15, y: 30), category: .face, score: score)
    let regions = try scene.regions(0, .detected([shoulder]), [Scene.track(1, body)])
    #expect(regions.contains { $0.cause == .head } == isCovered)
    #expect(share(of: shoulder.box, coveredBy: regions) == 1)
    let later = try scene.regions(0.3, .detected([]), [Scene.track(1, body)])
    #expect(share(of: shoulder.box, coveredBy: later) == 1, "held like every other face")
  }

  @Test func aFaceThatIsExpectedStaysItsPersonsWhenAnotherComesNear() throws {
    // Somebody with a wide box walks past in front, and the face is nearer to that one's middle.
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.face(face)]), [Scene.track(1, body)])
    let wide = BoundingBox(
      centerX: face.centerX, centerY: body.centerY, width: 2 * body.width, height: body.height)
    for (time, score) in [(0.1, 0.8), (0.2, 0.4), (0.3, 0.8)] {
      let seen = Detection(box: face, category: .face, score: score)
      let tracks = [Scene.track(1, body.offset(x: -8, y: 0)), Scene.track(2, wide, face: face)]
      let regions = try scene.regions(time, .detected([seen]), tracks)
      #expect(
        regions.contains { $0.cause == .head && $0.track == Scene.id(2) },
        "nobody has seen the passer-by's face")
      #expect(!regions.contains { $0.cause == .head && $0.track == Scene.id(1) })
      #expect(share(of: face, coveredBy: regions) == 1)
    }
  }

  @Test func aFaceThatCouldBeTwoPersonsUncoversNeither() throws {
    var scene = Scene()
    let tracks = [Scene.track(1, body), Scene.track(2, body.offset(x: 12, y: 0))]
    let regions = try scene.regions(0, .detected([Scene.face(face)]), tracks)
    let heads = tracks.map { track in regions.filter { $0.track == track.id && $0.cause == .head } }
    #expect(heads.allSatisfy { !$0.isEmpty })
  }

  @Test func aFaceThatCannotBeThePersonsDoesNotCount() throws {
    // Bound by mistake: a face at the height of the knees.
    var scene = Scene()
    let wrong = face.offset(x: 0, y: 160)
    let regions = try scene.regions(0, .detected([]), [Scene.track(1, body, face: wrong)])
    #expect(share(of: face, coveredBy: regions) == 1)
    #expect(share(of: wrong, coveredBy: regions) == 1)
  }

  @Test func framesBetweenDetectionsAreWithheldAfterTheHoldTime() throws {
    var scene = Scene()
    #expect(
      scene.plan(0, .bridged(ahead: []), [Scene.track(1, body)])
        == .withheld(reason: "no detection for too long"))
    _ = try scene.regions(1, .detected([]), [Scene.track(1, body)])
    #expect(try !scene.regions(1.4, .bridged(ahead: []), [Scene.track(1, body, seen: false)]).isEmpty)
    #expect(scene.plan(1.6, .bridged(ahead: [])) == .withheld(reason: "no detection for too long"))
    #expect(scene.plan(-5, .bridged(ahead: [])) == .withheld(reason: "no detection for too long"))
  }

  @Test func whatTheNextDetectionFindsIsCoveredBefore() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([]))
    let regions = try scene.regions(
      0.03, .bridged(ahead: [Scene.face(face), Scene.person(body.offset(x: 200, y: 0))]))
    #expect(share(of: face, coveredBy: regions) == 1)
    #expect(share(of: face.offset(x: 200, y: 0), coveredBy: regions) == 1)
  }

  @Test func anUnchangedPictureStaysCoveredForEver() throws {
    var scene = Scene()
    #expect(scene.plan(0, .unchanged) == .withheld(reason: "no detection yet"))
    let other = face.offset(x: -180, y: 40)
    _ = try scene.regions(0, .detected([Scene.face(face), Scene.face(other)]), [Scene.track(1, body)])
    for step in 1...50 {
      let regions = try scene.regions(Double(step) * 0.4, .unchanged, [Scene.track(1, body, seen: false)])
      #expect(share(of: face, coveredBy: regions) == 1 && share(of: other, coveredBy: regions) == 1)
    }
    #expect(try scene.regions(21, .detected([])).isEmpty)
  }

  @Test func failuresWithholdThePicture() {
    var scene = Scene()
    #expect(scene.plan(0, .unavailable(reason: "no model")) == .withheld(reason: "no model"))
    let strange = [Double.nan, .infinity, -.infinity]
    for value in strange {
      for box in [
        BoundingBox(x: value, y: 0, width: 5, height: 5), BoundingBox(x: 0, y: 0, width: 5, height: value),
      ] {
        guard case .withheld = scene.plan(1, .detected([Scene.face(box)])) else {
          Issue.record("\(box) was taken")
          continue
        }
        guard case .withheld = scene.plan(1, .detected([]), [Scene.track(9, box)]) else {
          Issue.record("the track \(box) was taken")
          continue
        }
      }
    }
    let many = (0..<5000).map { Scene.face(BoundingBox(x: Double($0), y: 0, width: 4, height: 4)) }
    #expect(scene.plan(2, .detected(many)) == .withheld(reason: "too many persons"))
  }

  @Test func aTrackWhoseBoxBecomesNoNumberStaysCovered() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([]), [Scene.track(1, body)])
    let broken = Scene.track(1, BoundingBox(x: .nan, y: 0, width: 1, height: 1))
    #expect(share(of: face, coveredBy: try scene.regions(0.2, .detected([]), [broken])) == 1)
  }

  @Test func degenerateBoxesWidenTheCover() throws {
    for box in [
      BoundingBox(x: 240, y: 120, width: 0, height: 0), BoundingBox(x: 260, y: 140, width: -26, height: -32),
      BoundingBox(x: -1e300, y: -1e300, width: 1e300, height: 1e300),
    ] {
      var scene = Scene()
      let regions = try scene.regions(0, .detected([Scene.face(box)]), [Scene.track(1, body)])
      #expect(share(of: face, coveredBy: regions) == 1)
      #expect(regions.allSatisfy { $0.box.isValid })
    }
  }

  @Test func onlyTheChosenPersonIsOpen() throws {
    var scene = Scene()
    scene.open = [Scene.id(1)]
    let other = body.offset(x: 200, y: 0)
    let otherFace = face.offset(x: 200, y: 0)
    let stranger = BoundingBox(x: 20, y: 20, width: 26, height: 32)
    let regions = try scene.regions(
      0, .detected([Scene.face(face), Scene.face(otherFace), Scene.face(stranger)]),
      [Scene.track(1, body), Scene.track(2, other)])
    #expect(share(of: face, coveredBy: regions) == 0)
    #expect(share(of: otherFace, coveredBy: regions) == 1)
    #expect(share(of: stranger, coveredBy: regions) == 1)
    // Somebody directly behind is covered even where that hides the chosen person.
    let behind = body.offset(x: 10, y: -4)
    let crowded = try scene.regions(
      0.1, .detected([Scene.face(face)]), [Scene.track(1, body), Scene.track(3, behind)])
    #expect(crowded.contains { $0.track == Scene.id(3) })
  }

  @Test func wholeBodiesAreCovered() throws {
    var scene = Scene()
    scene.planner = CoverPlanner(settings: try PrivacySettings(faces: .wholeBody))
    for evidence in [
      FaceEvidence.detected([Scene.face(face)]), .detected([]), .detected([Scene.person(body)]),
    ] {
      let regions = try scene.regions(0, evidence, [Scene.track(1, body)])
      #expect(share(of: body, coveredBy: regions) == 1)
    }
  }

  @Test func aStreamThatChangesItsSizeKeepsItsRegions() throws {
    var scene = Scene()
    _ = try scene.regions(0, .detected([Scene.face(face)]))
    scene.size = PictureSize(width: 1280, height: 960)
    let regions = try scene.regions(0.1, .detected([]))
    let doubled = BoundingBox(x: 2 * face.x, y: 2 * face.y, width: 2 * face.width, height: 2 * face.height)
    #expect(share(of: doubled, coveredBy: regions) == 1)
  }

  @Test func clocksThatJumpBackForgetNothingAtOnceAndNothingForEver() throws {
    var scene = Scene()
    _ = try scene.regions(100, .detected([Scene.face(face)]))
    #expect(try !scene.regions(99.8, .detected([])).isEmpty)
    #expect(try scene.regions(0, .detected([])).isEmpty)
  }

  @Test func memoryStaysBounded() throws {
    var scene = Scene()
    var random = SplitMix64(seed: 5)
    for step in 0..<300 {
      let detections = (0..<5).map { _ in
        Scene.face(
          BoundingBox(
            x: .random(in: 0...600, using: &random), y: .random(in: 0...440, using: &random), width: 20,
            height: 20))
      }
      let regions = try scene.regions(
        Double(step) * 0.04, .detected(detections),
        [Scene.track(UInt64(step), body.offset(x: Double(step % 300), y: 0))])
      #expect(regions.count < 150)
    }
  }
}

@Suite struct HeadRegionTests {
  let size = PictureSize(width: 1920, height: 1080)

  /// Bodies with the head where it is, as shares of the body's height.
  @Test func headsOfBodiesAreInside() {
    // (box, head)
    let cases: [(String, BoundingBox, BoundingBox)] = [
      (
        "standing", BoundingBox(x: 500, y: 200, width: 150, height: 450),
        BoundingBox(x: 550, y: 195, width: 48, height: 62)
      ),
      (
        "from the side", BoundingBox(x: 500, y: 200, width: 110, height: 450),
        BoundingBox(x: 540, y: 198, width: 56, height: 62)
      ),
      (
        "leaning", BoundingBox(x: 500, y: 200, width: 200, height: 430),
        BoundingBox(x: 502, y: 200, width: 50, height: 62)
      ),
      (
        "arms out", BoundingBox(x: 500, y: 200, width: 400, height: 450),
        BoundingBox(x: 680, y: 200, width: 48, height: 62)
      ),
      (
        "sitting", BoundingBox(x: 500, y: 400, width: 200, height: 300),
        BoundingBox(x: 560, y: 396, width: 60, height: 80)
      ),
      (
        "lying", BoundingBox(x: 500, y: 700, width: 450, height: 120),
        BoundingBox(x: 880, y: 750, width: 60, height: 50)
      ),
      (
        "close up", BoundingBox(x: 700, y: 300, width: 700, height: 780),
        BoundingBox(x: 900, y: 300, width: 300, height: 400)
      ),
      (
        "close up at the side", BoundingBox(x: 0, y: 300, width: 250, height: 780),
        BoundingBox(x: 0, y: 300, width: 240, height: 400)
      ),
      (
        "cut off above", BoundingBox(x: 700, y: 0, width: 200, height: 500),
        BoundingBox(x: 770, y: 0, width: 60, height: 40)
      ),
      (
        "with a hat", BoundingBox(x: 500, y: 200, width: 150, height: 450),
        BoundingBox(x: 550, y: 180, width: 48, height: 70)
      ),
      (
        "far away", BoundingBox(x: 900, y: 500, width: 9, height: 24),
        BoundingBox(x: 903, y: 499, width: 3, height: 4)
      ),
    ]
    for (name, box, head) in cases {
      let region = HeadRegion.region(of: box, in: size)
      #expect(head.coverage(by: region) > 0.999, "\(name): \(region)")
    }
  }

  @Test func aStandingBodyIsNotCoveredWhole() {
    let box = BoundingBox(x: 500, y: 200, width: 150, height: 450)
    let region = HeadRegion.region(of: box, in: size)
    #expect(box.coverage(by: region) < 0.4)
  }

  @Test func regionsAreFiniteForAnyBox() {
    var random = SplitMix64(seed: 77)
    for _ in 0..<1000 {
      let box = BoundingBox(
        x: .random(in: -1e6...1e6, using: &random), y: .random(in: -1e6...1e6, using: &random),
        width: .random(in: 4...1e6, using: &random), height: .random(in: 4...1e6, using: &random))
      #expect(HeadRegion.region(of: box, in: size).isValid)
    }
  }
}
