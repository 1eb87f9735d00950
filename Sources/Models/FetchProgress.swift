/// How far a fetch is. Reported at most a few times a second.
public enum FetchProgress: Sendable, Hashable {
  /// Another process is fetching the same model; this one waits.
  case waiting(name: String)
  /// Bytes are coming in; the total is `nil` where it is not known.
  case downloading(name: String, received: Int, total: Int?)
  /// A file of the mirror is used.
  case copying(name: String, file: String)
  /// Members of a wheel are being unpacked.
  case unpacking(name: String)
  /// The network is being converted.
  case converting(name: String)
  /// Hashes are being checked.
  case verifying(name: String)
  /// The model is in place at this path.
  case finished(name: String, path: String)

  /// One short line for a terminal.
  public var text: String {
    switch self {
    case .waiting(let name): return "\(name): waiting for another process that fetches it"
    case .downloading(let name, let received, let total):
      let megabytes = { (bytes: Int) in "\(bytes / 1_000_000).\(bytes / 100_000 % 10)" }
      let whole = total.map { " of \(megabytes($0))" } ?? ""
      return "\(name): \(megabytes(received))\(whole) MB"
    case .copying(let name, let file): return "\(name): \(file) from the mirror"
    case .unpacking(let name): return "\(name): unpacking"
    case .converting(let name): return "\(name): converting"
    case .verifying(let name): return "\(name): checking"
    case .finished(let name, let path): return "\(name): \(path)"
    }
  }
}
