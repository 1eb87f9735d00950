import Foundation

/// A socket in a folder, for two processes of one user: one line each way, then it is closed.
///
/// Only its owner may connect: the file has mode 0600.
enum LocalSocket {
  /// More than a search with many looks, or its answer with many persons, takes.
  private static let maximumBytes = 32 << 20

  /// Listens at a path; a file that a killed process has left there is replaced.
  ///
  /// - Returns: `nil` where the place does not allow it.
  static func listen(at path: String) -> Int32? {
    let descriptor = make()
    guard descriptor >= 0 else { return nil }
    unlink(path)
    // Before it has a name, so that nobody else can connect even for a moment.
    fchmod(descriptor, 0o600)
    let isBound =
      withAddress(of: path) { address, size in
        bind(descriptor, address, size) == 0 && Glibc.listen(descriptor, 8) == 0
      } ?? false
    guard isBound else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// Waits for a connection for a while.
  static func accept(_ descriptor: Int32, seconds: Double) -> Int32? {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, Int32(seconds * 1000)) > 0 else { return nil }
    let connection = Glibc.accept(descriptor, nil, nil)
    guard connection >= 0 else { return nil }
    // Whoever connects and says nothing must not hold up the next one.
    limit(connection, seconds: 5)
    return connection
  }

  /// Sends a line to whoever listens at a path and waits for the answer.
  ///
  /// - Returns: `nil` where nobody listens.
  static func ask(_ line: Data, at path: String, waitingAtMost seconds: Double) -> Data? {
    let descriptor = make()
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    limit(descriptor, seconds: seconds)
    guard withAddress(of: path, { address, size in connect(descriptor, address, size) == 0 }) == true else {
      return nil
    }
    return write(line, to: descriptor) ? readLine(descriptor) : nil
  }

  /// Reads up to the end of a line.
  ///
  /// - Returns: `nil` where there is none, or one that is too long.
  static func readLine(_ descriptor: Int32) -> Data? {
    var line = Data()
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while line.count < maximumBytes {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      line.append(contentsOf: buffer[..<count])
      if let end = line.firstIndex(of: 0x0A) { return line[..<end] }
    }
    return nil
  }

  /// Writes a line.
  @discardableResult
  static func write(_ line: Data, to descriptor: Int32) -> Bool {
    var rest = [UInt8](line + [0x0A])[...]
    while !rest.isEmpty {
      // Somebody who has gone away must not end the program by a signal.
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private static func make() -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return descriptor
  }

  private static func limit(_ descriptor: Int32, seconds: Double) {
    var time = timeval(tv_sec: Int(seconds), tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  /// An address has room for 107 bytes only, so that the folder is named by its open descriptor.
  private static func withAddress<Value>(
    of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  ) -> Value? {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let name = Array("/proc/self/fd/\(descriptor)/\((path as NSString).lastPathComponent)".utf8)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { place in
      guard name.count < place.count else { return false }
      place.copyBytes(from: name)
      return true
    }
    guard fits else { return nil }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
