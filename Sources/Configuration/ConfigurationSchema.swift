/// All keys that exist.
public struct ConfigurationSchema: Sendable {
  /// The keys in the order in which a person reads them.
  public let keys: [ConfigurationKey]
  private let byName: [String: ConfigurationKey]
  private let byFlag: [String: ConfigurationKey]
  private let sections: Set<String>

  /// A schema of keys with different names and flags.
  public init(keys: [ConfigurationKey]) {
    self.keys = keys
    byName = Dictionary(keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    byFlag = Dictionary(
      keys.flatMap { key in key.flags.map { (String($0.dropFirst(2)), key) } },
      uniquingKeysWith: { first, _ in first })
    sections = Set(
      keys.flatMap { key in
        let parts = key.name.split(separator: ".")
        return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: ".") }
      })
  }

  /// The key of this name.
  public func key(_ name: String) -> ConfigurationKey? { byName[name] }

  /// The key of this name, where a camera can have a value of its own; the section `camera.` may be left out.
  public func cameraKey(_ name: String) -> ConfigurationKey? {
    let key = byName[name] ?? byName["camera." + name]
    return key?.isPerCamera == true ? key : nil
  }

  /// The key that a flag without its hyphens sets.
  public func keyOfFlag(_ flag: String) -> ConfigurationKey? { byFlag[flag] }

  /// Whether keys stand below this name.
  public func isSection(_ name: String) -> Bool { sections.contains(name) }

  func nearestKey(to name: String) -> String? {
    nearest(to: name, among: keys.map(\.name) + ["cameras"])
  }

  func nearestCameraKey(to name: String) -> String? {
    let names = keys.filter(\.isPerCamera).map { key in
      key.name.hasPrefix("camera.") ? String(key.name.dropFirst("camera.".count)) : key.name
    }
    return nearest(to: name, among: names + ["source"])
  }

  func nearestFlag(to flag: String) -> String? {
    nearest(to: flag, among: byFlag.keys.sorted() + ["config"]).map { "--" + $0 }
  }
}
