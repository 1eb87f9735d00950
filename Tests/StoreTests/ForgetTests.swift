import Foundation
import GRDB
import Gallery
import Testing
import ThroughlineCore

@testable import Store

@Suite struct ForgetTests {
  private static let camera = CameraName(sanitizing: "entrance")
  private static let start = Timestamp(nanoseconds: 1_700_000_000_000_000_000)

  /// Two people: the first one absorbed a third, and both have everything that can be kept.
  static func fill(_ store: GalleryStore) throws {
    var generator = ChangeGenerator(seed: 1)
    var changes: [GalleryChange] = [.networkSet(ChangeGenerator.network)]
    for number in 1...3 as ClosedRange<UInt64> {
      let id = IdentityID(number)
      let track = TrackID(camera: camera, number: number)
      changes.append(
        .identityCreated(Identity(id: id, name: "Marker Name \(number)", firstSeen: start, lastSeen: start)))
      changes.append(
        .prototypeAdded(
          GalleryPrototype(
            id: PrototypeID(number),
            prototype: Prototype(
              embedding: try generator.embedding(), camera: camera, time: start, quality: 1),
            track: track), to: id))
      changes.append(
        .sightingOpened(
          GallerySighting(
            id: SightingID(number), sighting: Sighting(identity: id, track: track, begin: start, end: start),
            isOpen: true, confidence: 1, explanation: "marker explanation")))
    }
    let pair = try #require(IdentityPair(IdentityID(1), IdentityID(2)))
    changes.append(.vetoAdded(pair))
    store.append(changes)
    for number in 1...3 as ClosedRange<UInt64> {
      store.keep(
        StoredCrop(
          owner: .sighting(SightingID(number)), camera: camera, time: start, quality: 0.5,
          image: Array("marker crop \(number)".utf8)))
      store.keep(
        StoredCrop(
          owner: .prototype(PrototypeID(number)), camera: camera, time: start, quality: 0.5,
          image: Array("marker photo \(number)".utf8)))
      store.keep(
        StoredEvent(
          time: start, kind: "identity.seen", identities: [IdentityID(number)],
          body: Array("{\"marker event\": \(number)}".utf8)))
    }
    store.keep(
      StoredRecording(
        path: "/var/marker-recording.mp4", camera: camera, begin: start, end: start,
        identities: [IdentityID(1), IdentityID(2)]))
    let absorbed = try #require(store.contents.identities[IdentityID(3)])
    let survivor = try #require(store.contents.identities[IdentityID(1)])
    store.append([
      .merged(
        MergeRecord(
          id: CorrectionID(1), time: start, source: .person, absorbed: absorbed.identity,
          survivor: survivor.identity, merged: survivor.identity, prototypes: [PrototypeID(3)],
          sightings: [SightingID(3)], absorbedVetoes: [], inheritedVetoes: [], confidence: 1,
          explanation: "marker merge"))
    ])
    store.append([.learnedStateSet(name: "thresholds", value: Data([1, 2, 3]))])
  }

  /// Every sealed value that lies in the file, by table.
  static func sealed(_ path: String) throws -> [String: [Data]] {
    let queue = try DatabaseQueue(path: path, configuration: StoreSchema.configuration(readOnly: true))
    return try queue.read { database in
      var found: [String: [Data]] = [:]
      for (table, columns) in [
        ("identity", ["sealed"]), ("prototype", ["sealed"]), ("sighting", ["sealed"]), ("alias", ["sealed"]),
        ("correction", ["sealed"]), ("crop", ["head", "body"]), ("event", ["head", "body"]),
        ("recording", ["head"]),
      ] {
        for column in columns {
          found[table, default: []] += try Data.fetchAll(
            database, sql: "SELECT \(column) FROM \(table) ORDER BY id")
        }
      }
      return found
    }
  }

  @Test func whatIsForgottenIsInNoFileAnyMore() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try Self.fill(store)
    try store.flush()
    let before = try Self.sealed(folder.gallery)
    #expect(before["prototype"]?.count == 3)
    #expect(before["crop"]?.count == 12)
    for value in before.values.joined() {
      #expect(try !folder.names(containing: value).isEmpty)
    }

