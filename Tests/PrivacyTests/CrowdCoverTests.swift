import Imaging
import Testing
import ThroughlineCore

@testable import Privacy

/// What is covered because of small faces that only a closer look finds.
@Suite struct CrowdCoverTests {
  private static let size = PictureSize(width: 1920, height: 1080)
  private static let whole = BoundingBox(x: 0, y: 0, width: 1920, height: 1080)

  private func face(_ x: Double, _ y: Double, _ side: Double = 16, score: Double = 0.8) -> Detection {
    Detection(
      box: BoundingBox(centerX: x, centerY: y, width: side, height: side), category: .face, score: score)
  }

  private func person(_ box: BoundingBox, score: Double = 0.8) -> Detection {
    Detection(box: box, category: .person, score: score)
  }

  private func cover(_ faces: [Detection], known: [Detection] = [], covering: FaceCovering = .blur) throws
    -> CrowdCover
  {
    var cover = CrowdCover(settings: try PrivacySettings(faces: covering))
    cover.note(faces, in: Self.whole, known: known, size: Self.size)
    return cover
  }

  /// Rows of faces, 24 pixels wide, 60 pixels apart.
  private var crowd: [Detection] {
    (0..<4).flatMap { row in
      (0..<6).map { face(600 + Double($0) * 60, 300 + Double(row) * 60, 24) }
    }
  }

  @Test func aSingleFaceIsCoveredWithItsSurroundings() throws {
    let cover = try cover([face(500, 400)])
    #expect(!cover.hasCrowd)
    let region = try #require(cover.regions.first)
    #expect(cover.regions.count == 1)
    #expect(region.box == BoundingBox(centerX: 500, centerY: 400, width: 48, height: 48))
    #expect(region.grain < 16)
  }

  @Test func whoStandsInACrowdIsCoveredThoughNobodyFoundThem() throws {
    let missing = crowd[9]
    let cover = try cover(crowd.filter { $0 != missing })
    #expect(cover.hasCrowd)
    #expect(cover.regions.count == 1)
    let box = try #require(cover.regions.first).box
    #expect(box.intersectionArea(with: missing.box) == missing.box.width * missing.box.height)
    #expect(box.minX < 600 - 60 && box.maxX > 900 + 60, "who stands beside the outermost is covered too")
    #expect(box.minY < 300 - 60 && box.maxY > 480 + 60)
  }

  @Test(arguments: [0.3, 0.59])
  func weakFacesCountOnlyInACrowd(score: Double) throws {
    #expect(try cover([face(500, 400, score: score)]).regions.isEmpty)
    let outside = face(960, 300, 24, score: score)
    let with = try cover(crowd + [outside])
    let without = try cover(crowd)
    #expect(try #require(with.regions.first).box.maxX > #require(without.regions.first).box.maxX)
  }

  @Test func aScoreThatIsNoNumberCountsAsSure() throws {
    #expect(try cover([face(500, 400, score: .nan)]).regions.count == 1)
  }

  @Test func whatIsCoveredAnywayIsLeftToThat() throws {
    let body = BoundingBox(x: 480, y: 380, width: 50, height: 130)
    let small = face(505, 395)
    #expect(try cover([small], known: [small]).regions.isEmpty)
    #expect(try cover([small], known: [person(body)]).regions.isEmpty)
    #expect(try cover([small], known: [person(body, score: 0.1)]).regions.count == 1)
    // That person's own face is somewhere else, so that the head region is not covered.
    #expect(try cover([small], known: [person(body), face(488, 406)]).regions.count == 1)
    // A face far behind somebody who is near is nobody's of those known.
    let near = BoundingBox(x: 300, y: 380, width: 400, height: 700)
    #expect(try cover([face(505, 395, 10)], known: [person(near)]).regions.count == 1)
  }

  @Test func largeFacesAreNotForACloserLook() throws {
    #expect(try cover([face(500, 400, 97)]).regions.isEmpty)
    #expect(try cover([face(500, 400, 95)]).regions.count == 1)
  }

  @Test func aFaceStaysUntilTwoLooksAtItsPlaceHaveMissedIt() throws {
    var cover = try cover([face(500, 400), face(1500, 400)])
    let left = BoundingBox(x: 0, y: 0, width: 960, height: 1080)
    cover.note([], in: left, known: [], size: Self.size)
    #expect(cover.regions.count == 2)
    cover.note([], in: left, known: [], size: Self.size)
    #expect(cover.regions.map(\.box.centerX) == [1500])
    cover.note([face(500, 400)], in: left, known: [], size: Self.size)
    cover.note([face(504, 400)], in: left, known: [], size: Self.size)
    #expect(cover.regions.count == 2, "the same face is not counted twice")
    cover.reset()
    #expect(cover.regions.isEmpty)
  }

  @Test func anotherPictureSizeStartsAnew() throws {
    var cover = try cover([face(500, 400)])
    cover.note([], in: Self.whole, known: [], size: PictureSize(width: 1280, height: 720))
    #expect(cover.regions.isEmpty)
  }

  @Test func beyondTheLimitThePictureIsCoveredAsAWhole() throws {
    let faces = (0...CrowdCover.limit).map { face(Double($0 % 60) * 30 + 20, Double($0 / 60) * 30 + 20, 8) }
    let cover = try cover(faces)
    #expect(cover.regions.map(\.box) == [Self.whole])
  }

  @Test func wholeBodiesAreCoveredDownToTheFeet() throws {
    let heads = try #require(try cover(crowd).regions.first).box
    let bodies = try #require(try cover(crowd, covering: .wholeBody).regions.first).box
    #expect(bodies.maxY >= heads.maxY + 8 * 24)
  }

  @Test(arguments: [FaceCovering.blur, .pixelate, .solid])
  func noFineDetailIsLeftInACrowd(covering: FaceCovering) throws {
    let size = PictureSize(width: 320, height: 192)
    let picture = try Pixels.noise(size)
    var cover = CrowdCover(settings: try PrivacySettings(faces: covering))
    let faces = (0..<6).map { face(100 + Double($0) * 20, 90, 10) }
    cover.note(faces, in: BoundingBox(x: 0, y: 0, width: 320, height: 192), known: [], size: size)
    let region = try #require(cover.regions.first)
    let anonymizer = Anonymizer(
      camera: CameraName(sanitizing: "cam"), settings: try PrivacySettings(faces: covering))
    let frame = try anonymizer.anonymize(
      picture, number: 1, captureTime: Timestamp(seconds: 1), evidence: .detected([]), tracks: [],
      crowds: cover.regions)
    #expect(frame.regions.map(\.cause) == [.crowd])
    let (before, after) = (Pixels.samples(picture)[0], Pixels.samples(frame.picture)[0])
    // Differences between neighbours: noise has many, what is left of a crowd hardly any.
    var (open, left) = (0, 0)
    for y in Int(region.box.minY)..<Int(region.box.maxY) {
      for x in Int(region.box.minX)..<Int(region.box.maxX) - 1 {
        let index = y * size.width + x
        open += abs(Int(before[index]) - Int(before[index + 1]))
        left += abs(Int(after[index]) - Int(after[index + 1]))
      }
    }
    #expect(left * 20 < open)
    #expect(before[5] == after[5], "the rest of the picture is as it was")
  }
}
