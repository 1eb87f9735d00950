/// The value of one key.
public enum ConfigurationValue: Sendable, Hashable, CustomStringConvertible {
  /// Yes or no.
  case boolean(Bool)
  /// A whole number.
  case integer(Int)
  /// A number.
  case number(Double)
  /// A text; the empty text means "not set".
  case text(String)
  /// A list of texts.
  case list([String])

  /// The value as it is written in a configuration file.
  public var description: String {
    switch self {
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .number(let value):
      value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    case .text(let value): value.isEmpty ? "\"\"" : value
    case .list(let values): "[" + values.joined(separator: ", ") + "]"
    }
  }
}

/// Where a value in force came from.
public enum ConfigurationOrigin: Sendable, Hashable, CustomStringConvertible {
  /// Nobody set it.
  case builtIn
  /// A line of a configuration file.
  case file(path: String, line: Int)
  /// A flag of the command line.
  case flag(String)

  /// `default`, `throughline.yaml:12` or `--record`.
  public var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .flag(let flag): flag
    }
  }
}
