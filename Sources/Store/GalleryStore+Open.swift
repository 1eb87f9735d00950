import Foundation
import GRDB
import Gallery
import ThroughlineCore

extension GalleryStore {
  /// Reads and checks a file without writing to it.
  static func load(
    path: String, credential: GalleryCredential
  ) throws(StoreError) -> (StoreImage, StoreCipher) {
    try unsealing(path: path, credential: credential) { database, cipher in
      let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(1)")
      guard findings == ["ok"] else {
        throw StoreError.damaged(path: path, reason: StoreFile.line(from: findings))
      }
      try StoreSchema.check(database, path: path)
      return (try StoreLoader(path: path, cipher: cipher).load(database), cipher)
    }
  }

  /// Makes an empty gallery under another name and gives it its own when it is whole, so that a kill never
  /// leaves half a file.
  static func create(at path: String, credential: GalleryCredential, now: Timestamp) throws(StoreError) {
    var protection = "key"
    let key: GalleryKey
    switch credential {
    case .key(let given): key = given
    case .file(let file):
      key =
        FileNumber(path: file) == nil
        ? try GalleryKeyFile.create(at: file) : try GalleryKeyFile.read(at: file)
    case .passphrase(let words, let costExponent):
      try GalleryKey.requireStrength(words)
      let parameters = PassphraseParameters.random(costExponent: costExponent)
      protection = parameters.text
      key = try GalleryKey(passphrase: words, parameters: parameters)
    }
    let meta = StoreMeta(
      keyIdentifier: key.identifier, protection: protection, salt: Hexadecimal.randomBytes(16))
    let cipher = StoreCipher(key: key, salt: meta.salt)
    let temporary = path + ".new"
    for suffix in ["", "-journal", "-wal", "-shm"] { unlink(temporary + suffix) }
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .unavailable(path: path, reason: SystemCall.reason()) }
    Glibc.close(descriptor)
    do {
      let queue = try DatabaseQueue(
        path: temporary, configuration: StoreSchema.configuration(readOnly: false))
      try queue.writeWithoutTransaction { database in
        // A sealed embedding of 512 elements takes 2.2 kB: three to a page rather than one.
        try database.execute(sql: "PRAGMA page_size = 8192")
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      }
      try StoreSchema.migrator.migrate(queue)
      try queue.write { database in
        try meta.write(to: database)
        try AuditLog.append(
          time: now, action: .create, subject: "gallery", reason: "", actor: "throughline", to: database,
          cipher: cipher)
      }
      try queue.writeWithoutTransaction { database in
        try database.execute(sql: "PRAGMA journal_mode = WAL")
      }
      try queue.close()
    } catch {
      unlink(temporary)
      throw StoreFile.describe(error, path: path)
    }
    guard rename(temporary, path) == 0 else {
      let reason = SystemCall.reason()
      unlink(temporary)
      throw .unavailable(path: path, reason: reason)
    }
    SystemCall.synchronizeFolder(of: path)
  }
}

extension StoreWriter {
  /// Copies the journal into the file and empties it.
  ///
  /// - Returns: whether the journal is empty; it is not while somebody reads from it.
  @discardableResult
  mutating func checkpoint() throws -> Bool {
    guard let database else { return false }
    do {
      _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
      return true
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      return false
    }
  }
}
