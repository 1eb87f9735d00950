import Association
import Configuration
import Foundation
import Gallery
import Store
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

/// A gallery file with a few people in it, and what opens it.
struct GalleryFixture {
  static let network = EmbeddingNetwork(name: "test", version: "1", dimension: 32)
  static let start = Timestamp(seconds: 1_770_000_000)
  let folder: TemporaryFolder
  let people: Int

  init(people: Int = 4, named path: String = "g.db", dimension: Int = 32, folder: TemporaryFolder? = nil)
    throws
  {
    let folder = try folder ?? TemporaryFolder()
    self.folder = folder
    self.people = people
    var gallery = Gallery()
    try gallery.setNetwork(EmbeddingNetwork(name: "test", version: "1", dimension: dimension))
    let store = try GalleryStore(
      path: folder.file(path), credential: settings(file: path).credential(),
      options: StoreOptions(now: { Self.start }))
    for number in 1...people {
      let camera = CameraName(sanitizing: number % 2 == 0 ? "north" : "south")
      let time = Self.start.advanced(bySeconds: Double(number) * 60)
      let id = gallery.createIdentity(at: time)
      let track = TrackID(camera: camera, number: UInt64(number))
      for look in 0..<2 {
        _ = try gallery.addPrototype(
          Prototype(
            embedding: try Self.embedding(of: number, look: look, dimension: dimension), camera: camera,
            time: time, quality: 0.8), track: track, to: id)
      }
      for stay in 0..<2 {
        let begin = time.advanced(bySeconds: Double(stay) * 20)
        _ = try gallery.openSighting(
          of: id, track: TrackID(camera: camera, number: UInt64(number * 10 + stay)), begin: begin,
          end: begin.advanced(bySeconds: 10), confidence: 0.9, explanation: "looks alike \(number)")
      }
    }
    store.append(gallery.drainChanges())
    for (number, record) in store.contents.identities.sorted(by: { $0.key < $1.key }) {
      store.keep(
        StoredCrop(
          owner: .sighting(record.sightings[0].id), camera: record.sightings[0].sighting.camera,
          time: record.identity.lastSeen, quality: 0.5, image: Array("picture \(number)".utf8)))
    }
    try store.close()
  }

  /// Looks of one person are alike, those of two are not.
  static func embedding(of person: Int, look: Int, dimension: Int = 32) throws -> Embedding {
    var random = SplitMix64(seed: UInt64(person))
    var values = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
    var noise = SplitMix64(seed: UInt64(person * 100 + look))
    for index in values.indices { values[index] += 0.45 * Float.random(in: -1...1, using: &noise) }
    return try Embedding(normalizing: values)
  }

  func settings(
    file: String? = "g.db", _ values: [String: ConfigurationValue] = [:], environment: [String: String]? = nil
  ) throws -> GallerySettings {
    var configuration = Configuration()
    if let file { configuration.set("gallery.file", to: .text(folder.file(file)), from: .builtIn) }
    for (key, value) in values { configuration.set(key, to: value, from: .builtIn) }
    return try GallerySettings(
      configuration, environment: environment ?? ["XDG_CONFIG_HOME": folder.file("config")])
  }

  static let naming: [String: ConfigurationValue] = [
    "gallery.naming": .boolean(true), "gallery.naming-purpose": .text("staff of this house, with consent"),
  ]

  func session(_ values: [String: ConfigurationValue] = [:], after seconds: Double = 600) throws
    -> GallerySession
  {
    let now = Self.start.advanced(bySeconds: seconds)
    return try GallerySession(settings("g.db", values), actor: "anna", now: { now })
  }

  func settings(_ file: String, _ values: [String: ConfigurationValue]) throws -> GallerySettings {
    try settings(file: file, values)
  }
}

