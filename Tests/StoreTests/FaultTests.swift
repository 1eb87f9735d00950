import Foundation
import GRDB
import Gallery
import Synchronization
import Testing
import ThroughlineCore

@testable import Store

@Suite struct FaultTests {
  /// The pages that the file has; with this limit it is as if the disk were full.
  private func pages(_ store: GalleryStore) throws -> Int {
    let pool = try #require(store.writer.withLock { $0.database })
    return try #require(
      try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA page_count") })
  }

  @Test func aFullDiskAtAnyPageLosesNothing() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let conditions = Mutex<[StoreStatus.Condition]>([])
    var options = StoreOptions.manual
    options.onConditionChange = { condition in conditions.withLock { $0.append(condition) } }
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: options)
    var generator = ChangeGenerator(seed: 1, dimension: 200)
    store.append(try generator.next(100))
    try store.flush()
    var committed = generator.contents
    var failures = 0
    for extra in 0..<40 {
      let limit = try pages(store) + extra % 4
      try store.sql("PRAGMA max_page_count = \(limit)")
      store.append(try generator.next(40))
      do {
        try store.flush()
        committed = generator.contents
        #expect(store.status.condition == .writing)
      } catch {
        failures += 1
        #expect(error == .unavailable(path: folder.gallery, reason: "the disk is full"))
        #expect(store.status.condition == .degraded(reason: "\(error)"))
        #expect(store.status.pending > 0)
      }
      // In memory all goes on, and the file is whole at every moment.
      expectEqual(store.contents, generator.contents)
      expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), committed)
    }
    #expect(failures > 5)
    print("\(failures) of 40 batches met a full disk")
    try store.sql("PRAGMA max_page_count = 1000000")
    try store.flush()
    #expect(store.status.condition == .writing)
    #expect(store.status.pending == 0)
    #expect(conditions.withLock { $0.count } > 1)
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func aReadOnlyFileDegradesAndCatchesUp() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 2)
    try store.sql("PRAGMA query_only = ON")
    store.append(try generator.next(100))
    let error = try storeError { try store.flush() }
    #expect(error == .unavailable(path: folder.gallery, reason: "the file or its folder is read-only"))
    #expect(store.status.condition == .degraded(reason: "\(error)"))
    store.append(try generator.next(100))
    try store.sql("PRAGMA query_only = OFF")
    try store.flush()
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  private func execute(_ statement: String, on queue: DatabaseQueue) throws {
    try queue.writeWithoutTransaction { try $0.execute(sql: statement) }
  }

  @Test func aLockedFileDegradesAndTheThreadCatchesUp() async throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(
      path: folder.gallery, credential: .key(key), options: StoreOptions(writeInterval: 0.02))
    var generator = ChangeGenerator(seed: 3)
    var configuration = GRDB.Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: folder.gallery, configuration: configuration)
    try execute("BEGIN IMMEDIATE", on: other)
    store.append(try generator.next(100))
    while store.status.condition == .writing { try await Task.sleep(for: .milliseconds(5)) }
    guard case .degraded(let reason) = store.status.condition else {
      Issue.record("\(store.status.condition)")
      return
    }
    #expect(reason.contains("another program holds it"))
    expectEqual(store.contents, generator.contents)
    try execute("ROLLBACK", on: other)
    while store.status.pending > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(store.status.condition == .writing)
    try store.close()
    expectEqual(try GalleryStore.read(path: folder.gallery, credential: .key(key)), generator.contents)
  }

  @Test func aFileThatWasTakenAwayIsNoticed() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    var generator = ChangeGenerator(seed: 4)
    store.append(try generator.next(20))
    rename(folder.gallery, folder.path + "/elsewhere.db")
    let error = try storeError { try store.flush() }
    #expect("\(error)".contains("moved, removed or replaced"))
    #expect(store.status.condition == .failed(reason: "\(error)"))
    expectEqual(store.contents, generator.contents)
    try? store.close()
  }

  @Test func whatCameAndWentWhileTheDiskWasFullLeavesNothingToDo() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try store.sql("PRAGMA query_only = ON")
    let time = Timestamp(seconds: 1)
    for number in 1...1_000 as ClosedRange<UInt64> {
      let id = IdentityID(number)
      store.append([
        .identityCreated(Identity(id: id, firstSeen: time, lastSeen: time)),
        .sightingOpened(
          GallerySighting(
            id: SightingID(number),
            sighting: Sighting(
              identity: id, track: TrackID(camera: CameraName(sanitizing: "c"), number: number), begin: time,
              end: time), isOpen: true, confidence: 1, explanation: "")),
        .forgotten(id, reason: .evicted),
      ])
      if number % 100 == 0 { _ = try storeError { try store.flush() } }
    }
    #expect(store.status.pending < 5)
    try store.sql("PRAGMA query_only = OFF")
    try store.close()
  }

  /// A real file system with a real end, where this may be mounted.
  @Test func aFullFileSystemDegradesAndCatchesUp() throws {
    let folder = try TemporaryFolder()
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    guard run("mount", ["-t", "tmpfs", "-o", "size=1200k", "tmpfs", disk]) else {
      print("SKIPPED: a file system of its own cannot be mounted here; run as root to test a full one")
      return
    }
    defer { _ = run("umount", ["-l", disk]) }
    let path = disk + "/gallery.db"
    let key = GalleryKey.random()
    let store = try GalleryStore(path: path, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 6, dimension: 200)
    let ballast = disk + "/ballast"
    var failures = 0
    var committed = generator.contents
    for round in 0..<12 {
      if round.isMultiple(of: 3) {
        unlink(ballast)
        try? Data(repeating: 1, count: 1 << 20).write(to: URL(fileURLWithPath: ballast))
        _ = run("dd", ["if=/dev/zero", "of=\(ballast)", "bs=4k"])
      } else if round % 3 == 2 {
        unlink(ballast)
      }
      store.append(try generator.next(40))
      do {
        try store.flush()
        committed = generator.contents
      } catch {
        failures += 1
        guard case .degraded = store.status.condition else {
          Issue.record("\(store.status.condition)")
          break
        }
      }
      expectEqual(store.contents, generator.contents)
    }
    print("\(failures) of 12 batches met a full file system")
    #expect(failures > 0)
    unlink(ballast)
    expectEqual(try GalleryStore.read(path: path, credential: .key(key)), committed)
    try store.flush()
    try store.close()
    #expect(try GalleryStore.verify(path: path, credential: .key(key)).isIntact)
    expectEqual(try GalleryStore.read(path: path, credential: .key(key)), generator.contents)
  }

  @Test func aReadOnlyMediumIsReadAndNotHeld() throws {
    let folder = try TemporaryFolder()
    let disk = folder.path + "/a disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    guard run("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]) else {
      print("SKIPPED: a file system of its own cannot be mounted here; run as root to test a read-only one")
      return
    }
    defer { _ = run("umount", ["-l", disk]) }
    let path = disk + "/gallery.db"
    let key = GalleryKey.random()
    let store = try GalleryStore(path: path, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 7)
    store.append(try generator.next(50))
    try store.close()
    #expect(run("mount", ["-o", "remount,ro", disk]))
    expectEqual(try GalleryStore.read(path: path, credential: .key(key)), generator.contents)
    #expect(try GalleryStore.verify(path: path, credential: .key(key)).isIntact)
    let error = try storeError { _ = try GalleryStore(path: path, credential: .key(key), mode: .existing) }
    #expect("\(error)".contains("Read-only file system"))
    // A run goes on in memory, and takes hold of the file once it can.
    let held = try GalleryStore(path: path, credential: .key(key), options: .manual)
    guard case .degraded(let reason) = held.status.condition else {
      Issue.record("\(held.status.condition)")
      return
    }
    #expect(reason.contains("Read-only file system"))
    expectEqual(held.contents, generator.contents)
    held.append(try generator.next(50))
    _ = try storeError { try held.flush() }
    #expect(run("mount", ["-o", "remount,rw", disk]))
    try held.flush()
    #expect(held.status.condition == .writing)
    _ = try storeError { _ = try GalleryStore(path: path, credential: .key(key)) }
    try held.close()
    expectEqual(try GalleryStore.read(path: path, credential: .key(key)), generator.contents)
    #expect(try GalleryStore.verify(path: path, credential: .key(key)).isIntact)
  }

  @Test func aFileThatSomebodyElseChangedBeforeItWasHeldIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.gallery
    let key = GalleryKey.random()
    var generator = ChangeGenerator(seed: 8)
    let first = try GalleryStore(path: path, credential: .key(key), options: .manual)
    first.append(try generator.next(50))
    try first.close()
    // Nobody can make a lock's file where a folder stands in its place.
    try FileManager.default.removeItem(atPath: path + ".lock")
    try FileManager.default.createDirectory(atPath: path + ".lock", withIntermediateDirectories: true)
    let run = try GalleryStore(path: path, credential: .key(key), options: .manual)
    run.append(try generator.next(50))
    try FileManager.default.removeItem(atPath: path + ".lock")
    let other = try GalleryStore(path: path, credential: .key(key), options: .manual)
    try other.audit(.search, subject: "identity 1", reason: "", actor: "anna")
    try other.close()
    let before = try folder.files()["gallery.db"]
    let error = try storeError { try run.flush() }
    #expect("\(error)".contains("changed by another program"))
    try? run.close()
    #expect(try folder.files()["gallery.db"] == before)
  }

  private func run(_ tool: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
