import Foundation

/// Where a camera's pictures come from. Its description never shows a password.
public enum SourceAddress: Hashable, Sendable, CustomStringConvertible {
  /// A video file.
  case file(String)
  /// A camera on the network.
  case rtsp(RTSPAddress)
  /// A camera at this machine, `/dev/videoN`.
  case device(String)

  /// Reads an address as a person writes it: a path, `file://`, `rtsp://`, `rtsps://` or `/dev/videoN`.
  public init(parsing text: String) throws(SourceAddressError) {
    let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !trimmed.isEmpty else { throw .empty }
    guard !trimmed.utf8.contains(0) else { throw .invalid("", reason: "it holds a zero byte") }
    if let range = trimmed.range(of: "://") {
      let scheme = trimmed[..<range.lowerBound].lowercased()
      switch scheme {
      case "rtsp", "rtsps":
        self = .rtsp(try RTSPAddress(isSecure: scheme == "rtsps", rest: String(trimmed[range.upperBound...])))
        return
      case "file":
        let path = String(trimmed[range.upperBound...])
        guard path.hasPrefix("/") else {
          throw .invalid(trimmed, reason: "a file:// address needs a full path")
        }
        self = .file(path.removingPercentEncoding ?? path)
        return
      case _
      where !scheme.isEmpty && scheme.allSatisfy({ $0.isASCII && ($0.isLetter || "+-.".contains($0)) }):
        throw .unsupportedScheme(scheme)
      default: break
      }
    }
    let digits = trimmed.dropFirst("/dev/video".count)
    if trimmed.hasPrefix("/dev/video"), !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) {
      self = .device(trimmed)
    } else {
      self = .file(trimmed)
    }
  }

  /// The address without user name and password.
  public var description: String {
    switch self {
    case .file(let path), .device(let path): path
    case .rtsp(let address): address.description
    }
  }

  /// Whether frames come when the world makes them, and not when they are asked for.
  public var isLive: Bool {
    if case .file = self { false } else { true }
  }

  /// Whether pictures are to travel encrypted; in packets of their own they would not.
  public var isSecure: Bool {
    if case .rtsp(let address) = self { address.isSecure } else { false }
  }

  /// A short name for a camera that has none: the file's name without its ending, or the host and path.
  public var suggestedName: String {
    switch self {
    case .file(let path):
      let last = path.split(separator: "/").last.map(String.init) ?? path
      guard let dot = last.lastIndex(of: "."), dot > last.startIndex else { return last }
      return String(last[..<dot])
    case .device(let path): return path.split(separator: "/").last.map(String.init) ?? path
    case .rtsp(let address):
      let path = address.path.split(whereSeparator: { !($0.isLetter || $0.isNumber) }).joined(separator: "-")
      return path.isEmpty ? address.host : "\(address.host)-\(path)"
    }
  }
}

/// The parts of an `rtsp://` or `rtsps://` address.
public struct RTSPAddress: Hashable, Sendable, CustomStringConvertible {
  /// Whether the connection is encrypted (`rtsps`).
  public var isSecure: Bool
  /// The user name written in the address.
  public var user: String?
  /// The password written in the address.
  public var password: String?
  /// The host's name or number; an IPv6 number without brackets.
  public var host: String
  /// The port, where the address names one.
  public var port: Int?
  /// The path with its leading slash and the query; may be empty.
  public var path: String

