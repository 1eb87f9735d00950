import Foundation
import GRDB
import Gallery
import ThroughlineCore

extension GalleryStore {
  /// Seals the gallery with a new key and rotates its embeddings anew, in one transaction.
  ///
  /// Readers go on meanwhile and see the file as it was; `append` goes on and its changes are written
  /// afterwards. A kill at any moment leaves either the old or the new state, and a key file that fits.
  ///
  /// - Parameter credential: `.file` with the path of the present key file puts a new random key into it; with
  ///   another path that one is read, or created where it is missing. `.passphrase` gets a new salt.
  /// - Throws: ``StoreError``; the old key holds then.
  public func rotateKey(
    to credential: GalleryCredential, reason: String, actor: String
  ) throws(StoreError) {
    try requireOpen()
    let time = options.now()
    try exclusively { (writer) throws(StoreError) -> Void in
      try writePending(&writer)
      let plan = try KeyPlan(credential, current: writer.cipher.key)
      do throws(StoreError) {
        let old = writer.cipher
        let new = StoreCipher(key: plan.key, salt: Hexadecimal.randomBytes(16))
        readers.withLock { $0.ciphers[plan.key.identifier] = new }
        let meta = StoreMeta(
          keyIdentifier: plan.key.identifier, protection: plan.protection, salt: new.salt)
        try transaction(in: &writer) { database, _ in
          try Resealing(database: database, old: old, new: new).run()
          try meta.write(to: database)
          try AuditLog.append(
            time: time, action: .rotateKey, subject: "\(old.key.identifier) to \(plan.key.identifier)",
            reason: reason, actor: actor, to: database, cipher: new)
        }
        writer.adopt(new)
      } catch {
        plan.abandon()
        throw error
      }
      try plan.finish()
      // What the old key had sealed lies in free pages and the log; the rotation holds without this too.
      _ = try? writer.compact()
    }
  }
}

/// The new key and what becomes of the key file.
private struct KeyPlan {
  let key: GalleryKey
  var protection = "key"
  /// The key file whose place the successor takes.
  private var replaced: String?
  private var created: String?

  init(_ credential: GalleryCredential, current: GalleryKey) throws(StoreError) {
    switch credential {
    case .key(let given): key = given
    case .passphrase(let words, let costExponent):
      try GalleryKey.requireStrength(words)
      let parameters = PassphraseParameters.random(costExponent: costExponent)
      key = try GalleryKey(passphrase: words, parameters: parameters)
      protection = parameters.text
    case .file(let path):
      guard FileNumber(path: path) != nil else {
        key = try GalleryKeyFile.create(at: path)
        created = path
        return
      }
      let present = try GalleryKeyFile.read(at: path)
      guard present.identifier == current.identifier else {
        key = present
        return
      }
      let successor = GalleryKeyFile.successor(of: path)
      // One that was left behind fits nothing: the gallery has just been opened with the file itself.
      unlink(successor)
      key = try GalleryKeyFile.create(at: successor)
      replaced = path
    }
  }

  func abandon() {
    if let created { unlink(created) }
    if let replaced { unlink(GalleryKeyFile.successor(of: replaced)) }
  }

  func finish() throws(StoreError) {
    guard let replaced else { return }
    guard rename(GalleryKeyFile.successor(of: replaced), replaced) == 0 else {
      throw .key(
        path: replaced,
        reason:
          "the new key is in \(GalleryKeyFile.successor(of: replaced)) (\(SystemCall.reason())); move it here"
      )
    }
    SystemCall.synchronizeFolder(of: replaced)
  }
}

/// Opens every record with one key and seals it with another.
private struct Resealing {
  let database: Database
  let old: StoreCipher
  let new: StoreCipher

  func run() throws {
    for (table, column, kind) in [
      ("setting", "sealed", RecordSealer.Kind.setting), ("identity", "sealed", .identity),
      ("sighting", "sealed", .sighting), ("alias", "sealed", .alias), ("correction", "sealed", .correction),
      ("crop", "head", .cropHead), ("crop", "body", .cropBody), ("event", "head", .eventHead),
      ("event", "body", .eventBody), ("recording", "head", .recording),
    ] {
      try reseal(table, column, kind) { _, record in record }
    }
    try reseal("prototype", "sealed", .prototype) { row, record in
      let (owner, prototype) = try old.prototype(from: record, id: PrototypeID(UInt64(bitPattern: row)))
      return try new.record(of: prototype, identity: owner)
    }
    try AuditLog.reseal(database, from: old, to: new)
  }

  private func reseal(
    _ table: String, _ column: String, _ kind: RecordSealer.Kind,
    _ change: (Int64, [UInt8]) throws -> [UInt8]
  ) throws {
    let next = try database.cachedStatement(
      sql: "SELECT id, \(column) AS sealed FROM \(table) WHERE id > ? ORDER BY id LIMIT 500")
    let update = try database.cachedStatement(sql: "UPDATE \(table) SET \(column) = ? WHERE id = ?")
    var last = Int64.min
    while true {
      // A few at a time: all crops together may be larger than the memory.
      let rows = try Row.fetchAll(next, arguments: [last])
      for found in rows {
        let row: Int64 = found["id"]
        let record = try change(row, try old.open(found["sealed"], kind, row))
        try update.execute(arguments: [try new.seal(record, kind, row), row])
        last = row
      }
      if rows.isEmpty { return }
    }
  }
}
