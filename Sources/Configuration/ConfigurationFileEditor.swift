/// Sets single keys in the text of a configuration file and leaves everything else, comments too, as it is.
public enum ConfigurationFileEditor {
  /// The text with a key set: in its line where it has one, in its section where there is one, or else at the end.
  ///
  /// - Parameters:
  ///   - key: a key of two words, for example `association.similarity`.
  ///   - value: what is written after the colon.
  ///   - text: the file's text, which may be empty.
  public static func setting(_ key: String, to value: String, in text: String) -> String {
    let words = key.split(separator: ".", maxSplits: 1).map(String.init)
    guard words.count == 2 else { return text }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    func isTop(_ line: String, _ name: String) -> Bool { line.hasPrefix("\(name):") }
    if let place = lines.firstIndex(where: { isTop($0, key) }) {
      lines[place] = "\(key): \(value)"
    } else if let section = lines.firstIndex(where: { isTop($0, words[0]) }) {
      let end =
        lines[(section + 1)...].firstIndex { line in
          guard let first = line.first else { return false }
          return first != " " && first != "#"
        } ?? lines.count
      let inside = lines.indices[(section + 1)..<end]
      let known = inside.first {
        lines[$0].drop { $0 == " " }.hasPrefix("\(words[1]):")
      }
      let indented = inside.first { lines[$0].first == " " && !lines[$0].drop { $0 == " " }.hasPrefix("#") }
      let indent = String((indented.map { lines[$0] } ?? "  ").prefix { $0 == " " })
      let line = "\(indent.isEmpty ? "  " : indent)\(words[1]): \(value)"
      if let known { lines[known] = line } else { lines.insert(line, at: section + 1) }
    } else {
      lines.append("\(key): \(value)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
