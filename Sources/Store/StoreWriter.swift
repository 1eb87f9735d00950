import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// Writes batches into the file; knows which row of the file holds which record.
struct StoreWriter: Sendable {
  let path: String
  private(set) var cipher: StoreCipher
  private(set) var rows: StoreRows
  /// `nil` while the file cannot be opened for writing.
  private(set) var database: DatabasePool?
  private var file: FileNumber?
  private let lock: StoreFile.Lock
  /// The file as it was read, where it could not be held from then on.
  private let unheld: FileState?
  /// Whether the log may still hold what was deleted since it was last emptied.
  private var hasDeleted = false
  private var latestCheckpoint = DispatchTime.now()

  /// - Parameter unheld: the file as it was read, where the lock is not held yet.
  init(path: String, cipher: StoreCipher, rows: StoreRows, lock: StoreFile.Lock, unheld: FileState? = nil) {
    self.path = path
    self.lock = lock
    self.unheld = unheld
    self.cipher = cipher
    self.rows = rows
  }

  /// The connection; opened anew where there is none.
  ///
  /// - Throws: `DatabaseError`, or ``StoreError/damaged(path:reason:)`` where the file was moved or replaced:
  ///   what would be written then could never be found again.
  mutating func connection() throws -> DatabasePool {
    let current = FileNumber(path: path)
    if let database {
      guard current == file else {
        throw StoreError.damaged(path: path, reason: "moved, removed or replaced")
      }
      return database
    }
    try lock.acquire()
    // Who had it meanwhile has changed what this one knows nothing of.
    if let unheld, file == nil, FileState(path: path) != unheld {
      throw StoreError.damaged(path: path, reason: "changed by another program")
    }
    try StoreFile.inspect(path)
    guard file == nil || current == file else {
      throw StoreError.damaged(path: path, reason: "moved, removed or replaced")
    }
    let pool = try DatabasePool(path: path, configuration: StoreSchema.configuration(readOnly: false))
    try StoreSchema.migrator.migrate(pool)
    database = pool
    file = current
    return pool
  }

  mutating func disconnect() throws {
    try database?.close()
    database = nil
  }

  /// Writes a batch in one transaction: all of it, or nothing.
  ///
  /// - Parameter also: more to be done in the same transaction.
  mutating func write(_ batch: StoreBatch, also: (Database, StoreCipher) throws -> Void = { _, _ in }) throws
  {
    let connection = try connection()
    let (rows, cipher) = (rows, cipher)
    self.rows = try connection.write { database in
      var changed = rows
      try changed.write(batch, to: database, cipher: cipher)
      try also(database, cipher)
      return changed
    }
    hasDeleted = hasDeleted || batch.deletes
  }

  /// Empties the log once a minute where something was deleted: what a person's retention time ended must not
  /// live on in it.
  mutating func checkpointWhenDue() {
    let now = DispatchTime.now()
    guard hasDeleted, now.uptimeNanoseconds - latestCheckpoint.uptimeNanoseconds > 60_000_000_000 else {
      return
    }
    latestCheckpoint = now
    guard let database else { return }
    try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum") }
    if (try? checkpoint()) == true { hasDeleted = false }
  }

  /// Seals with another key from now on; the file was sealed with it already.
  mutating func adopt(_ cipher: StoreCipher) { self.cipher = cipher }
}

/// Which file a path leads to.
struct FileNumber: Hashable, Sendable {
  private let device: UInt64
  private let node: UInt64

  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    node = UInt64(status.st_ino)
  }
}

/// What shows that a file was written: its size and the time of the last change, and those of its write-ahead log.
struct FileState: Hashable, Sendable {
  private let numbers: [Int]

