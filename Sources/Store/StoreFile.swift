import Crypto
import Foundation
import GRDB
import Synchronization

/// What can be told about a gallery's file from its first bytes, without opening it as a database: nothing is
/// written, no journal is replayed.
struct StoreFile {
  /// The first 100 bytes of a SQLite 3 file: https://www.sqlite.org/fileformat.html, section 1.3.
  private static let headerLength = 100

  /// Looks at the file's head.
  ///
  /// - Throws: ``StoreError`` where the file is missing, no gallery, of a newer version, or shorter than it says.
  static func inspect(_ path: String) throws(StoreError) {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .missing(path: path) : .unavailable(path: path, reason: SystemCall.reason())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .notAGallery(path: path)
    }
    var header = [UInt8](repeating: 0, count: headerLength)
    let count = pread(descriptor, &header, headerLength, 0)
    guard count >= 0 else { throw .unavailable(path: path, reason: SystemCall.reason()) }
    let magic = Array("SQLite format 3\0".utf8)
    guard count == headerLength else {
      let isBeginning = count == 0 || header.prefix(min(count, 16)).elementsEqual(magic.prefix(count))
      throw isBeginning
        ? .damaged(path: path, reason: "truncated to \(count) bytes") : .notAGallery(path: path)
    }
    guard header.starts(with: magic) else { throw .notAGallery(path: path) }
    func number(at offset: Int) -> UInt32 { header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    guard number(at: 68) == UInt32(bitPattern: StoreSchema.applicationID) else {
      throw .notAGallery(path: path)
    }
    let version = Int(Int32(bitPattern: number(at: 60)))
    guard version <= StoreSchema.version else {
      throw .newerVersion(path: path, found: version, supported: StoreSchema.version)
    }
    // The versions for writing and for reading: 2 with a write-ahead log, 1 where a tool switched that off.
    guard header[18] == header[19], (1...2).contains(header[18]) else {
      throw .damaged(path: path, reason: "its header contradicts itself")
    }
    let field = Int(header[16]) << 8 | Int(header[17])
    let pageSize = field == 1 ? 65_536 : field
    let expected = Int(number(at: 28)) * pageSize
    // A journal that was not copied back yet may hold the missing pages.
    var journal = stat()
    let hasJournal = stat(path + "-wal", &journal) == 0 && journal.st_size > 0
    guard hasJournal || Int(status.st_size) >= expected else {
      throw .damaged(path: path, reason: "truncated to \(status.st_size) of \(expected) bytes")
    }
  }

  /// A process's hold on a gallery: an advisory lock on a file beside it, which the system releases when the
  /// process ends in whatever way.
  final class Lock: Sendable {
    private let path: String
    private let hold = Mutex<(descriptor: Int32?, isOver: Bool)>((nil, false))

    /// - Throws: ``StoreError/inUse(path:holder:)`` where another process, or this one, holds it;
    ///   ``StoreError/unavailable(path:reason:)`` where the lock's file cannot be made.
    init(path: String) throws(StoreError) {
      self.path = path
      try acquire()
    }

    /// A lock that ``acquire()`` may take later.
    init(untaken path: String) { self.path = path }

    /// Takes the lock, where it is not held already.
    ///
    /// - Throws: as ``init(path:)``; ``StoreError/closed(path:)`` after ``release()``.
    func acquire() throws(StoreError) {
      let outcome: Result<Void, StoreError> = hold.withLock { hold in
        guard hold.descriptor == nil else { return .success(()) }
        guard !hold.isOver else { return .failure(.closed(path: path)) }
        do throws(StoreError) {
          hold.descriptor = try Self.take(path)
          return .success(())
        } catch {
          return .failure(error)
        }
      }
      try outcome.get()
    }

    private static func take(_ path: String) throws(StoreError) -> Int32 {
      let name = path + ".lock"
      let opened = Glibc.open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard opened >= 0 else { throw .unavailable(path: name, reason: SystemCall.reason()) }
      guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(opened, &buffer, buffer.count, 0)
        close(opened)
        let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let holder = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)).map { "process \($0)" }
        throw .inUse(path: path, holder: holder ?? "another process")
      }
      // Only told to people; on a full disk the number is missing and the lock holds all the same.
      let text = Array("\(getpid())\n".utf8)
      if ftruncate(opened, 0) == 0 { _ = pwrite(opened, text, text.count, 0) }
      return opened
    }

    deinit { release() }

    /// Lets the gallery go. The file stays: removing it would let two others hold two files of one name.
    func release() {
      hold.withLock { hold in
        if let open = hold.descriptor { close(open) }
        hold = (nil, true)
      }
    }
  }

  /// The name under which a file is opened for reading only.
  ///
  /// A file with a write-ahead log needs a second file beside it even for reading. Where none can be made, on a
  /// read-only medium, and the log is empty, SQLite is told that nothing changes the file meanwhile.
  static func readingName(_ path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    guard access(folder.isEmpty ? "." : folder, W_OK) != 0 else { return path }
    var log = stat()
    if stat(path + "-wal", &log) == 0, log.st_size > 0 { return path }
    let absolute =
      (path as NSString).isAbsolutePath ? path : FileManager.default.currentDirectoryPath + "/" + path
    let allowed = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~/")
    guard let encoded = absolute.addingPercentEncoding(withAllowedCharacters: allowed) else { return path }
    return "file:\(encoded)?immutable=1"
  }

  /// One line of what SQLite's checks say, which put a heading above their findings.
  static func line(from findings: [String]) -> String {
    let lines = findings.flatMap { $0.split(separator: "\n") }
    return lines.first { !$0.hasPrefix("***") }.map(String.init) ?? "its check gave nothing"
  }

  /// Whether an error of SQLite will go away by itself once there is room, access or the lock.
  static func isPassing(_ error: any Error) -> Bool {
    if case .unavailable = error as? StoreError { return true }
    guard let error = error as? DatabaseError else { return false }
    return switch error.resultCode {
    case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_READONLY, .SQLITE_CANTOPEN,
      .SQLITE_NOMEM, .SQLITE_PERM, .SQLITE_AUTH, .SQLITE_PROTOCOL, .SQLITE_INTERRUPT, .SQLITE_ABORT:
      true
    default: false
    }
  }

  /// An error of SQLite in this module's words.
  static func describe(_ error: any Error, path: String) -> StoreError {
    if let error = error as? StoreError { return error }
    if error is CryptoKitError { return .damaged(path: path, reason: "a record does not open") }
    guard let error = error as? DatabaseError else { return .damaged(path: path, reason: "\(error)") }
    return switch error.resultCode {
    case .SQLITE_NOTADB: .damaged(path: path, reason: "no database")
    case .SQLITE_FULL: .unavailable(path: path, reason: "the disk is full")
    case .SQLITE_BUSY, .SQLITE_LOCKED: .unavailable(path: path, reason: "another program holds it")
    case .SQLITE_READONLY: .unavailable(path: path, reason: "the file or its folder is read-only")
    case .SQLITE_CANTOPEN: .unavailable(path: path, reason: "the file or its folder cannot be opened")
    case .SQLITE_IOERR: .unavailable(path: path, reason: "reading or writing failed")
    default:
      isPassing(error)
        ? .unavailable(path: path, reason: line(from: error))
        : .damaged(path: path, reason: line(from: error))
    }
  }

  /// SQLite's own words without the line ends that come from statements it cites.
  static func line(from error: DatabaseError) -> String {
    let text = error.message ?? "error \(error.resultCode.rawValue)"
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
