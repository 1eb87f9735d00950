import Foundation
import GRDB

/// The tables of a gallery's file and how older files become new ones.
///
/// Whatever is about a person lies in `sealed`, `head` and `body` columns. What remains readable without the
/// key: how many rows there are, how large they are, and which rows belong together. Rows of identities have
/// random numbers that are not the identities' numbers.
enum StoreSchema {
  /// "THRU" in ASCII.
  static let applicationID: Int32 = 0x5448_5255
  /// The format that this program writes.
  static let version = 1

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: identities, prototypes, sightings, archive, audit") { database in
      for statement in first { try database.execute(sql: statement) }
      for statement in auditTriggers { try database.execute(sql: statement) }
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
      try database.execute(sql: "PRAGMA user_version = \(version)")
    }
    return migrator
  }

  /// Finds out, before anything is written, whether the file's steps to its present form fit its version.
  static func check(_ database: Database, path: String) throws {
    if let reason = try mismatch(database) { throw StoreError.damaged(path: path, reason: reason) }
  }

  /// What does not fit between the file's steps and its version; `nil` where all does.
  static func mismatch(_ database: Database) throws -> String? {
    if try migrator.hasBeenSuperseded(database) {
      return "it went through steps that its version does not have"
    }
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard try found < version || migrator.hasCompletedMigrations(database) else {
      return "it lacks steps that its version has"
    }
    return nil
  }

  private static let first = [
    "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE setting (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    "CREATE TABLE identity (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    """
    CREATE TABLE prototype (
      id INTEGER PRIMARY KEY, identity INTEGER NOT NULL REFERENCES identity(id) ON DELETE CASCADE,
      sealed BLOB NOT NULL)
    """,
    "CREATE INDEX prototype_identity ON prototype(identity)",
    """
    CREATE TABLE sighting (
      id INTEGER PRIMARY KEY, identity INTEGER NOT NULL REFERENCES identity(id) ON DELETE CASCADE,
      sealed BLOB NOT NULL)
    """,
    "CREATE INDEX sighting_identity ON sighting(identity)",
    """
    CREATE TABLE veto (
      lower INTEGER NOT NULL REFERENCES identity(id) ON DELETE CASCADE,
      higher INTEGER NOT NULL REFERENCES identity(id) ON DELETE CASCADE,
      PRIMARY KEY (lower, higher)) WITHOUT ROWID
    """,
    "CREATE INDEX veto_higher ON veto(higher)",
    "CREATE TABLE alias (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    "CREATE TABLE correction (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL)",
    """
    CREATE TABLE crop (
      id INTEGER PRIMARY KEY, sighting INTEGER REFERENCES sighting(id) ON DELETE CASCADE,
      prototype INTEGER REFERENCES prototype(id) ON DELETE CASCADE,
      head BLOB NOT NULL, body BLOB NOT NULL, CHECK ((sighting IS NULL) <> (prototype IS NULL)))
    """,
    "CREATE INDEX crop_sighting ON crop(sighting)",
    "CREATE INDEX crop_prototype ON crop(prototype)",
    "CREATE TABLE event (id INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE recording (id INTEGER PRIMARY KEY, head BLOB NOT NULL)",
    """
    CREATE TABLE aggregate (
      hour INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (hour, name)) WITHOUT ROWID
    """,
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL, chain BLOB NOT NULL)",
  ]

  static let auditTriggers = [
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
      SELECT RAISE(ABORT, 'the audit log is append-only');
    END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
      SELECT RAISE(ABORT, 'the audit log is append-only');
    END
    """,
  ]

  static let auditTriggerNames = ["audit_no_update", "audit_no_delete"]
  static let dropAuditTriggers = auditTriggerNames.map { "DROP TRIGGER IF EXISTS \($0)" }

  /// What every connection needs. `secure_delete` overwrites what is deleted; temporary tables stay in memory
  /// so that no second file is written; `cell_size_check` finds damaged pages early.
  static func configuration(readOnly: Bool, busyTimeout: Double = 1) -> GRDB.Configuration {
    var configuration = GRDB.Configuration()
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = true
    configuration.maximumReaderCount = 2
    configuration.busyMode = .timeout(busyTimeout)
    configuration.label = "throughline.gallery"
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA temp_store = MEMORY")
      try database.execute(sql: "PRAGMA cell_size_check = ON")
      try database.execute(sql: "PRAGMA trusted_schema = OFF")
      if !readOnly {
        try database.execute(sql: "PRAGMA secure_delete = ON")
        // A batch of half a second is worth one wait for the disk: committed means committed.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
      }
    }
    return configuration
  }
}