  init(path: String) {
    numbers = ["", "-wal"].flatMap { suffix -> [Int] in
      var status = stat()
      guard stat(path + suffix, &status) == 0, status.st_size > 0 else { return [0] }
      return [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
  }
}

/// Which row of the file holds which record, for records whose row has another number than they have.
struct StoreRows: Sendable {
  /// The row that holds the ``GalleryState``.
  static let state: Int64 = 1
  /// The row that holds the audit log's ``AuditHead``.
  static let auditHead: Int64 = 0

  private(set) var identities: [IdentityID: Int64] = [:]
  private(set) var aliases: [IdentityID: Int64] = [:]
  private(set) var settings: [String: Int64] = [:]
  private var nextAlias: Int64 = 1
  private var nextSetting: Int64 = 2

  mutating func note(identity: IdentityID, row: Int64) { identities[identity] = row }

  mutating func note(alias: IdentityID, row: Int64) {
    aliases[alias] = row
    nextAlias = max(nextAlias, row < .max ? row + 1 : row)
  }

  mutating func note(setting: String, row: Int64) {
    settings[setting] = row
    nextSetting = max(nextSetting, row < .max ? row + 1 : row)
  }

  /// Rows of identities have random numbers: the file shall not tell who came first.
  private mutating func row(for identity: IdentityID) -> Int64 {
    if let row = identities[identity] { return row }
    let row = Int64.random(in: 1...(1 << 62))
    identities[identity] = row
    return row
  }

  mutating func write(_ batch: StoreBatch, to database: Database, cipher: StoreCipher) throws {
    try writeIdentities(batch, to: database, cipher: cipher)
    try writeRecords(batch, to: database, cipher: cipher)
    for (id, identity) in batch.identities where identity == nil {
      guard let row = identities.removeValue(forKey: id) else { continue }
      try database.cachedStatement(sql: "DELETE FROM identity WHERE id = ?").execute(arguments: [row])
    }
    try writeVetoes(batch, to: database)
    try writeMemories(batch, to: database, cipher: cipher)
    try writeArchive(batch, to: database, cipher: cipher)
  }

  private mutating func writeIdentities(
    _ batch: StoreBatch, to database: Database, cipher: StoreCipher
  ) throws {
    let upsert = try database.cachedStatement(
      sql: """
        INSERT INTO identity (id, sealed) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed
        """)
    for case (let id, let identity?) in batch.identities {
      let row = row(for: id)
      let record = RecordEncoder.record { $0.append(identity) }
      try upsert.execute(arguments: [row, try cipher.seal(record, .identity, row)])
    }
  }

  private func writeRecords(_ batch: StoreBatch, to database: Database, cipher: StoreCipher) throws {
    for (table, kind) in [("prototype", RecordSealer.Kind.prototype), ("sighting", .sighting)] {
      let upsert = try database.cachedStatement(
        sql: """
          INSERT INTO \(table) (id, identity, sealed) VALUES (?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, sealed = excluded.sealed
          """)
      let delete = try database.cachedStatement(sql: "DELETE FROM \(table) WHERE id = ?")
      func put(_ number: UInt64, owner: IdentityID, record: [UInt8]) throws {
        guard let owner = identities[owner] else { return }
        let row = Int64(bitPattern: number)
        try upsert.execute(arguments: [row, owner, try cipher.seal(record, kind, row)])
      }
      if kind == .prototype {
        for (id, found) in batch.prototypes {
          if let (owner, prototype) = found {
            try put(id.rawValue, owner: owner, record: try cipher.record(of: prototype, identity: owner))
          } else {
            try delete.execute(arguments: [Int64(bitPattern: id.rawValue)])
          }
        }
      } else {
        for (id, sighting) in batch.sightings {
          if let sighting {
            let record = RecordEncoder.record { $0.append(sighting) }
            try put(id.rawValue, owner: sighting.sighting.identity, record: record)
          } else {
            try delete.execute(arguments: [Int64(bitPattern: id.rawValue)])
          }
        }
      }
    }
  }

  private func writeVetoes(_ batch: StoreBatch, to database: Database) throws {
    let insert = try database.cachedStatement(
      sql: "INSERT INTO veto (lower, higher) VALUES (?, ?) ON CONFLICT DO NOTHING")
    let delete = try database.cachedStatement(sql: "DELETE FROM veto WHERE lower = ? AND higher = ?")
    for (pair, holds) in batch.vetoes {
      // A veto of an identity that is gone went with its row.
      guard let lower = identities[pair.lower], let higher = identities[pair.higher] else { continue }
      try (holds ? insert : delete).execute(arguments: [lower, higher])
    }
  }

  private mutating func writeMemories(
    _ batch: StoreBatch, to database: Database, cipher: StoreCipher
  ) throws {
    func put(_ table: String, _ row: Int64, _ record: [UInt8], _ kind: RecordSealer.Kind) throws {
      try database.cachedStatement(
        sql: """
          INSERT INTO \(table) (id, sealed) VALUES (?, ?)
          ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed
          """
      ).execute(arguments: [row, try cipher.seal(record, kind, row)])
    }
    func delete(_ table: String, _ row: Int64) throws {
      try database.cachedStatement(sql: "DELETE FROM \(table) WHERE id = ?").execute(arguments: [row])
    }
    if let state = batch.state { try put("setting", Self.state, state.record, .setting) }
    for (name, value) in batch.settings {
      if let value {
        let row = settings[name] ?? nextSetting
        note(setting: name, row: row)
        let record = RecordEncoder.record {
          $0.append(name)
          $0.append(Array(value))
        }
        try put("setting", row, record, .setting)
      } else if let row = settings.removeValue(forKey: name) {
        try delete("setting", row)
      }
    }
    for (from, into) in batch.aliases {
      if let into {
        let row = aliases[from] ?? nextAlias
        note(alias: from, row: row)
        let record = RecordEncoder.record {
          $0.append(from)
          $0.append(into)
        }
        try put("alias", row, record, .alias)
      } else if let row = aliases.removeValue(forKey: from) {
        try delete("alias", row)
      }
    }
    for (id, correction) in batch.corrections {
      let row = Int64(bitPattern: id.rawValue)
      if let correction {
        try put("correction", row, RecordEncoder.record { $0.append(correction) }, .correction)
      } else {
        try delete("correction", row)
      }
    }
  }

  private func writeArchive(_ batch: StoreBatch, to database: Database, cipher: StoreCipher) throws {
    for (id, crop) in batch.crops {
      try database.cachedStatement(sql: "DELETE FROM crop WHERE id = ?").execute(arguments: [id.rawValue])
      guard let crop else { continue }
      let head = try cipher.seal(crop.head, .cropHead, id.rawValue)
      let body = try cipher.seal(crop.image, .cropBody, id.rawValue)
      let (sighting, prototype): (UInt64?, UInt64?) =
        switch crop.owner {
        case .sighting(let owner): (owner.rawValue, nil)
        case .prototype(let owner): (nil, owner.rawValue)
        }
      try database.cachedStatement(
        sql: "INSERT INTO crop (id, sighting, prototype, head, body) VALUES (?, ?, ?, ?, ?)"
      ).execute(arguments: [
        id.rawValue, sighting.map { Int64(bitPattern: $0) }, prototype.map { Int64(bitPattern: $0) }, head,
        body,
      ])
    }
    for (id, event) in batch.events {
      try database.cachedStatement(sql: "DELETE FROM event WHERE id = ?").execute(arguments: [id.rawValue])
      guard let event else { continue }
      try database.cachedStatement(sql: "INSERT INTO event (id, head, body) VALUES (?, ?, ?)").execute(
        arguments: [
          id.rawValue, try cipher.seal(event.head, .eventHead, id.rawValue),
          try cipher.seal(event.body, .eventBody, id.rawValue),
        ])
    }
    for (id, recording) in batch.recordings {
      try database.cachedStatement(sql: "DELETE FROM recording WHERE id = ?").execute(arguments: [id.rawValue]
      )
      guard let recording else { continue }
      try database.cachedStatement(sql: "INSERT INTO recording (id, head) VALUES (?, ?)").execute(arguments: [
        id.rawValue, try cipher.seal(recording.head, .recording, id.rawValue),
      ])
    }
    for (key, count) in batch.counts {
      try database.cachedStatement(
        sql: """
          INSERT INTO aggregate (hour, name, count) VALUES (?, ?, ?)
          ON CONFLICT (hour, name) DO UPDATE SET count = count + excluded.count
          """
      ).execute(arguments: [key.hour, key.name, count])
    }
  }
}
