import Foundation
import Inference

/// The models on this machine: one folder per model below the cache directory.
///
///     PREFIX/models/NAME/...              networks, as their runtime reads them
///     PREFIX/openvino-VERSION/openvino/libs/...   the runtime
///     PREFIX/locks/NAME.lock              so that two processes do not fetch the same thing at the same time
///     PREFIX/staging/NAME/...             while it is fetched; renamed into place when it is whole and checked
///
/// All calls block; none belongs on the cooperative thread pool.
public struct ModelStore: Sendable {
  /// The prefix.
  public let directory: String
  let environment: [String: String]

  /// A store in a folder.
  ///
  /// - Parameters:
  ///   - directory: the prefix; `nil` takes the user's cache directory.
  ///   - environment: the process's environment variables.
  public init(
    directory: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    if let directory, !directory.isEmpty {
      // Python runs in another folder: paths must hold there too.
      self.directory = URL(fileURLWithPath: directory).path
    } else {
      self.directory = CacheDirectory.standard(environment: environment)
    }
    self.environment = environment
  }

  /// Where a model's files lie once they are fetched.
  public func folder(of entry: ModelEntry) -> String {
    if entry.task == .runtime, case .pypi(let wheel) = entry.source {
      return "\(directory)/\(entry.name)-\(wheel.version)"
    }
    return "\(directory)/models/\(entry.name)"
  }

  /// Whether all files of a model are there; their hashes are not looked at.
  public func isPresent(_ entry: ModelEntry) -> Bool {
    let folder = folder(of: entry)
    if entry.task == .runtime { return FileManager.default.fileExists(atPath: folder + "/" + Self.sumsName) }
    return Self.installedFiles(of: entry).allSatisfy {
      FileManager.default.fileExists(atPath: folder + "/" + $0.name)
    }
  }

  /// The file that a runtime reads, after all of the model's files have been checked.
  ///
  /// - Returns: the path of the `.onnx` or `.xml` file; for a runtime its folder of libraries.
  /// - Throws: ``ModelStoreError/notFetched(name:)`` or ``ModelStoreError/wrongHash(file:expected:found:)``.
  public func path(of entry: ModelEntry) throws(ModelStoreError) -> String {
    guard isPresent(entry) else { throw .notFetched(name: entry.name) }
    // The runtime is hundreds of megabytes, which are not read at every start.
    if entry.task != .runtime { try verify(entry) }
    return runPath(of: entry, in: folder(of: entry))
  }

  /// Checks all of a model's files against their hashes.
  public func verify(_ entry: ModelEntry) throws(ModelStoreError) {
    guard isPresent(entry) else { throw .notFetched(name: entry.name) }
    let folder = folder(of: entry)
    if entry.task == .runtime {
      try verifySums(in: folder)
    } else {
      for file in Self.installedFiles(of: entry) {
        try FileTools.check(folder + "/" + file.name, against: file)
      }
    }
  }

  /// Removes a model from this machine; one that is not there is no error.
  public func remove(_ entry: ModelEntry) throws(ModelStoreError) {
    let folder = folder(of: entry)
    guard FileManager.default.fileExists(atPath: folder) else { return }
    try FileTools.attempt(folder) { try FileManager.default.removeItem(atPath: folder) }
  }

  /// The files that stay on the machine: a conversion's output instead of what it was made from.
  static func installedFiles(of entry: ModelEntry) -> [ModelFile] {
    entry.conversion.map { [$0.output] } ?? entry.files
  }

  func runPath(of entry: ModelEntry, in folder: String) -> String {
    if entry.task == .runtime {
      return folder + "/"
        + (entry.unpacked.first { $0.hasSuffix("libs/") }.map { String($0.dropLast()) } ?? "")
    }
    return folder + "/" + (entry.runFile?.name ?? "")
  }

  static let sumsName = "SHA256SUMS"

  /// Writes the hashes of all files below a folder to a file in it, in the form of `sha256sum`.
  func writeSums(in folder: String) throws(ModelStoreError) {
    var lines = ""
    for path in FileTools.files(below: folder, depth: 6).sorted() {
      lines += "\(try FileTools.sha256(ofFile: path))  \(path.dropFirst(folder.count + 1))\n"
    }
    let path = folder + "/" + Self.sumsName
    try FileTools.attempt(path) { try Data(lines.utf8).write(to: URL(fileURLWithPath: path)) }
  }

  private func verifySums(in folder: String) throws(ModelStoreError) {
    let path = folder + "/" + Self.sumsName
    let data = try FileTools.attempt(path) { try Data(contentsOf: URL(fileURLWithPath: path)) }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      let expected = String(line.prefix(64))
      let name = line.dropFirst(66)
      guard expected.count == 64, !name.isEmpty, !name.hasPrefix("/"), !name.contains("..") else {
        throw .fileSystem(path: path, reason: "is damaged; fetch the runtime anew")
      }
      let found = try FileTools.sha256(ofFile: "\(folder)/\(name)")
      guard found == expected else {
        throw .wrongHash(file: "\(folder)/\(name)", expected: expected, found: found)
      }
    }
  }
}
