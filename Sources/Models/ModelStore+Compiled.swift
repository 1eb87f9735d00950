import Foundation

/// Models that were made on this machine from others: each in its own folder like a fetched one, with its entry
/// beside its files.
extension ModelStore {
  static let compiledEntryName = "entry.yaml"

  /// The name that the compiled form of a model gets.
  public static func compiledName(of base: String, precision: String) -> String { "\(base)-\(precision)" }

  /// What has been compiled on this machine, and what of it cannot be read (one line each).
  public func compiledEntries() -> (entries: [ModelEntry], problems: [String]) {
    let folder = directory + "/models"
    var entries: [ModelEntry] = []
    var problems: [String] = []
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() {
      let path = "\(folder)/\(name)/\(Self.compiledEntryName)"
      guard let data = FileManager.default.contents(atPath: path) else { continue }
      do {
        let zoo = try ModelZoo(yaml: String(decoding: data, as: UTF8.self), fileName: path)
        guard let entry = zoo.entries.first, zoo.entries.count == 1, entry.name == name,
          case .compiled = entry.source
        else {
          problems.append("\(path): is not the entry of the compiled model '\(name)'; compile it anew")
          continue
        }
        entries.append(entry)
      } catch {
        problems.append("\(error); compile it anew")
      }
    }
    return (entries, problems)
  }

  /// Puts a compiled model in place, so that it can be used by its name like a fetched one; an earlier one of the
  /// same name is replaced in one step.
  ///
  /// - Parameters:
  ///   - entry: the base's entry with the new name, summary and figures; its files and source are set here.
  ///   - base: the model that it was made from.
  ///   - folder: where the files lie now, on the same file system; it is moved away.
  ///   - files: their names.
  /// - Returns: the entry as it is registered.
  @discardableResult
  public func install(
    _ entry: ModelEntry, compiledFrom base: String, folder: String, files: [String]
  ) throws(ModelStoreError) -> ModelEntry {
    var entry = entry
    entry.source = .compiled(base: base)
    entry.isDefault = false
    entry.conversion = nil
    entry.files = []
    for name in files {
      let path = "\(folder)/\(name)"
      entry.files.append(
        ModelFile(
          name: name, sha256: try FileTools.sha256(ofFile: path), path: name,
          bytes: FileTools.byteCount(ofFile: path)))
    }
    let description = "\(folder)/\(Self.compiledEntryName)"
    let written = entry
    try FileTools.attempt(description) {
      try ModelZoo(entries: [written]).yaml().write(toFile: description, atomically: true, encoding: .utf8)
    }
    let lock = try lock(on: entry.name) {}
    defer { withExtendedLifetime(lock) {} }
    try replace(self.folder(of: entry), with: folder, aside: folder + ".replaced")
    return entry
  }
}