@Suite struct GallerySessionTests {
  @Test func searchFindsThePersonAndSaysHowSure() throws {
    let fixture = try GalleryFixture(people: 30)
    let session = try fixture.session()
    let hits = try session.search(
      [try GalleryFixture.embedding(of: 7, look: 9)], limit: 3, filter: .init(), reason: "lost child")
    #expect(hits.map(\.identity).first == IdentityID(7))
    #expect(hits[0].confidence > 0.9)
    #expect(hits.dropFirst().allSatisfy { $0.confidence < 0.1 })
    #expect(hits[0].sightings.count == 2 && hits[0].crops.count == 1)
    let nobody = try session.search(
      [try GalleryFixture.embedding(of: 999, look: 1)], limit: 3, filter: .init(), reason: "")
    #expect(nobody.allSatisfy { $0.confidence < 0.5 }, "\(nobody.map(\.confidence))")
    let entries = try session.store.auditLog()
    #expect(entries.last { $0.reason == "lost child" }?.action == .search)
    #expect(entries.last?.actor == "anna")
    try session.close()
  }

  /// One person under two numbers: a search shares the confidence between them, and an erasure must find both.
  @Test func twoIdentitiesOfOnePersonAreEachSureByThemselves() throws {
    let fixture = try GalleryFixture()
    let session = try fixture.session(GalleryFixture.naming)
    let looks = try (5..<7).map {
      EnrolledLook(
        embedding: try GalleryFixture.embedding(of: 2, look: $0), quality: 0.8, picture: [])
    }
    let twin = try session.enrol(
      looks, network: GalleryFixture.network, name: "Ada", as: nil, reason: "")
    let hits = try session.search(
      [try GalleryFixture.embedding(of: 2, look: 9)], limit: 10, filter: .init(), reason: "")
    let (same, others) = (hits.filter { [IdentityID(2), twin].contains($0.identity) }, hits.dropFirst(2))
    #expect(same.count == 2)
    #expect(same.map(\.confidence).reduce(0, +) <= 1.000_1)
    #expect(same.allSatisfy { $0.confidenceAlone > 0.9 }, "\(same.map(\.confidenceAlone))")
    #expect(others.allSatisfy { $0.confidenceAlone < 0.5 }, "\(others.map(\.confidenceAlone))")
    try session.close()
  }

  @Test func looksOfAnotherNetworkFindNobody() throws {
    let fixture = try GalleryFixture()
    let look = try GalleryFixture.embedding(of: 2, look: 9).values
    var network = GalleryFixture.network
    func ask() throws -> GalleryReply {
      try GalleryRequest(
        .search(looks: [look], network: network, limit: 3, filter: .init(), crops: nil), reason: "",
        actor: "anna"
      ).perform(try fixture.settings("g.db", [:]))
    }
    guard case .found = try ask() else {
      Issue.record("nobody was searched for")
      return
    }
    network.version = "2"
    let error = #expect(throws: GalleryError.self) { _ = try ask() }
    #expect(error.map { "\($0)".contains("reidentification.model") } == true)
  }

  @Test func searchKeepsToTimesAndCameras() throws {
    let fixture = try GalleryFixture(people: 10)
    let session = try fixture.session()
    func found(_ filter: GallerySearchFilter) throws -> [UInt64] {
      try session.search(
        [try GalleryFixture.embedding(of: 4, look: 3)], limit: 100, filter: filter, reason: ""
      ).map(\.identity.rawValue)
    }
    #expect(try found(.init()).count == 10)
    #expect(Set(try found(.init(cameras: [CameraName(sanitizing: "north")]))) == [2, 4, 6, 8, 10])
    let from = GalleryFixture.start.advanced(bySeconds: 3 * 60 - 1)
    let to = GalleryFixture.start.advanced(bySeconds: 5 * 60 + 1)
    #expect(Set(try found(.init(from: from, to: to))) == [3, 4, 5])
    #expect(try found(.init(cameras: [CameraName(sanitizing: "nowhere")])).isEmpty)
    try session.close()
  }

