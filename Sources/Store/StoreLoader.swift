import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// What a file holds, opened.
struct StoreImage: Sendable {
  var contents: GalleryContents
  var archive: StoreArchive
  var rows: StoreRows
}

/// What a file says about itself without its key.
struct StoreMeta: Sendable {
  var keyIdentifier: String
  /// `key`, or what ``PassphraseParameters`` make of a passphrase.
  var protection: String
  var salt: [UInt8]

  /// - Throws: ``StoreError/damaged(path:reason:)`` where an entry is missing.
  static func read(_ database: Database, path: String) throws -> StoreMeta {
    func entry(_ name: String) throws -> String {
      let sql = "SELECT value FROM meta WHERE name = ?"
      guard let text = try String.fetchOne(database, sql: sql, arguments: [name]) else {
        throw StoreError.damaged(path: path, reason: "its entry '\(name)' is missing")
      }
      return text
    }
    guard let salt = Hexadecimal.bytes(try entry("salt")) else {
      throw StoreError.damaged(path: path, reason: "its entry 'salt' is no number")
    }
    return StoreMeta(
      keyIdentifier: try entry("key"), protection: try entry("protection"), salt: salt)
  }

  func write(to database: Database) throws {
    for (name, value) in [
      ("key", keyIdentifier), ("protection", protection), ("salt", Hexadecimal.text(salt)),
    ] {
      try database.execute(
        sql:
          "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        arguments: [name, value])
    }
  }

  /// The key for this file from what the caller gave.
  func key(from credential: GalleryCredential, path: String) throws(StoreError) -> GalleryKey {
    switch credential {
    case .key(let key):
      try check(key, path: path)
      return key
    case .file(let file):
      guard protection == "key" else { throw .otherProtection(path: path, expected: "a passphrase") }
      return try GalleryKeyFile.read(at: file, fitting: keyIdentifier, gallery: path)
    case .passphrase(let words, _):
      guard let parameters = PassphraseParameters(text: protection) else {
        throw .otherProtection(path: path, expected: "a key file")
      }
      let key = try GalleryKey(passphrase: words, parameters: parameters)
      guard key.identifier == keyIdentifier else { throw .wrongPassphrase(path: path) }
      return key
    }
  }

  private func check(_ key: GalleryKey, path: String) throws(StoreError) {
    guard key.identifier == keyIdentifier else {
      throw .wrongKey(path: path, expected: keyIdentifier, found: key.identifier)
    }
  }
}

extension GalleryKeyFile {
  /// Where a rotation puts the new key until the gallery has it.
  static func successor(of path: String) -> String { path + ".next" }

  /// Reads the key that fits a gallery. After a rotation that was cut short between the gallery and the key
  /// file, that is the one in the successor file, which then takes the key file's place.
  static func read(
    at path: String, fitting identifier: String, gallery: String
  ) throws(StoreError) -> GalleryKey {
    let key: GalleryKey
    do {
      key = try read(at: path)
    } catch {
      guard let next = try? read(at: successor(of: path)), next.identifier == identifier else { throw error }
      rename(successor(of: path), path)
      return next
    }
    if key.identifier == identifier { return key }
    guard let next = try? read(at: successor(of: path)), next.identifier == identifier else {
      throw .wrongKey(path: gallery, expected: identifier, found: key.identifier)
    }
    rename(successor(of: path), path)
    SystemCall.synchronizeFolder(of: path)
    return next
  }
}

/// Reads a whole file into memory; the first record that does not open ends it.
struct StoreLoader {
  let path: String
  let cipher: StoreCipher

