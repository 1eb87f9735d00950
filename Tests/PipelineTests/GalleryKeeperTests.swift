import Association
import Configuration
import Foundation
import Gallery
import Imaging
import Logging
import Privacy
import Store
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

@Suite struct GalleryKeeperTests {
  private let camera = CameraName(sanitizing: "door")

  private func time(_ seconds: Double) -> Timestamp { GalleryFixture.start.advanced(bySeconds: seconds) }

  private func track(_ number: UInt64, x: Double = 100, score: Double = 0.9, at seconds: Double) -> Track {
    Track(
      id: TrackID(camera: camera, number: number), state: .tracked,
      box: BoundingBox(x: x, y: 60, width: 60, height: 160), isObserved: true, score: score,
      firstSeen: time(0), lastSeen: time(seconds))
  }

  private func frame(
    _ number: UInt64, _ tracks: [Track], at seconds: Double, settings: PrivacySettings = .standard
  ) throws -> AnonymizedFrame {
    let buffer = try PictureBuffer(size: PictureSize(width: 320, height: 240))
    buffer.fill(buffer.matrix.color(red: 90, green: 120, blue: 60))
    return try Anonymizer(camera: camera, settings: settings).anonymize(
      buffer.freeze(), number: number, captureTime: time(seconds), evidence: .detected([]), tracks: tracks)
  }

  private func shown(_ tracks: [Track]) -> [ShownPerson] {
    tracks.map { ShownPerson(track: $0, identity: nil, confidence: 0) }
  }

  private func store(_ fixture: GalleryFixture) throws -> GalleryStore {
    try GalleryStore(path: fixture.folder.file("g.db"), credential: fixture.settings().credential())
  }

  @Test func theBestPicturesOfAStayAreKeptAndNotMore() throws {
    let fixture = try GalleryFixture(people: 1)
    let store = try store(fixture)
    let crops = GalleryCrops(store: store)
    let sighting = try #require(store.contents.identities[IdentityID(1)]?.sightings.first?.id)
    let before = store.crops(of: IdentityID(1)).count
    // Before the stay is decided, pictures wait; the best one is kept then.
    for step in 0..<5 {
      let tracks = [track(7, score: 0.5 + Double(step) / 20, at: Double(step))]
      crops.take(try frame(UInt64(step + 1), tracks, at: Double(step)), persons: shown(tracks))
    }
    #expect(store.crops(of: IdentityID(1)).count == before)
    crops.note(sighting, of: TrackID(camera: camera, number: 7), at: time(5))
    #expect(store.crops(of: IdentityID(1)).count == before + 1)
    for step in 5..<400 {
      let tracks = [track(7, at: Double(step))]
      crops.take(try frame(UInt64(step + 1), tracks, at: Double(step)), persons: shown(tracks))
    }
    #expect(store.crops(of: IdentityID(1)).count == before + GalleryCrops.perSighting)
    let kept = try #require(store.crops(of: IdentityID(1)).last)
    let image = try #require(try store.image(of: kept.id))
    #expect(try JPEG.decode(image).size.height <= GalleryCrops.size.height)
    #expect(crops.finish().isEmpty)
    try store.close()
  }

  @Test func openFacesAreNeverKept() throws {
    let fixture = try GalleryFixture(people: 1)
    let store = try store(fixture)
    let crops = GalleryCrops(store: store)
    let sighting = try #require(store.contents.identities[IdentityID(1)]?.sightings.first?.id)
    let before = store.crops(of: IdentityID(1)).count
    crops.note(sighting, of: TrackID(camera: camera, number: 7), at: time(0))
    let tracks = [track(7, at: 1)]
    let open = try frame(1, tracks, at: 1, settings: PrivacySettings(faces: .off(reason: "a test")))
    crops.take(open, persons: shown(tracks))
    let withheld = try Anonymizer(camera: camera).anonymize(
      try PictureBuffer(size: PictureSize(width: 320, height: 240)).freeze(), number: 2, captureTime: time(1),
      evidence: .unavailable(reason: "a test"), tracks: tracks)
    crops.take(withheld, persons: shown(tracks))
    #expect(store.crops(of: IdentityID(1)).count == before)
    try store.close()
  }

  @Test func theSweepEndsWhatIsOverAndDeletesRecordings() throws {
    let fixture = try GalleryFixture(people: 2)
    let store = try store(fixture)
    let keeper = GalleryKeeper(store: store, retention: RetentionPolicy(), logger: Logger(label: "test"))
    let file = fixture.folder.file("door.mp4")
    try Data("video".utf8).write(to: URL(filePath: file))
    // From the beginning, so that a run that is killed leaves no file that nobody deletes.
    keeper.begin(recordings: [(file, camera)])
    #expect(store.recordings().map(\.path) == [file])
    var outcome = Coordinator.Outcome()
    (outcome.begin, outcome.end) = (time(0), time(10))
    outcome.identitiesByCamera = [camera: [IdentityID(2)]]
    keeper.note(recordings: [(file, camera)], outcome: outcome)
    keeper.note(
      .sightingBegan(
        SightingID(1),
        Sighting(
          identity: IdentityID(1), track: TrackID(camera: camera, number: 1), begin: time(1), end: time(1))),
      at: time(1))
    #expect(store.recordings(of: IdentityID(2)).map(\.path) == [file])
    #expect(store.recordings().count == 1, "one file, one entry")
    #expect(store.events(about: IdentityID(1)).count == 1)
    #expect(try store.counts().map(\.name) == ["door.sightings"])
    let later = max(time(0), StoreOptions.wallClock()).advanced(bySeconds: 400 * 86_400)
    keeper.sweep(now: later)
    // The sweep has a thread of its own; what it has done is seen in the end.
    for _ in 0..<1000 where !store.recordings().isEmpty || FileManager.default.fileExists(atPath: file) {
      usleep(10_000)
    }
    #expect(!FileManager.default.fileExists(atPath: file))
    var isWritten = false
    #expect(keeper.close(isWritten: &isWritten).isEmpty)
    #expect(isWritten)
    let snapshot = try GallerySnapshot(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential())
    for entry in snapshot.statistics.classes where entry.kind != .embedding && entry.kind != .sighting {
      #expect(entry.kind == .journey || entry.records == 0, "\(entry)")
    }
  }