  @Test func correctionsAreUndoneRememberedAndTeach() throws {
    let fixture = try GalleryFixture()
    var session = try fixture.session()
    let prior = ThresholdCalibrator.Prior()
    let before = session.gallery.calibrator(prior: prior)
    let merge = try session.merge(IdentityID(3), into: IdentityID(1), reason: "same coat")
    #expect(session.gallery.resolve(IdentityID(3)) == IdentityID(1))
    #expect(session.gallery.calibrator(prior: prior).positives.weight > before.positives.weight)
    try session.close()

    session = try fixture.session()
    let undone = try session.undo(nil, reason: "")
    #expect(undone.id == merge.id)
    #expect(session.gallery.isVetoed(IdentityID(1), IdentityID(3)), "it must not be merged again by itself")
    #expect(throws: GalleryError.self) {
      _ = try session.merge(IdentityID(3), into: IdentityID(1), reason: "")
    }
    #expect(try session.removeNotSame(IdentityID(3), IdentityID(1), reason: ""))
    #expect(try !session.removeNotSame(IdentityID(3), IdentityID(1), reason: ""))
    let stay = try #require(session.sightings(of: IdentityID(2), matching: .init()).first)
    let split = try session.split(IdentityID(2), sightings: [stay], reason: "two people")
    #expect(session.gallery.isVetoed(IdentityID(2), split.created.id))
    try session.declareNotSame(IdentityID(1), IdentityID(4), reason: "")
    #expect(session.gallery.calibrator(prior: prior).negatives.weight > before.negatives.weight)
    try session.close()

