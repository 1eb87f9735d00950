import Foundation

/// Finds out why a camera could not be reached, since GStreamer does not say.
enum NetworkProbe {
  enum Result: Sendable, Hashable {
    case reachable
    case unknownHost
    case refused
    case timedOut
    case unreachable(String)
  }

  /// Opens a TCP connection and closes it again.
  static func connect(host: String, port: Int, timeout: Double) -> Result {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else { return .unknownHost }
    defer { freeaddrinfo(list) }
    var result = Result.unknownHost
    var candidate: UnsafeMutablePointer<addrinfo>? = first
    while let address = candidate {
      result = connect(address.pointee, timeout: timeout)
      if result == .reachable { return result }
      candidate = address.pointee.ai_next
    }
    return result
  }

  private static func connect(_ address: addrinfo, timeout: Double) -> Result {
    let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return .unreachable(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return .reachable }
    guard errno == EINPROGRESS else { return Self.result(of: errno) }
    var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&poller, 1, Int32(max(0, min(timeout, 3600)) * 1000)) > 0 else { return .timedOut }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .timedOut }
    return result(of: code)
  }

  private static func result(of code: Int32) -> Result {
    switch code {
    case 0: .reachable
    case ECONNREFUSED: .refused
    case ETIMEDOUT: .timedOut
    default: .unreachable(String(cString: strerror(code)))
    }
  }
}
