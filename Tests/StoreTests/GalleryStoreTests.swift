import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Store

@Suite struct GalleryStoreTests {
  @Test(arguments: [1, 2] as [UInt64])
  func whatWasAppendedIsReadBack(seed: UInt64) throws {
    print("seed \(seed)")
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    var generator = ChangeGenerator(seed: seed)
    for round in 0..<4 {
      let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
      expectEqual(store.contents, generator.contents)
      for _ in 0..<3 {
        store.append(try generator.next(100))
        if round.isMultiple(of: 2) { try store.flush() }
      }
      #expect(store.status.rejected == 0, "\(store.status.latestRejection ?? "")")
      try store.close()
    }
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func theThreadWritesByItself() async throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(
      path: folder.gallery, credential: .key(key), options: StoreOptions(writeInterval: 0.02))
    var generator = ChangeGenerator(seed: 4)
    store.append(try generator.next(50))
    while store.status.pending > 0 { try await Task.sleep(for: .milliseconds(5)) }
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
    #expect(store.status.condition == .writing)
    #expect(store.status.lastWrite != nil)
    try store.close()
  }

  @Test func filesAreForTheOwnerOnly() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    var generator = ChangeGenerator(seed: 5)
    store.append(try generator.next(50))
    try store.flush()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(names == ["gallery.db", "gallery.db-shm", "gallery.db-wal", "gallery.db.lock"])
    for name in names {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
      #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
    }
    try store.close()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "gallery.db", "gallery.db.lock",
      ])
  }

  @Test func aSecondHolderGetsAClearLine() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    let error = try storeError {
      _ = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    }
    #expect(error == .inUse(path: folder.gallery, holder: "process \(getpid())"))
    try store.close()
    try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual).close()
  }

  @Test func afterCloseNothingIsTaken() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try store.close()
    var generator = ChangeGenerator(seed: 6)
    store.append(try generator.next(20))
    #expect(store.status.condition == .closed)
    #expect(try storeError { try store.flush() } == .closed(path: folder.gallery))
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), GalleryContents())
  }

  @Test func aLongQueueIsSortedInByTheCaller() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    var options = StoreOptions.manual
    options.limits.queuedChanges = 10
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: options)
    var generator = ChangeGenerator(seed: 7)
    store.append(try generator.next(40))
    #expect(store.inbox.withLock { $0.items.isEmpty })
    store.append(try generator.next(5))
    #expect(store.inbox.withLock { $0.items.count } == 5)
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func aChangeThatDoesNotFitIsCountedAndTheRestIsWritten() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    store.append([.named(IdentityID(99), name: "nobody")])
    var generator = ChangeGenerator(seed: 8)
    store.append(try generator.next(30))
    #expect(store.status.rejected == 1)
    #expect(store.status.latestRejection?.contains("99") == true)
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func otherContentsReplaceWhatWasThere() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 9)
    store.append(try generator.next(300))
    try store.flush()
    _ = try generator.next(300)
    store.replace(with: generator.contents)
    expectEqual(store.contents, generator.contents)
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func aMissingFileIsCreatedOnlyWhenAllowed() throws {
    let folder = try TemporaryFolder()
    let error = try storeError {
      _ = try GalleryStore(path: folder.gallery, credential: .key(.random()), mode: .existing)
    }
    #expect(error == .missing(path: folder.gallery))
    #expect(try folder.files().isEmpty)
  }
}
