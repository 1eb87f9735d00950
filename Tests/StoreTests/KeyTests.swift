import Foundation
import GRDB
import Gallery
import Synchronization
import Testing
import ThroughlineCore

@testable import Store

@Suite struct KeyTests {
  private func filled(_ folder: TemporaryFolder, _ credential: GalleryCredential) throws -> GalleryContents {
    let store = try GalleryStore(path: folder.gallery, credential: credential, options: .manual)
    try ForgetTests.fill(store)
    try store.audit(.search, subject: "identity 1", reason: "", actor: "anna")
    try store.close()
    return store.contents
  }

  @Test func anotherKeyIsRefusedAndNothingTouched() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    _ = try filled(folder, .key(key))
    let before = try folder.files()["gallery.db"]
    let other = GalleryKey.random()
    let expected = StoreError.wrongKey(
      path: folder.gallery, expected: key.identifier, found: other.identifier)
    #expect(
      try storeError { _ = try GalleryStore(path: folder.gallery, credential: .key(other)) } == expected)
    #expect(
      try storeError { _ = try GalleryStore.read(path: folder.gallery, credential: .key(other)) } == expected)
    let words = try storeError {
      _ = try GalleryStore(path: folder.gallery, credential: .passphrase("words"))
    }
    #expect(words == .otherProtection(path: folder.gallery, expected: "a key file"))
    #expect(try folder.files()["gallery.db"] == before)
    #expect("\(expected)".split(separator: "\n").count == 1)
  }

  @Test func aPassphraseOpensItsGalleryOnly() throws {
    let folder = try TemporaryFolder()
    let contents = try filled(folder, .passphrase("correct horse", costExponent: 10))
    let before = try folder.files()["gallery.db"]
    let wrong = try storeError {
      _ = try GalleryStore(path: folder.gallery, credential: .passphrase("correct horses"))
    }
    #expect(wrong == .wrongPassphrase(path: folder.gallery))
    try GalleryKeyFile.create(at: folder.path + "/key")
    let file = try storeError {
      _ = try GalleryStore(path: folder.gallery, credential: .file(path: folder.path + "/key"))
    }
    #expect(file == .otherProtection(path: folder.gallery, expected: "a passphrase"))
    #expect(try folder.files()["gallery.db"] == before)
    // The cost lies in the file; what the caller says counts at creation only.
    let credential = GalleryCredential.passphrase("correct horse", costExponent: 16)
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: credential), contents)
  }

  @Test func aShortPassphraseSealsNothing() throws {
    let folder = try TemporaryFolder()
    let short = GalleryCredential.passphrase("hunter2", costExponent: 10)
    let refused = try storeError { _ = try GalleryStore(path: folder.gallery, credential: short) }
    #expect("\(refused)".contains("shorter than 12 characters"))
    #expect(try folder.files()["gallery.db"] == nil)
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    _ = try storeError { try store.rotateKey(to: short, reason: "", actor: "anna") }
    try store.close()
    #expect(try GalleryStore.verify(path: folder.gallery, credential: .key(key)).isIntact)
  }

  @Test func aNewGalleryGetsANewKeyFile() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/site.key"
    let contents = try filled(folder, .file(path: file))
    let key = try GalleryKeyFile.read(at: file)
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), contents)
    // An existing gallery does not: without its key it cannot be read any more.
    unlink(file)
    let error = try storeError { _ = try GalleryStore(path: folder.gallery, credential: .file(path: file)) }
    #expect("\(error)".contains("missing"))
    #expect(try folder.files()[file] == nil)
  }

  @Test func afterARotationTheOldKeyAndTheOldBytesAreGone() throws {
    let folder = try TemporaryFolder()
    let (old, new) = (GalleryKey.random(), GalleryKey.random())
    let contents = try filled(folder, .key(old))
    let store = try GalleryStore(path: folder.gallery, credential: .key(old), options: .manual)
    let before = try ForgetTests.sealed(folder.gallery)
    let log = try store.auditLog()
    store.append([.trackNumberReserved(CameraName(sanitizing: "c"), number: 5)])
    var more = ChangeGenerator(seed: 5, contents: store.contents)
    try store.rotateKey(to: .key(new), reason: "yearly", actor: "anna")
    #expect(store.keyIdentifier == new.identifier)
    #expect(try store.verify().isIntact)
    #expect(try Array(store.auditLog().prefix(log.count)) == log)
    #expect(try store.auditLog().last?.action == .rotateKey)
    let crop = try #require(store.crops(of: IdentityID(2)).first)
    #expect(try store.image(of: crop.id) == Array("marker crop 2".utf8))
    for value in before.values.joined() { #expect(try folder.names(containing: value).isEmpty) }
    // The triggers are back.
    let pool = try #require(store.writer.withLock { $0.database })
    #expect(throws: DatabaseError.self) { try pool.write { try $0.execute(sql: "DELETE FROM audit") } }
    store.append(try more.next(50))
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(new)), more.contents)
    #expect(
      try storeError { _ = try GalleryStore(path: folder.gallery, credential: .key(old)) }
        == .wrongKey(path: folder.gallery, expected: new.identifier, found: old.identifier))
    #expect(contents.identities.count > 0)
  }

  @Test func storedEmbeddingsOfTwoKeysAndOfTwoRotationsAreUnlinkable() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 1, dimension: 256)
    store.append(try generator.next(400))
    func stored() throws -> [Int64: [Float]] {
      try store.flush()
      return try store.reading { database, cipher in
        var found: [Int64: [Float]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT id, sealed FROM prototype") {
          let bytes = try cipher.open(row["sealed"], .prototype, row["id"])
          found[row["id"]] = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
            var kept: [Float] = []
            _ = try decoder.prototype(id: PrototypeID(1)) { values in
              kept = values
              return values
            }
            return kept
          }
        }
        return found
      }
    }
    func similarity(_ left: [Float], _ right: [Float]) -> Float {
      zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let before = try stored()
    #expect(before.count > 20)
    // The same key once more: the salt alone renews.
    try store.rotateKey(to: .key(key), reason: "", actor: "anna")
    let after = try stored()
    let plain = store.contents.identities.values.flatMap(\.prototypes)
    for prototype in plain {
      let row = Int64(prototype.id.rawValue)
      let (one, two) = (try #require(before[row]), try #require(after[row]))
      // 256 dimensions: a deviation of 1/16; five of them.
      #expect(abs(similarity(one, two)) < 0.32)
      #expect(abs(similarity(one, prototype.prototype.embedding.values)) < 0.32)
      #expect(abs(similarity(one, one) - 1) < 1e-5)
    }
    // Inside one file similarities stay.
    let (a, b) = (plain[0], plain[1])
    let expected = a.prototype.embedding.similarity(to: b.prototype.embedding)
    let found = similarity(
      try #require(after[Int64(a.id.rawValue)]), try #require(after[Int64(b.id.rawValue)]))
    #expect(abs(expected - found) < 1e-5)
    try store.close()
  }

  @Test func aKeyFileIsRenewedInPlace() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/site.key"
    let contents = try filled(folder, .file(path: file))
    let old = try GalleryKeyFile.read(at: file)
    let store = try GalleryStore(path: folder.gallery, credential: .file(path: file), options: .manual)
    try store.rotateKey(to: .file(path: file), reason: "", actor: "anna")
    try store.close()
    #expect(try GalleryKeyFile.read(at: file).identifier != old.identifier)
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .file(path: file)), contents)
    #expect(try folder.files().keys.filter { $0.hasPrefix("site") } == ["site.key"])
  }

  /// A kill between the gallery's transaction and the key file's new name.
  @Test(arguments: [false, true]) func aRotationCutShortIsFinishedAtTheNextStart(isOldKeyThere: Bool) throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/site.key"
    let contents = try filled(folder, .file(path: file))
    let store = try GalleryStore(path: folder.gallery, credential: .file(path: file), options: .manual)
    let old = try Data(contentsOf: URL(fileURLWithPath: file))
    try store.rotateKey(to: .file(path: file), reason: "", actor: "anna")
    try store.close()
    rename(file, GalleryKeyFile.successor(of: file))
    if isOldKeyThere {
      let attributes: [FileAttributeKey: Any] = [.posixPermissions: NSNumber(value: 0o600)]
      #expect(FileManager.default.createFile(atPath: file, contents: old, attributes: attributes))
    }
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .file(path: file)), contents)
    #expect(try folder.files().keys.filter { $0.hasPrefix("site") } == ["site.key"])
  }

  @Test func aRotationThatCannotBeWrittenLeavesTheOldKey() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/site.key"
    let contents = try filled(folder, .file(path: file))
    let store = try GalleryStore(path: folder.gallery, credential: .file(path: file), options: .manual)
    try store.sql("PRAGMA query_only = ON")
    _ = try storeError { try store.rotateKey(to: .file(path: file), reason: "", actor: "anna") }
    try store.sql("PRAGMA query_only = OFF")
    #expect(try folder.files().keys.sorted().filter { $0.hasPrefix("site") } == ["site.key"])
    try store.flush()
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .file(path: file)), contents)
  }

  @Test func readersGoOnDuringARotation() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try ForgetTests.fill(store)
    for _ in 0..<300 {
      store.keep(
        StoredCrop(
          owner: .sighting(SightingID(2)), camera: CameraName(sanitizing: "c"), time: Timestamp(seconds: 1),
          quality: 1, image: [UInt8](repeating: 3, count: 2_000)))
    }
    try store.flush()
    let ids = store.crops(of: IdentityID(2)).map(\.id)
    let state = Mutex((isDone: false, reads: 0, failures: [String]()))
    let ended = DispatchSemaphore(value: 0)
    let thread = Thread {
      var index = 0
      while !state.withLock({ $0.isDone }) {
        let found = Result { try store.image(of: ids[index % ids.count]) }
        index += 1
        state.withLock { state in
          state.reads += 1
          if case .success(let image?) = found, !image.isEmpty { return }
          state.failures.append("\(found)")
        }
      }
      ended.signal()
    }
    thread.start()
    for _ in 0..<3 { try store.rotateKey(to: .key(.random()), reason: "", actor: "anna") }
    state.withLock { $0.isDone = true }
    ended.wait()
    #expect(state.withLock { $0.reads } > 0)
    #expect(state.withLock { $0.failures }.isEmpty)
    try store.close()
  }
}

extension GalleryStore {
  /// Runs a statement on the store's own writing connection.
  func sql(_ statement: String) throws {
    let pool = try #require(writer.withLock { $0.database })
    try pool.writeWithoutTransaction { try $0.execute(sql: statement) }
  }
}
