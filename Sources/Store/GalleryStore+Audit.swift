import Foundation
import GRDB
import ThroughlineCore

extension GalleryStore {
  /// Writes an entry of the audit log and waits until it is on the disk, together with all that waited.
  ///
  /// What must be logged is not done when this throws: log first, then search, name or export.
  ///
  /// - Parameters:
  ///   - subject: to whom or what it is done; numbers, never names, since entries are never erased.
  ///   - reason: why, in the words of whoever does it.
  ///   - actor: who does it.
  /// - Throws: ``StoreError``; nothing was logged then.
  @discardableResult
  public func audit(
    _ action: AuditAction, subject: String, reason: String, actor: String
  ) throws(StoreError) -> AuditEntry {
    try requireOpen()
    let time = options.now()
    return try transaction { database, cipher in
      try AuditLog.append(
        time: time, action: action, subject: subject, reason: reason, actor: actor, to: database,
        cipher: cipher)
    }
  }

  /// The audit log, oldest entry first.
  ///
  /// - Throws: ``StoreError/damaged(path:reason:)`` where an entry was altered, removed or put in.
  public func auditLog() throws(StoreError) -> [AuditEntry] {
    try reading { [path] database, cipher in
      let (entries, broken) = try AuditLog.read(database, cipher: cipher)
      if let broken { throw StoreError.damaged(path: path, reason: "audit entry \(broken) is not intact") }
      return entries
    }
  }

  /// The audit log's state, to be kept elsewhere.
  public func auditHead() throws(StoreError) -> AuditHead {
    try reading { database, _ in
      let (sequence, chain) = try AuditLog.head(database)
      return AuditHead(count: sequence, hash: Hexadecimal.text(chain))
    }
  }

  /// Writes what waits together with more, in one transaction.
  func transaction<Result: Sendable>(
    _ body: (Database, StoreCipher) throws -> Result
  ) throws(StoreError) -> Result {
    try exclusively { (writer) throws(StoreError) in try self.transaction(in: &writer, body) }
  }

  /// ``transaction(_:)`` for who has the writer already.
  func transaction<Result: Sendable>(
    in writer: inout StoreWriter, _ body: (Database, StoreCipher) throws -> Result
  ) throws(StoreError) -> Result {
    var result: Result?
    try writePending(&writer, isForced: true) { database, cipher in result = try body(database, cipher) }
    guard let result else { throw .unavailable(path: path, reason: "nothing was written") }
    return result
  }

  /// Reads the file as it is on the disk, beside the writer.
  func reading<Result: Sendable>(
    _ body: (Database, StoreCipher) throws -> Result
  ) throws(StoreError) -> Result {
    try requireOpen()
    guard let database = readers.withLock({ $0.database }) else {
      throw .unavailable(path: path, reason: "it could not be opened yet")
    }
    do {
      return try database.read { database in
        let identifier = try StoreMeta.read(database, path: path).keyIdentifier
        guard let cipher = readers.withLock({ $0.ciphers[identifier] }) else {
          throw StoreError.damaged(path: path, reason: "sealed with key \(identifier)")
        }
        return try body(database, cipher)
      }
    } catch let error as RecordFormatError {
      throw .damaged(path: path, reason: "\(error)")
    } catch {
      throw StoreFile.describe(error, path: path)
    }
  }
}
