import Foundation

/// A port of this machine on which somebody listens and never says a word.
public final class SilentServer: Sendable {
  /// What the system refused.
  public struct Failure: Error, CustomStringConvertible {
    /// One line.
    public let description: String
  }

  /// The port, free until now.
  public let port: Int
  private let descriptor: Int32

  /// Takes a port of the loopback address.
  ///
  /// - Parameter port: which; 0 takes a free one.
  /// - Parameter isListening: `false` leaves the port closed, and callers are refused until ``listen()``.
  /// - Throws: ``Failure``
  public init(port wanted: Int = 0, isListening: Bool = true) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var reuse: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_port = UInt16(truncatingIfNeeded: wanted).bigEndian
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) | getsockname(descriptor, pointer, &length)
      }
    }
    self.descriptor = descriptor
    port = Int(UInt16(bigEndian: address.sin_port))
    guard descriptor >= 0, result == 0 else {
      throw Failure(description: "no port could be taken on the loopback address")
    }
    if isListening { listen() }
  }

  /// Opens the port.
  public func listen() { _ = Foundation.listen(descriptor, 4) }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