    let snapshot = try GallerySnapshot(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential())
    let report = try snapshot.report(on: IdentityID(2), showsNames: false)
    #expect(report.corrections.map(\.kind) == ["split"])
    #expect(report.corrections[0].why.contains("two people"))
    #expect(report.sightings.allSatisfy { $0.why == "looks alike 2" })
    #expect(snapshot.events(about: IdentityID(2)).count == 1)
    let actions = try GalleryStore.auditLog(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential()
    ).filter { $0.action == .correct }
    #expect(actions.count == 5, "what was refused is not in the log")
  }

  @Test func aVetoIsTakenBackLikeAMergeAndSurvivesAClose() throws {
    let fixture = try GalleryFixture()
    var session = try fixture.session()
    let veto = try #require(
      try session.declareNotSame(IdentityID(4), IdentityID(1), reason: "two coats"))
    #expect(try session.declareNotSame(IdentityID(1), IdentityID(4), reason: "") == nil, "known already")
    let report = try GallerySnapshot(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential()
    ).report(on: IdentityID(4), showsNames: false)
    #expect(report.corrections.map(\.kind) == ["not-same"])
    #expect(report.corrections[0].why.contains("two coats") && report.notSameAs == [IdentityID(1)])
    try session.close()

    session = try fixture.session()
    #expect(throws: GalleryError.self) {
      _ = try session.merge(IdentityID(4), into: IdentityID(1), reason: "")
    }
    // A later correction about others does not bar the way, and a person's latest one is the veto.
    #expect(try session.undo(nil, reason: "").id == veto.id)
    #expect(!session.gallery.isVetoed(IdentityID(1), IdentityID(4)))
    _ = try session.merge(IdentityID(4), into: IdentityID(1), reason: "")
    // A veto that was taken back in the other way is no correction any more.
    let other = try #require(try session.declareNotSame(IdentityID(1), IdentityID(2), reason: ""))
    #expect(try session.removeNotSame(IdentityID(1), IdentityID(2), reason: ""))
    #expect(throws: GalleryError.self) { _ = try session.undo(other.id, reason: "") }
    try session.close()
    let contents = try GallerySnapshot(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential()
    ).contents
    #expect(contents.vetoes.isEmpty && contents.corrections.count == 1)
  }

  /// What a person says moves the threshold; taking it back moves it to where it was.
  @Test(arguments: ["merge", "not-same", "split"])
  func correctionsMoveTheThresholdAndUndoMovesItBack(kind: String) throws {
    let fixture = try GalleryFixture()
    let session = try fixture.session()
    let prior = session.prior
    func threshold() -> Double { session.gallery.calibrator(prior: prior).threshold }
    let before = threshold()
    switch kind {
    case "merge": _ = try session.merge(IdentityID(3), into: IdentityID(1), reason: "")
    case "not-same": _ = try session.declareNotSame(IdentityID(3), IdentityID(1), reason: "")
    default:
      // Only looks of the stay's own track move with it.
      let record = try #require(session.gallery[IdentityID(2)])
      var gallery = session.gallery
      let stay = try gallery.openSighting(
        of: record.id, track: try #require(record.prototypes[0].track), begin: record.identity.firstSeen,
        end: record.identity.lastSeen, confidence: 1, explanation: "")
      _ = try gallery.addPrototype(
        Prototype(
          embedding: try GalleryFixture.embedding(of: 77, look: 0), camera: CameraName(sanitizing: "north"),
          time: record.identity.lastSeen, quality: 0.8),
        track: TrackID(camera: CameraName(sanitizing: "north"), number: 900), to: record.id, trusted: true)
      session.store.append(gallery.drainChanges())
      session.reload()
      _ = try session.split(IdentityID(2), sightings: [stay], reason: "")
    }
    #expect(abs(threshold() - before) > 1e-4, "\(kind) teaches")
    _ = try session.undo(nil, reason: "")
    #expect(abs(threshold() - before) < 1e-9, "\(kind): \(before) is \(threshold())")
    try session.close()
  }

  @Test func namesAreOffUntilAPurposeIsStated() throws {
    let fixture = try GalleryFixture()
    var session = try fixture.session()
    #expect(throws: PipelineError.self) { try session.name(IdentityID(1), as: "Ada", reason: "") }
    #expect(throws: PipelineError.self) {
      _ = try session.enrol([], network: GalleryFixture.network, name: "Ada", as: nil, reason: "")
    }
    try session.close()
    #expect(throws: PipelineError.self) {
      _ = try fixture.settings(file: "g.db", ["gallery.naming": .boolean(true)])
    }

    session = try fixture.session(GalleryFixture.naming)
    try session.name(IdentityID(1), as: "Ada", reason: "")
    let look = EnrolledLook(
      embedding: try GalleryFixture.embedding(of: 50, look: 0), quality: 0.9, picture: Array("covered".utf8))
    let enrolled = try session.enrol(
      [look], network: GalleryFixture.network, name: "Grace", as: nil, reason: "badge")
    let hits = try session.search(
      [try GalleryFixture.embedding(of: 50, look: 1)], limit: 1, filter: .init(), reason: "")
    #expect(hits.first?.identity == enrolled && hits.first?.name == "Grace")
    #expect(hits.first?.crops.count == 1)
    let log = try session.store.auditLog().map { "\($0.subject) \($0.reason)" }.joined()
    #expect(!log.contains("Ada") && !log.contains("Grace"), "the log outlives the person")
    #expect(log.contains("staff of this house"))
    try session.close()

    // Without the purpose the names are there and not shown.
    let snapshot = try GallerySnapshot(
      path: fixture.folder.file("g.db"), credential: fixture.settings().credential())
    #expect(snapshot.list(showsNames: true).compactMap(\.name).sorted() == ["Ada", "Grace"])
    #expect(snapshot.list(showsNames: false).allSatisfy { $0.name == nil })
    session = try fixture.session()
    try session.name(IdentityID(1), as: nil, reason: "taking a name away needs no purpose")
    try session.close()
  }

  @Test func aForgottenPersonIsGoneAndTheReceiptHolds() throws {
    let fixture = try GalleryFixture()
    let session = try fixture.session()
    _ = try session.merge(IdentityID(3), into: IdentityID(1), reason: "")
    let receipt = try session.forget(IdentityID(3), reason: "asked")
    #expect(receipt.numbers == [IdentityID(1), IdentityID(3)])
    #expect(receipt.counts.crops == 2 && receipt.counts.prototypes == 4 && receipt.isCompacted)
    #expect(session.gallery[IdentityID(1)] == nil)
    let hits = try session.search(
      [try GalleryFixture.embedding(of: 1, look: 0)], limit: 10, filter: .init(), reason: "")
    #expect(!hits.contains { $0.identity == IdentityID(1) })
    try session.close()
    let credential = try fixture.settings().credential()
    let path = fixture.folder.file("g.db")
    #expect(try GalleryStore.isValid(receipt, path: path, credential: credential))
    var forged = receipt
    forged.numbers = [IdentityID(2)]
    #expect(try !GalleryStore.isValid(forged, path: path, credential: credential))
  }

  @Test func anExportHoldsThePersonAndNobodyElse() throws {
    let fixture = try GalleryFixture()
    let session = try fixture.session()
    let folder = fixture.folder.file("out")
    let (files, unreadable) = try session.export(IdentityID(2), into: folder, reason: "article 15")
    #expect(unreadable == 0)
    // What is left of one person's export must not be handed out to the next.
    #expect(throws: PipelineError.self) { try session.export(IdentityID(1), into: folder, reason: "") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    #expect(throws: PipelineError.self, "a gallery does not take over itself") {
      try session.importGallery(from: try fixture.settings("g.db", [:]), reason: "")
    }
    try session.close()
    #expect(files.count == 2)
    let text = try String(contentsOfFile: folder + "/person.json", encoding: .utf8)
    #expect(text.contains("looks alike 2") && !text.contains("looks alike 1"))
    let picture = try Data(contentsOf: URL(filePath: files[1]))
    #expect(picture == Data("picture 2".utf8))
  }

  @Test func aGalleryMovesToAnotherSite() throws {
    let fixture = try GalleryFixture()
    var session = try fixture.session(GalleryFixture.naming)
    try session.name(IdentityID(1), as: "Ada", reason: "")
    // Of the third there is a merge, so that its old number is in an event.
    _ = try session.merge(IdentityID(3), into: IdentityID(2), reason: "same coat")
    session.store.count("north.sightings", by: 3, at: GalleryFixture.start)
    let copy = fixture.folder.file("copy.db")
    let key = fixture.folder.file("copy.key")
    let sent = try session.export(toGallery: copy, keyFile: key, reason: "")
    #expect(sent.crops == 4 && sent.events == 1)
    #expect(throws: (any Error).self) { try session.export(toGallery: copy, keyFile: key, reason: "") }
    try session.close()
    session = try fixture.session()
    var other = try fixture.settings(file: "copy.db")
    other.keyFile = key
    let copied = try GallerySession(other, actor: "anna", now: { GalleryFixture.start })
    #expect(try copied.store.counts().map(\.count) == [3])
    #expect(copied.gallery.contents.corrections.count == 1, "a copy can be corrected like the original")
    for (id, crop) in copied.store.crops(of: IdentityID(2)) {
      #expect(try copied.store.image(of: id) != nil && crop.time >= GalleryFixture.start)
    }
    try copied.close()
    let (numbers, archive) = try session.importGallery(from: other, reason: "")
    #expect(numbers.map(\.0) == [1, 2, 4].map { IdentityID($0) })
    #expect(numbers.map(\.1) == (5...7).map { IdentityID($0) })
    #expect(archive.crops == 4 && archive.events == 1 && archive.leftOut == 0)
    #expect(session.gallery[IdentityID(5)]?.identity.name == nil, "names are off here")
    #expect(session.gallery[IdentityID(5)]?.prototypes.count == 2)
    // The pictures follow their persons; the event speaks of the new numbers, the merged one's included.
    let pictures = try session.store.crops(of: IdentityID(6)).compactMap {
      try session.store.image(of: $0.id)
    }
    #expect(Set(pictures.map { String(decoding: $0, as: UTF8.self) }) == ["picture 2", "picture 3"])
    let event = try #require(session.store.events(about: IdentityID(6)).first)
    let line = String(decoding: try #require(try session.store.body(of: event.id)), as: UTF8.self)
    #expect(line.contains("\"from\":6") && line.contains("\"identity\":6"), "\(line)")
    try session.close()

    let elsewhere = try GalleryFixture(people: 1, named: "wide.db", dimension: 64, folder: fixture.folder)
    session = try fixture.session()
    #expect {
      _ = try session.importGallery(from: elsewhere.settings(file: "wide.db"), reason: "")
    } throws: { "\($0)".contains("cannot be joined") }
    #expect(session.gallery.count == 6)
    try session.close()
  }

  @Test func pruningKeepsToEveryRetentionTime() throws {
    let fixture = try GalleryFixture()
    let file = fixture.folder.file("mosaic.mp4")
    try Data("video".utf8).write(to: URL(filePath: file))
    let end = Timestamp(seconds: Date().timeIntervalSince1970)
    var session = try fixture.session()
    session.store.keep(
      StoredRecording(
        path: file, camera: CameraName(sanitizing: "mosaic"), begin: GalleryFixture.start, end: end,
        identities: [IdentityID(1)]))
    #expect(try session.prune().crops == 0)
    try session.close()
    session = try fixture.session(after: 25 * 3600)
    var report = try session.prune()
    #expect(report.crops == 4 && report.embeddings == 8 && report.sightings == 0 && report.identities == 0)
    try session.close()
    // Half a day of journeys: the shorter time ends the stays of whoever was not seen since.
    session = try fixture.session(["retention.journey": .number(12)], after: 25 * 3600)
    report = try session.prune()
    #expect(report.sightings == 8 && report.identities == 4)
    #expect(session.gallery.count == 0)
    try session.close()
    let late = end.seconds(since: GalleryFixture.start) + 80 * 3600
    session = try fixture.session(after: late)
    #expect(try session.prune().recordings == [file])
    #expect(!FileManager.default.fileExists(atPath: file))
    #expect(session.store.recordings().isEmpty)
    try session.close()
  }

  @Test func aRecordingThatWasWrittenAgainIsNotDeleted() throws {
    let fixture = try GalleryFixture()
    let file = fixture.folder.file("again.mp4")
    try Data("video".utf8).write(to: URL(filePath: file))
    let old = StoredRecording(
      path: file, camera: CameraName(sanitizing: "a"), begin: GalleryFixture.start,
      end: Timestamp(seconds: Date().timeIntervalSince1970 - 7200), identities: [])
    #expect(ExpiredRecordings.remove([old]).isEmpty)
    #expect(FileManager.default.fileExists(atPath: file))
  }
}