  /// The address without its user name and password: what is shown and what is handed to the network.
  public var location: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return (isSecure ? "rtsps://" : "rtsp://") + name + (port.map { ":\($0)" } ?? "") + path
  }

  /// The port that is connected to.
  public var effectivePort: Int { port ?? (isSecure ? 322 : 554) }

  /// The address without user name and password.
  public var description: String { location }

  /// - Parameter rest: what follows `rtsp://`.
  init(isSecure: Bool, rest: String) throws(SourceAddressError) {
    self.isSecure = isSecure
    // A password may hold '/' and '@' although it should not: the last '@' before the path's own part counts.
    // A '/' directly after a valid host ends the authority, so only an '@' before it can belong to a password.
    let authorityEnd = Self.authorityEnd(in: rest)
    let authority = rest[..<authorityEnd]
    path = String(rest[authorityEnd...])
    if path.hasPrefix("?") { path = "/" + path }
    var hostPart = authority
    if let at = authority.lastIndex(of: "@") {
      let credentials = authority[..<at]
      hostPart = authority[authority.index(after: at)...]
      let pieces = credentials.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pieces.first ?? "")
      user = name.isEmpty ? nil : name.removingPercentEncoding ?? name
      if pieces.count > 1 { password = String(pieces[1]).removingPercentEncoding ?? String(pieces[1]) }
    }
    let shown = (isSecure ? "rtsps://" : "rtsp://") + hostPart + path
    var portText: Substring?
    if hostPart.hasPrefix("[") {
      guard let close = hostPart.firstIndex(of: "]") else {
        throw .invalid(shown, reason: "the '[' of the host has no ']'")
      }
      host = String(hostPart[hostPart.index(after: hostPart.startIndex)..<close])
      let after = hostPart[hostPart.index(after: close)...]
      guard after.isEmpty || after.hasPrefix(":") else {
        throw .invalid(shown, reason: "after ']' only a port may follow")
      }
      if after.hasPrefix(":") { portText = after.dropFirst() }
    } else if let colon = hostPart.lastIndex(of: ":") {
      host = String(hostPart[..<colon])
      portText = hostPart[hostPart.index(after: colon)...]
    } else {
      host = String(hostPart)
    }
    guard !host.isEmpty else { throw .invalid(shown, reason: "it names no host") }
    guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._:%".contains($0)) }) else {
      throw .invalid(shown, reason: "'\(host)' is no host name")
    }
    if let portText, !portText.isEmpty {
      guard let number = Int(portText), (1...65535).contains(number) else {
        throw .invalid(shown, reason: "'\(portText)' is no port; a port is a number of 1 to 65535")
      }
      port = number
    }
    guard path.allSatisfy({ !$0.isWhitespace && !$0.isNewline }) else {
      throw .invalid(shown, reason: "it holds a space; write %20")
    }
  }

  private static func authorityEnd(in rest: String) -> String.Index {
    let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
    if rest[..<slash].contains("@") || !rest[slash...].contains("@") { return slash }
    // `user:pa/ss@host/path`: what stands before the first '/' is a user and the beginning of a password, and not
    // host and port.
    let before = rest[..<slash]
    guard let colon = before.lastIndex(of: ":"), Int(before[before.index(after: colon)...]) == nil,
      let at = rest.lastIndex(of: "@")
    else { return slash }
    return rest[at...].firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
  }
}

/// Why a text is no source.
public enum SourceAddressError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text is empty.
  case empty
  /// The scheme before `://` is none that can be read.
  case unsupportedScheme(String)
  /// The address is not well formed.
  case invalid(String, reason: String)
  /// The folder does not exist or cannot be read.
  case unreadableFolder(String, reason: String)
  /// The folder has no video file.
  case emptyFolder(String)

  /// One line that names the thing and the mend.
  public var description: String {
    switch self {
    case .empty: "an empty source; name a video file, a folder, an rtsp:// address or /dev/videoN"
    case .unsupportedScheme(let scheme):
      "'\(scheme)://' cannot be read; use a file, rtsp://, rtsps:// or /dev/videoN"
    case .invalid(let text, let reason): "'\(text)' is no address of a source: \(reason)"
    case .unreadableFolder(let path, let reason): "\(path): the folder cannot be read (\(reason))"
    case .emptyFolder(let path):
      "\(path): the folder holds no video file; files that end in .mp4, .mkv, .mov, .avi and the like are taken"
    }
  }
}