  /// Must run inside one transaction, so that all tables are of one moment.
  func load(_ database: Database) throws -> StoreImage {
    var rows = StoreRows()
    var records: [IdentityID: GalleryIdentity] = [:]
    var numbers: [Int64: IdentityID] = [:]
    try each("SELECT id, sealed FROM identity", .identity, in: database) { row, bytes, _ in
      let identity = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
        try decoder.identity()
      }
      rows.note(identity: identity.id, row: row)
      numbers[row] = identity.id
      records[identity.id] = GalleryIdentity(identity: identity)
    }
    try each("SELECT id, sealed, identity FROM prototype ORDER BY id", .prototype, in: database) {
      row, bytes, found in
      let id = PrototypeID(UInt64(bitPattern: row))
      let (owner, prototype) = try cipher.prototype(from: bytes, id: id)
      guard numbers[found["identity"]] == owner else { throw RecordFormatError.malformed("owner") }
      records[owner]?.prototypes.append(prototype)
    }
    try each("SELECT id, sealed, identity FROM sighting ORDER BY id", .sighting, in: database) {
      row, bytes, found in
      let id = SightingID(UInt64(bitPattern: row))
      let sighting = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
        try decoder.sighting(id: id)
      }
      guard numbers[found["identity"]] == sighting.sighting.identity else {
        throw RecordFormatError.malformed("owner")
      }
      records[sighting.sighting.identity]?.sightings.append(sighting)
    }
    var vetoes: [IdentityPair] = []
    for found in try Row.fetchAll(database, sql: "SELECT lower, higher FROM veto") {
      guard let lower = numbers[found["lower"]], let higher = numbers[found["higher"]],
        let pair = IdentityPair(lower, higher)
      else { throw damaged("veto", nil, RecordFormatError.malformed("pair")) }
      vetoes.append(pair)
    }
    let memories = try loadMemories(database, rows: &rows)
    let state = memories.state
    let contents = GalleryContents(
      network: state?.network, identities: Array(records.values), vetoes: vetoes, aliases: memories.aliases,
      corrections: memories.corrections, learnedState: memories.settings,
      lastTrackNumbers: state?.lastTrackNumbers ?? [:], nextIdentity: state?.nextIdentity ?? IdentityID(1),
      nextPrototype: state?.nextPrototype ?? PrototypeID(1),
      nextSighting: state?.nextSighting ?? SightingID(1),
      nextCorrection: state?.nextCorrection ?? CorrectionID(1))
    return StoreImage(contents: contents, archive: try loadArchive(database), rows: rows)
  }

  private struct Memories {
    var state: GalleryState?
    var settings: [String: Data] = [:]
    var aliases: [IdentityID: IdentityID] = [:]
    var corrections: [GalleryCorrection] = []
  }

  private func loadMemories(_ database: Database, rows: inout StoreRows) throws -> Memories {
    var memories = Memories()
    var noted = rows
    try each("SELECT id, sealed FROM setting", .setting, in: database) { row, bytes, _ in
      if row == StoreRows.state {
        memories.state = try GalleryState(decoding: bytes)
      } else if row != StoreRows.auditHead {
        let (name, value) = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
          (try decoder.text(), try decoder.blob())
        }
        noted.note(setting: name, row: row)
        memories.settings[name] = Data(value)
      }
    }
    try each("SELECT id, sealed FROM alias", .alias, in: database) { row, bytes, _ in
      let (from, into) = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
        (try decoder.identityID(), try decoder.identityID())
      }
      noted.note(alias: from, row: row)
      memories.aliases[from] = into
    }
    try each("SELECT id, sealed FROM correction ORDER BY id", .correction, in: database) { _, bytes, _ in
      memories.corrections.append(
        try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in try decoder.correction() })
    }
    rows = noted
    return memories
  }

  private func loadArchive(_ database: Database) throws -> StoreArchive {
    var crops: [ArchiveID: StoredCrop] = [:]
    var events: [ArchiveID: StoredEvent] = [:]
    var recordings: [ArchiveID: StoredRecording] = [:]
    try each("SELECT id, head AS sealed, sighting, prototype FROM crop", .cropHead, in: database) {
      row, bytes, found in
      let crop = try StoredCrop.decode(head: bytes)
      let sighting: Int64? = found["sighting"]
      let prototype: Int64? = found["prototype"]
      let owner: CropOwner? =
        sighting.map { .sighting(SightingID(UInt64(bitPattern: $0))) }
        ?? prototype.map { .prototype(PrototypeID(UInt64(bitPattern: $0))) }
      guard crop.owner == owner else { throw RecordFormatError.malformed("owner") }
      crops[ArchiveID(row)] = crop
    }
    try each("SELECT id, head AS sealed FROM event", .eventHead, in: database) { row, bytes, _ in
      events[ArchiveID(row)] = try StoredEvent.decode(head: bytes)
    }
    try each("SELECT id, head AS sealed FROM recording", .recording, in: database) { row, bytes, _ in
      recordings[ArchiveID(row)] = try StoredRecording.decode(head: bytes)
    }
    return StoreArchive(crops: crops, events: events, recordings: recordings)
  }

  /// Opens every row of a query that gives `id` and `sealed`.
  private func each(
    _ sql: String, _ kind: RecordSealer.Kind, in database: Database,
    _ body: (Int64, [UInt8], Row) throws -> Void
  ) throws {
    let cursor = try Row.fetchCursor(database, sql: sql)
    while let found = try cursor.next() {
      let row: Int64 = found["id"]
      do {
        try body(row, try cipher.open(found["sealed"], kind, row), found)
      } catch let error as DatabaseError {
        throw error
      } catch {
        throw damaged(kind.rawValue, row, error)
      }
    }
  }

  private func damaged(_ what: String, _ row: Int64?, _ error: any Error) -> StoreError {
    let place = row.map { "\(what) record \($0)" } ?? "\(what) record"
    return .damaged(path: path, reason: "\(place) does not open")
  }
}
