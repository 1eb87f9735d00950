import ThroughlineCore

/// The models that the program knows.
public struct ModelZoo: Sendable, Hashable {
  /// The entries in the order of the file.
  public let entries: [ModelEntry]

  /// A zoo of these entries; names must differ.
  public init(entries: [ModelEntry]) { self.entries = entries }

  /// This zoo and what was made on this machine; of two entries of one name the zoo's own stays.
  public func adding(_ others: [ModelEntry]) -> ModelZoo {
    ModelZoo(entries: entries + others.filter { other in !entries.contains { $0.name == other.name } })
  }

  /// The entry of a name.
  ///
  /// - Throws: ``ModelStoreError/unknownModel(name:nearest:)``.
  public func entry(named name: String) throws(ModelStoreError) -> ModelEntry {
    if let entry = entries.first(where: { $0.name == name }) { return entry }
    let nearest = entries.map(\.name).min { Self.distance($0, name) < Self.distance($1, name) }
    throw .unknownModel(name: name, nearest: nearest)
  }

  /// The entry that a task uses unless a setting says otherwise.
  public func defaultEntry(for task: ModelTask) -> ModelEntry? {
    entries.first { $0.task == task && $0.isDefault }
  }

  /// The zoo that is compiled into the program.
  ///
  /// - Throws: ``ZooError``, which the tests rule out.
  public static func standard() throws(ZooError) -> ModelZoo {
    try ModelZoo(yaml: EmbeddedResources.zoo, fileName: "zoo.yaml")
  }

  /// How many characters must be inserted, left out or replaced to make one text of the other (V. Levenshtein,
  /// 1966).
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left.prefix(100)), Array(right.prefix(100)))
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, other) in right.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
      }
    }
    return row[right.count]
  }
}

/// Texts of the repository that are compiled into the program, so that it needs no files beside it.
enum EmbeddedResources {
  /// `Models/zoo.yaml`.
  static var zoo: String { String(decoding: PackageResources.zoo_yaml, as: UTF8.self) }

  /// A script of `tools/models`, or `nil` where none of that name is compiled in.
  static func script(named name: String) -> [UInt8]? {
    switch name {
    case "ssd_to_onnx.py": PackageResources.ssd_to_onnx_py
    case "unpack_wheel.py": PackageResources.unpack_wheel_py
    case "download.py": PackageResources.download_py
    case "quantise.py": PackageResources.quantise_py
    default: nil
    }
  }
}