  @Test func tilesCoverThePictureAndFacesAreCountedOnce() {
    let size = PictureSize(width: 1920, height: 1080)
    let tiles = TiledDetector.tiles(of: size, side: 640)
    for x in stride(from: 5.0, to: 1920, by: 37) {
      for y in stride(from: 5.0, to: 1080, by: 37) {
        #expect(tiles.contains { $0.minX <= x && x < $0.maxX && $0.minY <= y && y < $0.maxY })
      }
    }
    #expect(TiledDetector.tiles(of: PictureSize(width: 300, height: 200), side: 640).isEmpty)
    // Legs at the upper edge of a tile are half a person; at the picture's own edge that is all there is.
    let legs = BoundingBox(x: 100, y: 1, width: 60, height: 200)
    let tile = BoundingBox(x: 0, y: 440, width: 640, height: 640)
    #expect(TiledDetector.isCut(legs, by: tile, of: size))
    #expect(!TiledDetector.isCut(legs, by: tile.offset(x: 0, y: -440), of: size))
    var tally = AnonymisationTally(name: "test")
    let face = Detection(box: BoundingBox(x: 10, y: 10, width: 40, height: 40), category: .face, score: 0.9)
    let other = Detection(box: BoundingBox(x: 200, y: 10, width: 40, height: 40), category: .face, score: 0.9)
    #expect(tally.add(input: [face], output: [face, other], isWithheld: false) == [face])
    let score = tally.finished()
    #expect(score.facesIn == 1 && score.facesOut == 2 && score.facesLeaked == 1 && score.headRank1 == nil)
  }

  /// A face that is in input and output counts as open where anybody may be, and is told apart where nobody is.
  @Test(arguments: [
    (BoundingBox(x: 110, y: 100, width: 10, height: 12), true),
    // Beside and above the box: a detector's box often ends at the hairline.
    (BoundingBox(x: 96, y: 92, width: 10, height: 12), true),
    (BoundingBox(x: 300, y: 100, width: 10, height: 12), false),
    (BoundingBox(x: 110, y: 20, width: 10, height: 12), false),
    // A foot.
    (BoundingBox(x: 110, y: 175, width: 10, height: 12), false),
  ])
  func aFaceIsOpenWhereAPersonIs(face: BoundingBox, isOpen: Bool) {
    let person = BoundingBox(x: 100, y: 100, width: 30, height: 90)
    // Of somebody who lies, the head may be anywhere.
    let lying = BoundingBox(x: 100, y: 100, width: 90, height: 90)
    #expect(
      AnonymisationEvaluation.isHead(face, of: lying) == AnonymisationEvaluation.isPart(face, of: lying))
    #expect(AnonymisationEvaluation.isHead(face, of: person) == isOpen)
  }

  /// What is covered is more than what is believed: weak faces reach the anonymiser and nobody else.
  @Test func weakFacesAreCoveredAndNotBelieved() throws {
    func face(_ score: Double) -> Detection {
      Detection(box: BoundingBox(x: 10, y: 10, width: 40, height: 40), category: .face, score: score)
    }
    var configuration = Configuration()
    try configuration.add(source: "door=/nowhere.mp4")
    let camera = try #require(try PipelineSettings(configuration, environment: [:]).cameras.first)
    #expect(camera.face.scoreFloor == 0.15)
    let found = [face(0.16), face(0.31), face(.nan)]
    #expect(found.believed.map(\.score.isNaN) == [false, true])
    // 40 pixels are a large face in a small picture, which would be a strong one if it were a face.
    #expect(found.plausible(in: PictureSize(width: 640, height: 360)).count == 3)
    #expect(found.plausible(in: PictureSize(width: 400, height: 240)).map(\.score.isNaN) == [false, true])
    var result = LaneResult(
      frame: TestFrames.frame(1, picture: try TestFrames.picture()), evidence: .detected(found))
    result.tracks = []
    #expect(result.detections.count == 3 && result.faces.count == 2)
  }

  @Test func whoIsMostSimilarCounts() throws {
    let one = try Embedding(normalizing: [1, 0, 0])
    let two = try Embedding(normalizing: [0, 1, 0])
    let grey = try Embedding(normalizing: [1, 1, 1])
    #expect(AnonymisationTally.rank1([(one, one), (two, two)]) == 1)
    #expect(AnonymisationTally.rank1([(one, two), (two, one)]) == 0)
    #expect(AnonymisationTally.rank1([(one, grey), (two, grey)]) == 0, "a tie tells nobody apart")
    #expect(AnonymisationTally.rank1([(one, one)]) == nil)
  }
}