@Suite struct GalleryKeyPlaceTests {
  @Test func keysLieInTheUsersConfigurationAndFollowTheGallery() throws {
    let fixture = try GalleryFixture()
    let keys = try FileManager.default.contentsOfDirectory(
      atPath: fixture.folder.file("config/throughline/keys"))
    #expect(keys.count == 1 && keys[0].hasSuffix(".key"))
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("g.db.key")))
    let attributes = try FileManager.default.attributesOfItem(
      atPath: fixture.folder.file("config/throughline/keys"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o700)
    try FileManager.default.moveItem(
      atPath: fixture.folder.file("g.db"), toPath: fixture.folder.file("moved.db"))
    let moved = try fixture.settings(file: "moved.db")
    _ = try GallerySnapshot(path: fixture.folder.file("moved.db"), credential: moved.credential())
    // A second gallery has its own key, and each finds the right one.
    let other = try GalleryFixture(people: 1, named: "second.db", folder: fixture.folder)
    _ = try GallerySnapshot(
      path: fixture.folder.file("second.db"), credential: other.settings(file: "second.db").credential())
  }

  @Test func aKeyBesideTheGalleryIsStillTaken() throws {
    let fixture = try GalleryFixture()
    let keys = fixture.folder.file("config/throughline/keys")
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: keys).first)
    try FileManager.default.moveItem(atPath: keys + "/" + name, toPath: fixture.folder.file("g.db.key"))
    _ = try GallerySnapshot(path: fixture.folder.file("g.db"), credential: fixture.settings().credential())
  }

  @Test func aRotatedKeyIsFound() throws {
    let fixture = try GalleryFixture()
    let session = try fixture.session()
    let before = session.store.keyIdentifier
    try session.rotateKey(toKeyFile: nil, passphrase: nil, reason: "yearly")
    #expect(session.store.keyIdentifier != before)
    try session.close()
    let again = try fixture.session()
    #expect(again.gallery.count == 4)
    try again.rotateKey(toKeyFile: nil, passphrase: "correct horse battery", reason: "")
    try again.close()
    let words = try fixture.settings(
      file: "g.db", ["gallery.passphrase-environment": .text("WORDS")],
      environment: ["WORDS": "correct horse battery"])
    #expect(
      try GallerySnapshot(path: fixture.folder.file("g.db"), credential: words.credential()).contents
        .identities.count == 4)
    #expect(throws: PipelineError.self) {
      _ = try fixture.settings(
        file: "g.db", ["gallery.passphrase-environment": .text("WORDS")], environment: [:])
    }
  }

  @Test func aMissingKeyIsNamed() throws {
    let fixture = try GalleryFixture()
    #expect {
      _ = try fixture.settings(
        file: "g.db", environment: ["XDG_CONFIG_HOME": fixture.folder.file("elsewhere")]
      )
      .credential()
    } throws: { "\($0)".contains("gallery.key-file") && "\($0)".contains("g.db") }
  }
}

