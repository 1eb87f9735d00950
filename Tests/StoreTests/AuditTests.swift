import Foundation
import GRDB
import Testing
import ThroughlineCore

@testable import Store

@Suite struct AuditTests {
  private func filled(_ folder: TemporaryFolder, _ key: GalleryKey) throws -> GalleryStore {
    var options = StoreOptions.manual
    options.now = { Timestamp(nanoseconds: 1_700_000_000_000_000_001) }
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: options)
    for number in 1...5 {
      try store.audit(.search, subject: "identity \(number)", reason: "lost bag", actor: "anna")
    }
    return store
  }

  @Test func entriesAreChained() throws {
    let folder = try TemporaryFolder()
    let store = try filled(folder, .random())
    let log = try store.auditLog()
    #expect(log.map(\.sequence) == [1, 2, 3, 4, 5, 6])
    #expect(log.map(\.action) == [.create, .search, .search, .search, .search, .search])
    #expect(log[3].subject == "identity 3")
    #expect(log[3].reason == "lost bag")
    #expect(log[3].actor == "anna")
    #expect(log[3].time == Timestamp(nanoseconds: 1_700_000_000_000_000_001))
    #expect(Set(log.map(\.hash)).count == 6)
    #expect(try store.auditHead() == AuditHead(count: 6, hash: log[5].hash))
    #expect(try store.verify().isIntact)
    try store.close()
  }

  @Test(arguments: [
    "UPDATE audit SET sealed = x'00' WHERE id = 2", "DELETE FROM audit WHERE id = 6", "DELETE FROM audit",
    "INSERT OR REPLACE INTO audit (id, sealed, chain) VALUES (2, x'00', x'00')",
  ])
  func theTableRefusesChanges(sql: String) throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    try filled(folder, key).close()
    let queue = try DatabaseQueue(path: folder.gallery)
    // REPLACE deletes without triggers unless recursive triggers are on; the chain finds it all the same.
    if !sql.hasPrefix("INSERT") {
      #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
      try queue.close()
      #expect(try GalleryStore.verify(path: folder.gallery, credential: .key(key)).isIntact)
    } else {
      try queue.write { try $0.execute(sql: sql) }
      try queue.close()
      let found = try GalleryStore.verify(path: folder.gallery, credential: .key(key))
      #expect(found.firstBrokenAuditEntry == 2)
    }
  }

  /// What somebody does who has the file and drops the triggers.
  @Test(arguments: [
    ("UPDATE audit SET chain = zeroblob(32) WHERE id = 3", 3),
    ("UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE id = 2) WHERE id = 4", 4),
    // Whatever the last byte is, it becomes another.
    (
      """
      UPDATE audit SET sealed = substr(sealed, 1, length(sealed) - 1)
        || CASE substr(sealed, -1) WHEN x'00' THEN x'01' ELSE x'00' END WHERE id = 5
      """, 5
    ),
    ("DELETE FROM audit WHERE id = 2", 2), ("DELETE FROM audit WHERE id = 1", 1),
    ("DELETE FROM audit WHERE id = 6", 6), ("DELETE FROM audit", 1),
    ("INSERT INTO audit SELECT 7, sealed, chain FROM audit WHERE id = 6", 7),
    ("UPDATE audit SET id = 60 WHERE id = 6", 6), ("DELETE FROM setting WHERE id = 0", 7),
    ("DELETE FROM audit; DELETE FROM setting WHERE id = 0", 1),
  ])
  func theFirstBrokenEntryIsFound(sql: String, expected: Int64) throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    try filled(folder, key).close()
    let queue = try DatabaseQueue(path: folder.gallery)
    try queue.write { database in
      for statement in StoreSchema.dropAuditTriggers { try database.execute(sql: statement) }
      try database.execute(sql: sql)
    }
    try queue.close()
    let found = try GalleryStore.verify(path: folder.gallery, credential: .key(key))
    #expect(found.firstBrokenAuditEntry == expected)
    #expect(!found.isIntact)
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    let error = try storeError { _ = try store.auditLog() }
    #expect("\(error)".contains("audit entry \(expected)"))
    let intact = try GalleryStore.intactAuditLog(path: folder.gallery, credential: .key(key))
    #expect(intact.firstBroken == expected && intact.entries.count == Int(expected) - 1)
    // What is done next is logged, and does not heal what was done to the log.
    try store.audit(.search, subject: "identity 9", reason: "", actor: "anna")
    try store.close()
    let later = try GalleryStore.verify(path: folder.gallery, credential: .key(key))
    #expect(later.firstBrokenAuditEntry.map { $0 <= expected + 1 } == true, "\(later.problems)")
    #expect(later.problems.contains { $0.contains("guard 'audit_no_delete' is missing") })
  }
}
