import Foundation

/// The file that holds a gallery's key: one line of text, mode 0600.
///
/// Whoever reads the file can read the gallery, so keep it on another medium than the backups. A file that
/// group or others may touch is refused.
public enum GalleryKeyFile {
  private static let prefix = "throughline-gallery-key-1:"

  /// Creates a file with a new random key; an existing file is never overwritten.
  ///
  /// - Throws: ``StoreError/key(path:reason:)``.
  @discardableResult
  public static func create(at path: String) throws(StoreError) -> GalleryKey {
    let key = GalleryKey.random()
    try write(key, to: path)
    return key
  }

  /// Reads a key file.
  ///
  /// - Throws: ``StoreError/key(path:reason:)`` where the file is missing, open to others, or no key.
  public static func read(at path: String) throws(StoreError) -> GalleryKey {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT
        ? .key(
          path: path, reason: "the key file is missing; restore it from its backup")
        : .key(
          path: path, reason: "the key file cannot be read (\(SystemCall.reason())); check its owner and mode"
        )
    }
    defer { close(descriptor) }
    // The open descriptor is asked, not the path: the answer is about the bytes that are read.
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .key(path: path, reason: "the key file is no ordinary file; give the path of one")
    }
    guard status.st_mode & 0o077 == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw .key(
        path: path,
        reason:
          "the key file is open to others (mode \(mode)); run 'chmod 600 \(path)' and then rotate the key")
    }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    let line = text.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    guard line.hasPrefix(prefix), let bytes = Hexadecimal.bytes(String(line.dropFirst(prefix.count))),
      let key = GalleryKey(bytes: bytes)
    else { throw .key(path: path, reason: "the file holds no gallery key; restore it from its backup") }
    return key
  }

  /// Writes a key into a new file and waits until it is on the disk.
  static func write(_ key: GalleryKey, to path: String) throws(StoreError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw errno == EEXIST
        ? .key(path: path, reason: "the file exists already; name another one, or move it away")
        : .key(
          path: path, reason: "the key file cannot be created (\(SystemCall.reason())); check its folder")
    }
    defer { close(descriptor) }
    let line = key.secret.withUnsafeBytes { prefix + Hexadecimal.text($0) + "\n" }
    let bytes = Array(line.utf8)
    // The mode given to open is subject to the umask only in the other direction; set it all the same.
    guard fchmod(descriptor, 0o600) == 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
      fsync(descriptor) == 0
    else {
      let reason = SystemCall.reason()
      unlink(path)
      throw .key(path: path, reason: "the key file cannot be written (\(reason)); make room and try again")
    }
    SystemCall.synchronizeFolder(of: path)
  }
}

/// The few system calls that the store needs beside SQLite.
enum SystemCall {
  /// What `errno` means.
  static func reason(_ number: Int32 = errno) -> String { String(cString: strerror(number)) }

  /// Makes a created, renamed or removed name in a folder lasting.
  static func synchronizeFolder(of path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
