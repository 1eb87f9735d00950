import Foundation
import GRDB
import Gallery
import Testing
import ThroughlineCore

@testable import Store

@Suite struct DamageTests {
  /// A gallery and its bytes.
  private struct Sample {
    let folder: TemporaryFolder
    let key = GalleryKey.random()
    let contents: GalleryContents
    let bytes: Data

    init() throws {
      folder = try TemporaryFolder()
      let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
      try ForgetTests.fill(store)
      var generator = ChangeGenerator(seed: 2, contents: store.contents)
      store.append(try generator.next(150))
      try store.close()
      contents = generator.contents
      bytes = try Data(contentsOf: URL(fileURLWithPath: folder.gallery))
    }

    /// Opens a file with other bytes; whatever happens, a refused file keeps its bytes.
    func open(_ altered: Data) throws -> StoreError? {
      for suffix in ["-wal", "-shm"] { unlink(folder.gallery + suffix) }
      try altered.write(to: URL(fileURLWithPath: folder.gallery))
      let opened = Result { () throws(StoreError) in
        try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
      }
      switch opened {
      case .success(let store):
        expectEqual(store.contents, contents)
        try? store.close()
        return nil
      case .failure(let error):
        let isUntouched = try Data(contentsOf: URL(fileURLWithPath: folder.gallery)) == altered
        #expect(isUntouched, "\(error)")
        #expect("\(error)".hasPrefix(folder.gallery))
        #expect(!"\(error)".contains("\n"))
        return error
      }
    }
  }

  @Test func aTruncatedFileIsRecognised() throws {
    let sample = try Sample()
    #expect(try sample.open(sample.bytes) == nil)
    for length in [
      0, 1, 15, 16, 50, 99, 100, 512, 4095, 4096, 4097, sample.bytes.count / 2, sample.bytes.count - 1,
    ] {
      let error = try sample.open(sample.bytes.prefix(length))
      guard case .damaged(_, let reason) = error else {
        Issue.record("\(length) bytes: \(error.map { "\($0)" } ?? "opened")")
        continue
      }
      #expect(reason.contains("truncated to \(length)"))
    }
  }

  @Test func flippedBitsAreRecognisedOrDoNoHarm() throws {
    let sample = try Sample()
    let seed =
      ProcessInfo.processInfo.environment["THROUGHLINE_SEED"].flatMap(UInt64.init)
      ?? UInt64.random(in: 0...999_999)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    var refused = 0
    // Half of them in SQLite's header; `THROUGHLINE_FLIPS=1000` makes an evening of it.
    let count = ProcessInfo.processInfo.environment["THROUGHLINE_FLIPS"].flatMap(Int.init) ?? 40
    for round in 0..<count {
      var altered = sample.bytes
      let place = Int.random(in: round.isMultiple(of: 2) ? 0..<100 : 100..<altered.count, using: &random)
      altered[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      if try sample.open(altered) != nil { refused += 1 }
    }
    print("\(refused) of \(count) flipped bits refused, the others were in bytes that opening does not read")
    #expect(refused > 2)
  }

  @Test func aHoleInTheMiddleIsRecognised() throws {
    let sample = try Sample()
    let pages = sample.bytes.count / 4096
    for page in 0..<pages {
      var altered = sample.bytes
      altered.replaceSubrange(page * 4096..<(page + 1) * 4096, with: Data(repeating: 0, count: 4096))
      if try sample.open(altered) == nil {
        // Pages of free space, of indices' gaps, or of the audit log, which `verify` reads.
        let found = try GalleryStore.verify(path: sample.folder.gallery, credential: .key(sample.key))
        #expect(found.problemCount >= 0)
      }
    }
  }

  @Test func verifyNamesEveryRecordThatDoesNotOpen() throws {
    let sample = try Sample()
    let queue = try DatabaseQueue(path: sample.folder.gallery)
    let (prototype, crop) = try queue.write { database in
      let prototype = try #require(try Int64.fetchOne(database, sql: "SELECT MIN(id) FROM prototype"))
      let crop = try #require(try Int64.fetchOne(database, sql: "SELECT MIN(id) FROM crop"))
      try database.execute(
        sql: "UPDATE prototype SET sealed = zeroblob(40) WHERE id = ?", arguments: [prototype])
      try database.execute(sql: "UPDATE crop SET body = x'00' WHERE id = ?", arguments: [crop])
      return (prototype, crop)
    }
    try queue.close()
    let found = try GalleryStore.verify(path: sample.folder.gallery, credential: .key(sample.key))
    #expect(
      found.problems.sorted() == [
        "cropBody record \(crop) does not open", "prototype record \(prototype) does not open",
      ])
    let prototypes = try #require(found.tables.first { $0.name == "prototype" })
    #expect(prototypes.records == prototypes.intact + 1)
    let error = try storeError {
      _ = try GalleryStore.read(path: sample.folder.gallery, credential: .key(sample.key))
    }
    #expect("\(error)".contains("prototype record \(prototype) does not open"))
  }

  @Test func aRecordMovedToAnotherPersonIsRecognised() throws {
    let sample = try Sample()
    let queue = try DatabaseQueue(path: sample.folder.gallery)
    try queue.write { database in
      try database.execute(
        sql: """
          UPDATE prototype SET identity = (SELECT MAX(id) FROM identity WHERE id <> prototype.identity)
          WHERE id = (SELECT MIN(id) FROM prototype)
          """)
    }
    try queue.close()
    let error = try storeError {
      _ = try GalleryStore.read(path: sample.folder.gallery, credential: .key(sample.key))
    }
    #expect("\(error)".contains("prototype record"))
  }

  @Test func aNewerVersionIsRefused() throws {
    let sample = try Sample()
    let queue = try DatabaseQueue(path: sample.folder.gallery)
    try queue.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA user_version = 9")
      _ = try database.checkpoint(.truncate)
    }
    try queue.close()
    let bytes = try Data(contentsOf: URL(fileURLWithPath: sample.folder.gallery))
    let error = try sample.open(bytes)
    #expect(error == .newerVersion(path: sample.folder.gallery, found: 9, supported: StoreSchema.version))
  }

  @Test func otherFilesAreNoGalleries() throws {
    let folder = try TemporaryFolder()
    let texts = ["hello, this is a text", String(repeating: "x", count: 5_000)]
    for text in texts {
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder.gallery))
      let error = try storeError { _ = try GalleryStore(path: folder.gallery, credential: .key(.random())) }
      #expect(error == .notAGallery(path: folder.gallery))
      #expect(try folder.files()["gallery.db"] == Data(text.utf8))
    }
    unlink(folder.gallery)
    let queue = try DatabaseQueue(path: folder.gallery)
    try queue.write { try $0.execute(sql: "CREATE TABLE t (a)") }
    try queue.close()
    let bytes = try folder.files()["gallery.db"]
    let error = try storeError { _ = try GalleryStore(path: folder.gallery, credential: .key(.random())) }
    #expect(error == .notAGallery(path: folder.gallery))
    #expect(try folder.files()["gallery.db"] == bytes)
    #expect(
      try storeError { _ = try GalleryStore(path: folder.path, credential: .key(.random())) }
        == .notAGallery(path: folder.path))
  }
}
