/// The name of one configured stream; cameras are known by their name everywhere.
///
/// A name is what a user writes in the configuration, what the event log carries and what a recording's
/// file is called, so it is restricted to characters that are safe in all three.
public struct CameraName: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  /// The name as written.
  public let rawValue: String

  /// Takes a name of 1 to 64 letters, digits, `-`, `_` and `.`, which does not begin with a dot.
  ///
  /// - Returns: `nil` where the text is no such name.
  public init?(_ text: String) {
    guard (1...64).contains(text.utf8.count), text.first != "." else { return nil }
    let allowed = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard allowed else { return nil }
    rawValue = text
  }

  /// Makes a valid name from any text: characters that are not allowed become `-`.
  public init(sanitizing text: String) {
    var cleaned = String(
      text.unicodeScalars.map { scalar in
        scalar.isASCII && CameraName("x" + String(Character(scalar))) != nil ? Character(scalar) : "-"
      }.prefix(64))
    while cleaned.first == "." { cleaned.removeFirst() }
    rawValue = cleaned.isEmpty ? "camera" : cleaned
  }

  /// Decodes a name; throws `DecodingError` where the text is not a valid one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let name = CameraName(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no camera name")
    }
    self = name
  }

  /// Encodes the name as a plain string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  /// The name as written.
  public var description: String { rawValue }

  /// Orders names by their text.
  public static func < (left: CameraName, right: CameraName) -> Bool { left.rawValue < right.rawValue }
}
