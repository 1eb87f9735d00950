import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// What a check of a whole file found.
public struct StoreVerification: Sendable, Hashable {
  /// How many records of each kind the file has, and how many of them opened.
  public struct Table: Sendable, Hashable {
    /// `identity`, `prototype` and so on.
    public var name: String
    /// Records in the file.
    public var records: Int
    /// Records that opened.
    public var intact: Int
  }

  /// One line for each finding, at most ``maximumProblems``; none where all is well.
  public var problems: [String]
  /// How many findings there are.
  public var problemCount: Int
  /// The records by kind.
  public var tables: [Table]
  /// The audit entries up to the first that is not intact.
  public var audit: [AuditEntry]
  /// The number of the first audit entry that was altered, removed or put in; `nil` where the chain is whole.
  public var firstBrokenAuditEntry: Int64?

  /// How many findings are told.
  public static let maximumProblems = 100

  /// Whether nothing was found.
  public var isIntact: Bool { problemCount == 0 }
}

extension GalleryStore {
  /// Checks everything that can be checked: SQLite's structures, references, that every record opens, and the
  /// audit log's chain.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read at all.
  public func verify() throws(StoreError) -> StoreVerification {
    try flush()
    return try reading { try StoreVerifier(database: $0, cipher: $1).run() }
  }

  /// Checks a file without holding it or writing to it.
  ///
  /// - Throws: ``StoreError`` where the file is not readable so far that it could be checked.
  public static func verify(path: String, credential: GalleryCredential) throws(StoreError)
    -> StoreVerification
  {
    try GalleryStore.unsealing(path: path, credential: credential) { database, cipher in
      try StoreVerifier(database: database, cipher: cipher).run()
    }
  }
}

/// Goes on after a finding, unlike ``StoreLoader``.
private struct StoreVerifier {
  let database: Database
  let cipher: StoreCipher
  private var found = StoreVerification(
    problems: [], problemCount: 0, tables: [], audit: [], firstBrokenAuditEntry: nil)

  init(database: Database, cipher: StoreCipher) {
    self.database = database
    self.cipher = cipher
  }

  func run() throws -> StoreVerification {
    var verifier = self
    try verifier.check()
    return verifier.found
  }

  private mutating func note(_ problem: String) {
    found.problemCount += 1
    if found.problems.count < StoreVerification.maximumProblems { found.problems.append(problem) }
  }

  private mutating func check() throws {
    let findings = try String.fetchAll(database, sql: "PRAGMA integrity_check(20)")
    for finding in findings where finding != "ok" { note(StoreFile.line(from: [finding])) }
    for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check") {
      let (table, number): (String, Int64?) = (row[0], row[1])
      note("\(table) record \(number ?? 0) refers to a missing one")
    }
    if let reason = try StoreSchema.mismatch(database) { note("the schema: \(reason)") }
    let triggers = try Set(
      String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    for name in StoreSchema.auditTriggerNames where !triggers.contains(name) {
      note("the audit log's guard '\(name)' is missing")
    }
    try checkRecords("setting", .setting) { row, bytes in
      if row == StoreRows.state { _ = try GalleryState(decoding: bytes) }
    }
    try checkRecords("identity", .identity) { _, bytes in
      _ = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in try decoder.identity() }
    }
    try checkRecords("prototype", .prototype) { [cipher] row, bytes in
      _ = try cipher.prototype(from: bytes, id: PrototypeID(UInt64(bitPattern: row)))
    }
    try checkRecords("sighting", .sighting) { row, bytes in
      _ = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
        try decoder.sighting(id: SightingID(UInt64(bitPattern: row)))
      }
    }
    try checkRecords("alias", .alias)
    try checkRecords("correction", .correction) { _, bytes in
      _ = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in try decoder.correction() }
    }
    try checkRecords("crop", .cropHead, column: "head") { _, bytes in _ = try StoredCrop.decode(head: bytes) }
    try checkRecords("crop", .cropBody, column: "body")
    try checkRecords("event", .eventHead, column: "head") { _, bytes in
      _ = try StoredEvent.decode(head: bytes)
    }
    try checkRecords("event", .eventBody, column: "body")
    try checkRecords("recording", .recording, column: "head") { _, bytes in
      _ = try StoredRecording.decode(head: bytes)
    }
    let (entries, broken) = try AuditLog.read(database, cipher: cipher)
    found.audit = entries
    found.firstBrokenAuditEntry = broken
    if let broken { note("audit entry \(broken) is not intact") }
  }

  private mutating func checkRecords(
    _ table: String, _ kind: RecordSealer.Kind, column: String = "sealed",
    _ body: (Int64, [UInt8]) throws -> Void = { _, _ in }
  ) throws {
    var counts = StoreVerification.Table(name: kind.rawValue, records: 0, intact: 0)
    do {
      let cursor = try Row.fetchCursor(database, sql: "SELECT id, \(column) AS sealed FROM \(table)")
      while let found = try cursor.next() {
        let row: Int64 = found["id"]
        counts.records += 1
        do {
          try body(row, try cipher.open(found["sealed"], kind, row))
          counts.intact += 1
        } catch {
          note("\(kind.rawValue) record \(row) does not open")
        }
      }
    } catch let error as DatabaseError {
      note("\(table): \(StoreFile.line(from: error))")
    }
    found.tables.append(counts)
  }
}
