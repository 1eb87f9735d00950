import Foundation
import ThroughlineCore

extension Configuration {
  /// Reads what stands on the command line over what is set so far: flags of keys, and sources.
  ///
  /// A source may carry its camera's name: `entrance=rtsp://10.0.0.8/main`. Without one, the name is made
  /// from the source's last component. `--flag VALUE` and `--flag=VALUE` are the same; a yes-or-no flag needs
  /// no value and is turned off by `--no-flag`.
  ///
  /// - Throws: ``ConfigurationError`` for the first thing that is wrong.
  public mutating func read(arguments: [String]) throws(ConfigurationError) {
    var rest = arguments[...]
    var sources: [String] = []
    var onlySources = false
    while let argument = rest.popFirst() {
      guard !onlySources, argument.hasPrefix("--") else {
        sources.append(argument)
        continue
      }
      if argument == "--" {
        onlySources = true
        continue
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let word = String(parts[0])
      let given = parts.count > 1 ? String(parts[1]) : nil
      let flag = "--" + word
      if let key = schema.keyOfFlag(word) {
        let place = ConfigurationOrigin.flag(flag)
        if case .boolean = key.kind {
          set(
            key.name,
            to: try given.map { text throws(ConfigurationError) in try key.parse(text, at: place) }
              ?? .boolean(true), from: place)
        } else if let text = given ?? rest.popFirst() {
          set(key.name, to: try key.parse(text, at: place), from: place)
        } else {
          throw .missingValue(flag: flag, allowed: key.allowed)
        }
      } else if word.hasPrefix("no-"), given == nil, let key = schema.keyOfFlag(String(word.dropFirst(3))),
        case .boolean = key.kind
      {
        set(key.name, to: .boolean(false), from: .flag(flag))
      } else {
        throw .unknownFlag(flag: flag, nearest: schema.nearestFlag(to: word))
      }
    }
    for source in sources { try add(source: source) }
  }

  /// Adds a source of the command line as a camera.
  public mutating func add(source argument: String) throws(ConfigurationError) {
    let place = ConfigurationOrigin.flag("command line")
    if let equals = argument.firstIndex(of: "="), let name = CameraName(String(argument[..<equals])) {
      let source = String(argument[argument.index(after: equals)...])
      guard !source.isEmpty else { throw .missingSource(camera: name.rawValue, place: place) }
      return try add(CameraConfiguration(name: name, source: source, origin: place))
    }
    try add(CameraConfiguration(name: freeName(for: argument), source: argument, origin: place))
  }

  /// A name made of the source's last component that no camera has yet.
  private func freeName(for source: String) -> CameraName {
    let withoutQuery = source.split(separator: "?").first.map(String.init) ?? source
    let last = withoutQuery.split(separator: "/").last.map(String.init) ?? withoutQuery
    let isAddress = source.contains("://")
    let stem = isAddress ? last : (last as NSString).deletingPathExtension
    // An address without a path ends in user:password@host; what stands before the @ is nobody's business.
    let shown = stem.split(separator: "@").last.map(String.init) ?? stem
    let base = CameraName(sanitizing: shown)
    func isTaken(_ name: CameraName) -> Bool { cameras.contains { $0.name == name } }
    guard isTaken(base) else { return base }
    for number in 2... {
      let candidate = CameraName(sanitizing: String(base.rawValue.prefix(56)) + "-\(number)")
      if !isTaken(candidate) { return candidate }
    }
    return base
  }
}
