import Crypto
import Foundation
import GRDB
import ThroughlineCore

/// What was done that a data protection officer will ask about.
public enum AuditAction: String, Sendable, CaseIterable {
  /// The gallery was created.
  case create
  /// A person was searched for.
  case search
  /// An identity was named, or its name removed.
  case name
  /// Photos of a person were enrolled.
  case enrol
  /// Identities were merged, split, or declared different by a person.
  case correct
  /// A person's data were given out.
  case export
  /// A person's data were erased.
  case forget
  /// Another gallery's identities were taken over.
  case importGallery = "import"
  /// A setting that protects people was changed.
  case setting
  /// The key was renewed.
  case rotateKey = "rotate-key"
  /// Data whose time was over were erased.
  case retention
  /// Faces were shown, to whom and why.
  case reveal
}

/// One entry of the audit log.
///
/// Entries outlive the people that they are about, so they carry numbers and never names.
public struct AuditEntry: Sendable, Hashable {
  /// Counted up from 1 without a gap.
  public var sequence: Int64
  /// When.
  public var time: Timestamp
  /// What.
  public var action: AuditAction
  /// To whom or what, for example `identity 17`.
  public var subject: String
  /// Why, in the words of whoever did it.
  public var reason: String
  /// Who did it, for example a user's or a program's name.
  public var actor: String
  /// SHA-256 over the previous entry's hash and this entry, 64 hexadecimal digits.
  public var hash: String
}

/// The log's state at one moment. A copy kept elsewhere proves later that no entry up to it was changed,
/// removed or put in: the file alone cannot prove that its end was not cut off.
public struct AuditHead: Sendable, Hashable {
  /// How many entries there are.
  public var count: Int64
  /// The last entry's hash; 64 zeros where there is none.
  public var hash: String

  /// A state by its parts.
  public init(count: Int64, hash: String) {
    self.count = count
    self.hash = hash
  }
}

/// The hash chain over the audit table.
///
/// The chain runs over the plain entries, each with 16 random bytes so that its hash tells nothing about it.
/// It does not change when the key does.
struct AuditLog {
  static let start = [UInt8](repeating: 0, count: 32)

  private static func hash(previous: [UInt8], entry: [UInt8]) -> [UInt8] {
    var hasher = SHA256()
    hasher.update(data: previous)
    hasher.update(data: entry)
    return Array(hasher.finalize())
  }

  static func head(_ database: Database) throws -> (sequence: Int64, chain: [UInt8]) {
    guard let row = try Row.fetchOne(database, sql: "SELECT id, chain FROM audit ORDER BY id DESC LIMIT 1")
    else { return (0, start) }
    let chain: Data = row["chain"]
    return (row["id"], Array(chain))
  }

  /// Appends an entry; the caller's transaction decides whether it lasts.
  @discardableResult
  static func append(
    time: Timestamp, action: AuditAction, subject: String, reason: String, actor: String,
    to database: Database, cipher: StoreCipher
  ) throws -> AuditEntry {
    let (last, lastChain) = try head(database)
    // Where entries were cut off, their gap stays: the next entry must not heal what somebody did to the log.
    let known = try? sealedHead(database, cipher: cipher)
    let cutOff = known.flatMap { $0.0 > last ? $0 : nil }
    let sequence = (cutOff?.0 ?? last) + 1
    let previous = cutOff?.1 ?? lastChain
    let record = RecordEncoder.record { encoder in
      encoder.append(sequence)
      encoder.append(time)
      encoder.append(action.rawValue)
      encoder.append(subject)
      encoder.append(reason)
      encoder.append(actor)
      encoder.append(Hexadecimal.randomBytes(16))
    }
    let chain = hash(previous: previous, entry: record)
    try database.execute(
      sql: "INSERT INTO audit (id, sealed, chain) VALUES (?, ?, ?)",
      arguments: [sequence, try cipher.seal(record, .audit, sequence), Data(chain)])
    let entry = AuditEntry(
      sequence: sequence, time: time, action: action, subject: subject, reason: reason, actor: actor,
      hash: Hexadecimal.text(chain))
    // One that was taken away is missed for good.
    guard known != nil || action == .create else { return entry }
    // The sealed copy of the head shows that entries were cut off at the end.
    let head = RecordEncoder.record { encoder in
      encoder.append(sequence)
      encoder.append(chain)
    }
    try database.execute(
      sql: """
        INSERT INTO setting (id, sealed) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed
        """,
      arguments: [StoreRows.auditHead, try cipher.seal(head, .setting, StoreRows.auditHead)])
    return entry
  }