@Suite struct MatchConfidenceTests {
  /// Confidences are probabilities: of the matches that are given about 0.8, about 80 % are right.
  @Test func confidencesAreCalibrated() throws {
    let seed: UInt64 = 77
    var random = SplitMix64(seed: seed)
    let prior = ThresholdCalibrator.Prior()
    let confidence = MatchConfidence(calibrator: ThresholdCalibrator(prior: prior))
    let population = 20
    var bins = Array(repeating: (sum: 0.0, right: 0, count: 0), count: 5)
    for trial in 0..<6000 {
      let present = trial % 2 == 0
      let candidates = (0..<population).map { index -> (similarity: Double, looks: Int) in
        let isSame = present && index == 0
        let mean = isSame ? prior.positiveMean : prior.negativeMean
        // The model's common deviation: the mean of both variances.
        let deviation =
          ((prior.positiveDeviation * prior.positiveDeviation + prior.negativeDeviation
          * prior.negativeDeviation)
          / 2).squareRoot()
        return (mean + deviation * Double(random.nextGaussian()), 1)
      }
      let chances = confidence.probabilities(of: candidates, queries: 1, population: population)
      #expect(chances.reduce(0, +) <= 1.0001)
      for (index, chance) in chances.enumerated() where chance > 0.05 {
        let bin = min(4, Int(chance * 5))
        bins[bin].sum += chance
        bins[bin].count += 1
        if present, index == 0 { bins[bin].right += 1 }
      }
    }
    for bin in bins where bin.count >= 100 {
      let told = bin.sum / Double(bin.count)
      let found = Double(bin.right) / Double(bin.count)
      #expect(abs(told - found) < 0.12, "told \(told), true \(found) of \(bin.count), seed \(seed)")
    }
  }
}
