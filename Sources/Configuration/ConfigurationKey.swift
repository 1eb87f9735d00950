/// One setting: its name, what it may be, what it is when nobody sets it, and what it does.
///
/// The same list of keys makes the configuration file, the flags, `throughline config show` and the
/// reference page, so that none of them can fall behind another.
public struct ConfigurationKey: Sendable, Hashable {
  /// What a key may be set to.
  public enum Kind: Sendable, Hashable {
    /// `true` or `false`.
    case boolean
    /// A whole number within bounds.
    case integer(ClosedRange<Int>)
    /// A number within bounds.
    case number(ClosedRange<Double>)
    /// One of these words.
    case choice([String])
    /// Any text.
    case text
    /// A file or directory.
    case path
    /// A list of texts.
    case list
  }

  /// Words joined by dots and hyphens: `tracker.keep-new`.
  public let name: String
  /// What it may be set to.
  public let kind: Kind
  /// The value when nobody sets it.
  public let builtIn: ConfigurationValue
  /// What it does, in one sentence.
  public let summary: String
  /// The unit of a number: `seconds`, `pixels`.
  public let unit: String?
  /// A shorter flag: `record` for `--record`.
  public let alias: String?
  /// Whether a camera can have a value of its own.
  public let isPerCamera: Bool

  /// A key by its parts.
  public init(
    _ name: String, _ kind: Kind, _ builtIn: ConfigurationValue, unit: String? = nil, alias: String? = nil,
    perCamera: Bool = false, _ summary: String
  ) {
    self.name = name
    self.kind = kind
    self.builtIn = builtIn
    self.summary = summary
    self.unit = unit
    self.alias = alias
    isPerCamera = perCamera
  }

  /// The flags that set the key, the short one first.
  public var flags: [String] { (alias.map { ["--" + $0] } ?? []) + ["--" + name] }

  /// What may be written, for a person: `0 to 1`, `blur | pixelate`.
  public var allowed: String {
    let limit = 1e6
    switch kind {
    case .boolean: return "true or false"
    case .integer(let range):
      return range.upperBound == .max
        ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      let low = ConfigurationValue.number(range.lowerBound)
      return range.upperBound >= limit
        ? "\(low) or more" : "\(low) to \(ConfigurationValue.number(range.upperBound))"
    case .choice(let words): return words.joined(separator: " | ")
    case .text: return "text"
    case .path: return "path"
    case .list: return "list"
    }
  }

  /// Reads a text as this key's value.
  ///
  /// - Throws: ``ConfigurationError`` where the text is no such value or lies outside the bounds.
  public func parse(_ text: String, at place: ConfigurationOrigin) throws(ConfigurationError)
    -> ConfigurationValue
  {
    let refusal = ConfigurationError.valueRefused(
      key: name, value: text, allowed: allowed, unit: unit, place: place)
    switch kind {
    case .boolean:
      switch text.lowercased() {
      case "true", "yes", "on": return .boolean(true)
      case "false", "no", "off": return .boolean(false)
      default: throw refusal
      }
    case .integer(let range):
      guard let value = Int(text), range.contains(value) else { throw refusal }
      return .integer(value)
    case .number(let range):
      guard let value = Double(text), value.isFinite, range.contains(value) else { throw refusal }
      return .number(value)
    case .choice(let words):
      guard words.contains(text) else { throw refusal }
      return .text(text)
    case .text, .path:
      return .text(text)
    case .list:
      // Also as it is written in a file and as `config show` prints it: `[a, b]`.
      let isBracketed = text.hasPrefix("[") && text.hasSuffix("]") && text.count > 1
      let inner = isBracketed ? text.dropFirst().dropLast() : text[...]
      let items = inner.split(separator: ",").map { element in
        let begin = element.drop(while: \.isWhitespace)
        return String(begin.reversed().drop(while: \.isWhitespace).reversed())
      }
      return .list(items.filter { !$0.isEmpty })
    }
  }
}