  /// Reads and checks all entries.
  ///
  /// - Returns: the entries up to the first one that is missing, altered or not linked to the one before, and
  ///   that one's number, if any.
  static func read(_ database: Database, cipher: StoreCipher) throws -> (
    entries: [AuditEntry], broken: Int64?
  ) {
    var entries: [AuditEntry] = []
    var previous = start
    let cursor = try Row.fetchCursor(database, sql: "SELECT id, sealed, chain FROM audit ORDER BY id")
    while let row = try cursor.next() {
      let sequence: Int64 = row["id"]
      let expected = Int64(entries.count) + 1
      guard sequence == expected else { return (entries, expected) }
      let chain: Data = row["chain"]
      guard let record = try? cipher.open(row["sealed"], .audit, sequence),
        hash(previous: previous, entry: record) == Array(chain),
        let entry = try? decode(record, hash: Hexadecimal.text(chain)), entry.sequence == sequence
      else { return (entries, sequence) }
      entries.append(entry)
      previous = Array(chain)
    }
    // The first is written when the gallery is made.
    if let first = entries.first, first.action != .create { return ([], 1) }
    let count = Int64(entries.count)
    guard let head = try? sealedHead(database, cipher: cipher), head.0 == count, head.1 == previous else {
      return (entries, count + 1)
    }
    return (entries, nil)
  }

  /// - Throws: where there is none or it does not open.
  private static func sealedHead(_ database: Database, cipher: StoreCipher) throws -> (Int64, [UInt8]) {
    let sql = "SELECT sealed FROM setting WHERE id = ?"
    guard let sealed = try Data.fetchOne(database, sql: sql, arguments: [StoreRows.auditHead]) else {
      throw RecordFormatError.malformed("head")
    }
    return try RecordDecoder.record(try cipher.open(sealed, .setting, StoreRows.auditHead)) {
      (decoder) throws(RecordFormatError) in (try decoder.integer(), try decoder.blob())
    }
  }

  /// Seals all entries with another key; the chain stays.
  static func reseal(_ database: Database, from old: StoreCipher, to new: StoreCipher) throws {
    for statement in StoreSchema.dropAuditTriggers { try database.execute(sql: statement) }
    for row in try Row.fetchAll(database, sql: "SELECT id, sealed FROM audit") {
      let sequence: Int64 = row["id"]
      let record = try old.open(row["sealed"], .audit, sequence)
      try database.cachedStatement(sql: "UPDATE audit SET sealed = ? WHERE id = ?")
        .execute(arguments: [try new.seal(record, .audit, sequence), sequence])
    }
    for statement in StoreSchema.auditTriggers { try database.execute(sql: statement) }
  }

  private static func decode(_ bytes: [UInt8], hash: String) throws(RecordFormatError) -> AuditEntry {
    try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      let sequence = try decoder.integer()
      let time = try decoder.timestamp()
      guard let action = AuditAction(rawValue: try decoder.text()) else { throw .malformed("action") }
      let entry = AuditEntry(
        sequence: sequence, time: time, action: action, subject: try decoder.text(),
        reason: try decoder.text(),
        actor: try decoder.text(), hash: hash)
      _ = try decoder.blob()
      return entry
    }
  }
}
