import Crypto
import Foundation

/// Hashes and listings of files.
enum FileTools {
  /// The SHA-256 of a file's content in lower-case hexadecimal digits.
  static func sha256(ofFile path: String) throws(ModelStoreError) -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw .fileSystem(path: path, reason: "cannot be read")
    }
    defer { try? handle.close() }
    var hash = SHA256()
    do {
      while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty { hash.update(data: part) }
    } catch {
      throw .fileSystem(path: path, reason: "cannot be read to its end")
    }
    return hash.finalize().map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// Checks a file against its entry.
  static func check(_ path: String, against file: ModelFile) throws(ModelStoreError) {
    let found = try sha256(ofFile: path)
    guard found == file.sha256 else { throw .wrongHash(file: path, expected: file.sha256, found: found) }
  }

  /// The length of a file, or `nil` where it cannot be asked for.
  static func byteCount(ofFile path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.size].flatMap { ($0 as? NSNumber)?.intValue }
  }

  /// The plain files below a folder, deepest folders last; at most 2,000 files, three folders deep.
  static func files(below folder: String, depth: Int = 3) -> [String] {
    var result: [String] = []
    var folders = [(path: folder, depth: depth)]
    while !folders.isEmpty, result.count < 2000 {
      let (path, depth) = folders.removeFirst()
      for name in ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() {
        let child = path + "/" + name
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: child, isDirectory: &isDirectory) else { continue }
        if !isDirectory.boolValue {
          result.append(child)
        } else if depth > 1 {
          folders.append((child, depth - 1))
        }
      }
    }
    return result
  }

  /// The sum of the lengths of all files below a folder.
  static func byteCount(below folder: String) -> Int {
    files(below: folder, depth: 6).reduce(0) { $0 + (byteCount(ofFile: $1) ?? 0) }
  }

  /// Runs a step of the file system and says which path it failed on.
  static func attempt<Result>(_ path: String, _ step: () throws -> Result) throws(ModelStoreError) -> Result {
    do {
      return try step()
    } catch {
      throw .fileSystem(path: path, reason: reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let cause = (error.userInfo[NSUnderlyingErrorKey] as? NSError) ?? error
    if cause.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(cause.code))) }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileWriteNoPermission, .fileReadNoPermission: return "permission denied"
    case .fileWriteOutOfSpace: return "no space left on the device"
    case .fileNoSuchFile, .fileReadNoSuchFile: return "no such file or folder"
    case .fileWriteVolumeReadOnly: return "the file system is read-only"
    default: return "cannot be written (error \(error.code))"
    }
  }
}

/// An exclusive lock between processes, held until the object goes away or the process ends.
final class FileLock {
  private let descriptor: Int32

  /// Waits for the lock.
  ///
  /// - Parameters:
  ///   - path: a file that exists for the lock alone; it is made where it is missing, and stays.
  ///   - onWait: called once where another process holds the lock.
  init(path: String, onWait: () -> Void) throws(ModelStoreError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .fileSystem(path: path, reason: String(cString: strerror(errno))) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    onWait()
    while flock(descriptor, LOCK_EX) != 0 {
      let number = errno
      guard number == EINTR else {
        close(descriptor)
        throw .fileSystem(path: path, reason: String(cString: strerror(number)))
      }
    }
  }

  deinit { close(descriptor) }
}