    let receipt = try store.forget(IdentityID(3), reason: "asked by letter", actor: "anna")
    #expect(receipt.numbers == [IdentityID(1), IdentityID(3)])
    #expect(
      receipt.counts
        == ForgetReceipt.Counts(
          names: 1, prototypes: 2, sightings: 2, crops: 4, events: 2, recordings: 1, corrections: 1, vetoes: 1
        ))
    #expect(receipt.isCompacted)

    let after = try Self.sealed(folder.gallery)
    #expect(after["prototype"]?.count == 1)
    #expect(after["crop"]?.count == 4)
    #expect(after["event"]?.count == 2)
    #expect(after["alias"]?.isEmpty == true)
    #expect(after["correction"]?.isEmpty == true)
    let kept = Set(after.values.joined())
    let gone = Set(before.values.joined()).subtracting(kept)
    #expect(gone.count == 20)
    for value in gone { #expect(try folder.names(containing: value).isEmpty) }
    for value in kept { #expect(try !folder.names(containing: value).isEmpty) }

    #expect(try store.isValid(receipt))
    #expect(try store.auditLog().last?.reason == "asked by letter")
    #expect(try store.verify().isIntact)
    #expect(store.recordings().map(\.identities) == [[IdentityID(2)]])
    #expect(store.events(about: IdentityID(1)).isEmpty)
    #expect(store.contents.identities.keys.sorted() == [IdentityID(2)])
    #expect(store.contents.nextIdentity == IdentityID(4))
    try store.close()
    let reopened = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    #expect(reopened.contents.identities.keys.sorted() == [IdentityID(2)])
    #expect(reopened.contents.nextIdentity == IdentityID(4))
    #expect(try reopened.isValid(receipt))
    #expect(reopened.events().count == 1)
    #expect(try reopened.image(of: try #require(reopened.crops(of: IdentityID(2)).first).id) != nil)
    try reopened.close()
  }

  /// Without the key the files say nothing: not one planted text is in them at any time.
  /// Somebody who reads all the while keeps the file's old blocks alive, and the receipt says so.
  @Test func aReaderInTheWayIsTold() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try Self.fill(store)
    try store.flush()
    var configuration = GRDB.Configuration()
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: folder.gallery, configuration: configuration)
    try reader.inDatabase { database in
      try database.execute(sql: "BEGIN")
      _ = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM identity")
    }
    let first = try store.forget(IdentityID(1), reason: "", actor: "anna")
    #expect(!first.isCompacted && first.mayLinger(at: folder.gallery))
    #expect(try store.isValid(first), "nobody finds the person any more")
    try reader.inDatabase { try $0.execute(sql: "ROLLBACK") }
    try reader.close()
    let again = try store.forget(IdentityID(1), reason: "", actor: "anna")
    #expect(again.isCompacted && !again.mayLinger(at: folder.gallery))
    #expect(!first.mayLinger(at: folder.gallery))
    try store.close()
  }

  @Test func plainTextIsNeverInAnyFile() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try Self.fill(store)
    try store.audit(.search, subject: "marker subject", reason: "marker reason", actor: "marker actor")
    try store.flush()
    for marker in ["arker", "entrance", "identity.seen", "thresholds", "network"] {
      #expect(try folder.names(containing: Data(marker.utf8)).isEmpty, "\(marker)")
    }
    // The test can fail: the table's name is there.
    #expect(try !folder.names(containing: Data("prototype".utf8)).isEmpty)
    let embedding = try #require(store.contents.identities[IdentityID(1)]?.prototypes.first)
      .prototype.embedding.values
    let bytes = embedding[0..<2].withUnsafeBytes { Data($0) }
    #expect(try folder.names(containing: bytes).isEmpty)
    try store.close()
  }

  @Test func aForgedReceiptIsNotValid() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try Self.fill(store)
    let receipt = try store.forget(IdentityID(1), reason: "", actor: "anna")
    #expect(try store.isValid(receipt))
    var forged = receipt
    forged.counts.crops += 1
    #expect(try !store.isValid(forged))
    forged = receipt
    forged.auditSequence -= 1
    #expect(try !store.isValid(forged))
    forged = receipt
    forged.identity = IdentityID(2)
    #expect(try !store.isValid(forged))
    let coded = try JSONDecoder().decode(ForgetReceipt.self, from: try JSONEncoder().encode(receipt))
    #expect(coded.counts == receipt.counts)
    #expect(receipt.description.contains(receipt.auditHash))
    try store.close()
  }

  @Test func forgettingTwiceIsFineAndStrangersAreRefused() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try Self.fill(store)
    _ = try store.forget(IdentityID(2), reason: "", actor: "anna")
    // The gallery in memory says the same once more.
    store.append([.forgotten(IdentityID(2), reason: .requested)])
    #expect(store.status.rejected == 0)
    let again = try store.forget(IdentityID(2), reason: "", actor: "anna")
    #expect(again.counts == ForgetReceipt.Counts())
    #expect(
      try storeError { _ = try store.forget(IdentityID(4), reason: "", actor: "") } == .unknownIdentity(4))
    #expect(
      try storeError { _ = try store.forget(IdentityID(0), reason: "", actor: "") } == .unknownIdentity(0))
    try store.close()
  }

  @Test func whatWasNotWrittenYetIsForgottenToo() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try Self.fill(store)
    let receipt = try store.forget(IdentityID(1), reason: "", actor: "anna")
    #expect(receipt.counts.prototypes == 2)
    try store.close()
    let contents = try GalleryStore.read(path: folder.gallery, credential: .key(key))
    #expect(contents.identities.keys.sorted() == [IdentityID(2)])
  }
}
