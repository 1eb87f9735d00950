/// Words that depend on a number.
enum English {
  /// `1 stay`, `2 stays`; with another plural where the word has one.
  static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
    number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
  }
}
