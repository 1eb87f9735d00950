import Foundation
import GRDB
import Gallery
import ThroughlineCore

extension GalleryStore {
  /// Erases a person: name, prototypes, sightings, crops, kept events, entries of the recordings' index, remembered
  /// corrections and vetoes, under all numbers that the person had, in the file and in its write-ahead log.
  ///
  /// Deleted records are overwritten, the file is then written anew without gaps and the log is cut to nothing.
  /// What this cannot reach: backups, and blocks that a file system or a flash disk has set aside.
  ///
  /// A number that was given out and is not in the gallery any more is accepted too: an earlier attempt may have
  /// been cut short, and kept events may still name it.
  ///
  /// - Parameter compacts: whether the file is written anew at once, which takes its time where it is large; otherwise
  ///   ``compact()`` has to follow.
  /// - Throws: ``StoreError/unknownIdentity(_:)`` where the number was never given out, or another one where
  ///   the file cannot be written; the person is gone from memory then and from the file as soon as it can be.
  public func forget(
    _ id: IdentityID, reason: String, actor: String, compacts: Bool = true
  ) throws(StoreError) -> ForgetReceipt {
    try requireOpen()
    let time = options.now()
    return try exclusively { (writer) throws(StoreError) -> ForgetReceipt in
      // Before anything is erased: what is not written cannot be erased from the file.
      try writePending(&writer)
      let erased = memory.withLock { memory in
        sortIn(&memory)
        return memory.erase(id)
      }
      guard let (numbers, counts) = erased else { throw .unknownIdentity(id.rawValue) }
      var receipt = ForgetReceipt(
        identity: id, numbers: numbers, counts: counts, time: time, isCompacted: false, auditSequence: 0,
        auditHash: "")
      let subject = receipt.subject
      let entry = try transaction(in: &writer) { database, cipher in
        try AuditLog.append(
          time: time, action: .forget, subject: subject, reason: reason, actor: actor, to: database,
          cipher: cipher)
      }
      receipt.auditSequence = entry.sequence
      receipt.auditHash = entry.hash
      if compacts { receipt.isCompacted = (try? writer.compact()) ?? false }
      return receipt
    }
  }

  /// Writes the file anew without gaps and empties the write-ahead log.
  ///
  /// - Returns: whether the log is empty; it is not while somebody reads from it, or where there is no room.
  public func compact() -> Bool {
    let isDone = try? exclusively { (writer) throws(StoreError) -> Bool in
      (try? writer.compact()) ?? false
    }
    return isDone ?? false
  }

  /// Checks a receipt: the audit log is intact, has the receipt's entry, and the gallery does not know any of
  /// the numbers.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read or the log is not intact.
  public func isValid(_ receipt: ForgetReceipt) throws(StoreError) -> Bool {
    guard receipt.isTold(by: try auditLog()) else { return false }
    return memory.withLock { memory in
      sortIn(&memory)
      return receipt.numbers.allSatisfy { memory.contents.resolve($0) == nil }
    }
  }
}

extension StoreMemory {
  /// Removes a person from memory.
  ///
  /// - Returns: the person's numbers and what was removed; `nil` where the number was never given out.
  mutating func erase(_ id: IdentityID) -> ([IdentityID], ForgetReceipt.Counts)? {
    guard id.rawValue > 0, id < contents.nextIdentity else { return nil }
    let numbers = numbers(of: id)
    var counts = ForgetReceipt.Counts()
    if let living = contents.resolve(id), let record = contents.identities[living] {
      counts.names = record.identity.name == nil ? 0 : 1
      counts.prototypes = record.prototypes.count
      counts.sightings = record.sightings.count
      counts.crops = crops(of: living).count
      counts.vetoes = contents.vetoes.count { $0.contains(living) }
      counts.corrections = contents.corrections.count {
        numbers.contains($0.identities.0) || numbers.contains($0.identities.1)
      }
    }
    (counts.events, counts.recordings) = forgetArchive(of: numbers)
    if let living = contents.resolve(id) { apply(.forgotten(living, reason: .requested)) }
    return (numbers.sorted(), counts)
  }
}

extension StoreWriter {
  private static let compactionTries = 4

  /// Writes the file anew without gaps and empties the write-ahead log.
  ///
  /// - Returns: whether the log is empty; it is not while somebody reads from it.
  mutating func compact() throws -> Bool {
    guard let database else { return false }
    try database.vacuum()
    // Who only looks is done in a moment; each try waits for it as long as for a lock.
    for _ in 0..<Self.compactionTries where try checkpoint() { return true }
    return false
  }
}
