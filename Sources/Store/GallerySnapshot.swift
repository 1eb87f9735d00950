import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// A gallery as its file has it at one moment, read without holding it: another process may go on writing it.
public struct GallerySnapshot: Sendable {
  /// Where the gallery lies.
  public let path: String
  /// The identities with their records.
  public let contents: GalleryContents
  /// How much the file holds.
  public let statistics: StoreStatistics
  /// The identifier of the key that seals the file.
  public let keyIdentifier: String
  private let memory: StoreMemory

  /// Reads and checks a file; nothing is written to it.
  ///
  /// - Throws: ``StoreError``.
  public init(path: String, credential: GalleryCredential) throws(StoreError) {
    let (image, identifier, numbers) = try GalleryStore.inspecting(path: path, credential: credential) {
      database, cipher in
      (
        try StoreLoader(path: path, cipher: cipher).load(database), cipher.key.identifier,
        try StoreStatistics.FileNumbers(database)
      )
    }
    self.path = path
    contents = image.contents
    keyIdentifier = identifier
    memory = StoreMemory(contents: image.contents, archive: image.archive)
    statistics = StoreStatistics(
      path: path, contents: image.contents, archive: image.archive, numbers: numbers)
  }

  /// Descriptions of an identity's crops, oldest first; their pictures are read by ``GalleryStore/image(of:)``.
  public func crops(of identity: IdentityID) -> [(id: ArchiveID, crop: StoredCrop)] {
    memory.crops(of: identity).compactMap { id in memory.archive.crops[id].map { (id, $0) } }
  }

  /// Descriptions of the kept events about an identity, under any of its numbers, in order of keeping.
  public func events(about identity: IdentityID) -> [(id: ArchiveID, event: StoredEvent)] {
    let numbers = memory.numbers(of: identity)
    return memory.archive.events.filter { !numbers.isDisjoint(with: $0.value.identities) }
      .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Recorded files in which an identity was recognised.
  public func recordings(of identity: IdentityID) -> [StoredRecording] {
    let numbers = memory.numbers(of: identity)
    return memory.archive.recordings.filter { !numbers.isDisjoint(with: $0.value.identities) }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// The index of recorded files in order of keeping.
  public var recordings: [StoredRecording] {
    memory.archive.recordings.sorted { $0.key < $1.key }.map(\.value)
  }

  /// All numbers that mean the same person as this one does, smallest first.
  public func numbers(of identity: IdentityID) -> [IdentityID] { memory.numbers(of: identity).sorted() }
}

extension GalleryStore {
  /// Encoded pictures of crops in a file that is not held; those that are gone or damaged are missing.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read.
  public static func images(
    of crops: [ArchiveID], path: String, credential: GalleryCredential
  ) throws(StoreError) -> [ArchiveID: [UInt8]] {
    try inspecting(path: path, credential: credential) { database, cipher in
      var found: [ArchiveID: [UInt8]] = [:]
      for crop in crops {
        let sql = "SELECT body FROM crop WHERE id = ?"
        guard let sealed = try Data.fetchOne(database, sql: sql, arguments: [crop.rawValue]) else { continue }
        found[crop] = try? cipher.open(sealed, .cropBody, crop.rawValue)
      }
      return found
    }
  }

  /// Finds out whether something opens a file, which another process may hold.
  ///
  /// - Throws: ``StoreError`` where it does not.
  public static func check(_ credential: GalleryCredential, path: String) throws(StoreError) {
    try unsealing(path: path, credential: credential) { _, _ in }
  }

  /// The identifier of the key that seals a file; needs no key.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read.
  public static func keyIdentifier(path: String) throws(StoreError) -> String {
    try reading(path: path) { try StoreMeta.read($0, path: path).keyIdentifier }
  }

  /// The audit log of a file that is not held, oldest entry first.
  ///
  /// - Throws: ``StoreError/damaged(path:reason:)`` where an entry was altered, removed or put in.
  public static func auditLog(
    path: String, credential: GalleryCredential
  ) throws(StoreError) -> [AuditEntry] {
    let (entries, broken) = try intactAuditLog(path: path, credential: credential)
    if let broken { throw .damaged(path: path, reason: "audit entry \(broken) is not intact") }
    return entries
  }

  /// The audit log of a file that is not held, oldest entry first, up to the first entry that was altered, removed or put
  /// in, and that one's number.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read.
  public static func intactAuditLog(
    path: String, credential: GalleryCredential
  ) throws(StoreError) -> (entries: [AuditEntry], firstBroken: Int64?) {
    try inspecting(path: path, credential: credential) { database, cipher in
      let (entries, broken) = try AuditLog.read(database, cipher: cipher)
      return (entries: entries, firstBroken: broken)
    }
  }

  /// Checks a receipt against a file that is not held; see ``isValid(_:)``.
  public static func isValid(
    _ receipt: ForgetReceipt, path: String, credential: GalleryCredential
  ) throws(StoreError) -> Bool {
    guard receipt.isTold(by: try auditLog(path: path, credential: credential)) else { return false }
    let contents = try read(path: path, credential: credential)
    return receipt.numbers.allSatisfy { contents.resolve($0) == nil }
  }

  /// Reads a file whose format is checked; see ``unsealing(path:credential:_:)``.
  static func inspecting<Result>(
    path: String, credential: GalleryCredential, _ body: (Database, StoreCipher) throws -> Result
  ) throws(StoreError) -> Result {
    try unsealing(path: path, credential: credential) { database, cipher in
      try StoreSchema.check(database, path: path)
      return try body(database, cipher)
    }
  }

  /// Reads a file with what unseals it; see ``reading(path:_:)``.
  static func unsealing<Result>(
    path: String, credential: GalleryCredential, _ body: (Database, StoreCipher) throws -> Result
  ) throws(StoreError) -> Result {
    try reading(path: path) { database in
      let meta = try StoreMeta.read(database, path: path)
      return try body(
        database, StoreCipher(key: try meta.key(from: credential, path: path), salt: meta.salt))
    }
  }

  /// Reads a file in one transaction without holding it or writing to it.
  private static func reading<Result>(
    path: String, _ body: (Database) throws -> Result
  ) throws(StoreError) -> Result {
    try StoreFile.inspect(path)
    do {
      let queue = try DatabaseQueue(
        path: StoreFile.readingName(path), configuration: StoreSchema.configuration(readOnly: true))
      return try queue.read(body)
    } catch {
      throw StoreFile.describe(error, path: path)
    }
  }
}

extension ForgetReceipt {
  /// Whether an audit log has this receipt's entry.
  func isTold(by entries: [AuditEntry]) -> Bool {
    guard let entry = entries.first(where: { $0.sequence == auditSequence }) else { return false }
    return entry.action == .forget && entry.hash == auditHash && entry.time == time
      && entry.subject == subject
  }
}
