import ThroughlineCore
import Yams

extension ModelZoo {
  /// Reads a zoo file; `Models/README.md` describes its keys.
  ///
  /// - Parameters:
  ///   - yaml: the file's text.
  ///   - fileName: the name that errors are reported under.
  public init(yaml: String, fileName: String) throws(ZooError) {
    let reader = ZooReader(fileName: fileName)
    let root = try reader.mapping(reader.compose(yaml), "the file", keys: ["version", "models"])
    let version = try root.integer("version")
    guard version == 1 else {
      throw root.error("version", "version \(version) is not known; this program reads version 1")
    }
    var entries: [ModelEntry] = []
    for node in try root.list("models") {
      let map = try reader.mapping(
        node, "a model",
        keys: [
          "name", "task", "default", "summary", "source", "files", "unpack", "convert", "licence", "training",
          "input", "outputs", "decoder", "dimension", "multiply-accumulates", "accuracy",
        ])
      let entry = try reader.entry(map)
      guard !entries.contains(where: { $0.name == entry.name }) else {
        throw map.error("name", "the name '\(entry.name)' is given twice")
      }
      guard !entry.isDefault || !entries.contains(where: { $0.isDefault && $0.task == entry.task }) else {
        throw map.error("default", "the task \(entry.task.rawValue) already has a default")
      }
      entries.append(entry)
    }
    self.init(entries: entries)
  }
}

/// Turns nodes into values; every error knows its line.
private struct ZooReader {
  let fileName: String

  func compose(_ yaml: String) throws(ZooError) -> Node {
    do {
      guard let node = try Yams.compose(yaml: yaml) else {
        throw ZooError(fileName: fileName, line: nil, problem: "the file is empty")
      }
      return node
    } catch let error as ZooError {
      throw error
    } catch let error as YamlError {
      switch error {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw ZooError(fileName: fileName, line: mark.line, problem: problem)
      case .duplicatedKeysInMapping(let duplicates, let context):
        throw ZooError(
          fileName: fileName, line: context.mark.line,
          problem: "the key '\(duplicates.map { String(describing: $0) }.first ?? "")' is given twice")
      default:
        throw ZooError(fileName: fileName, line: nil, problem: "this is no YAML text")
      }
    } catch {
      throw ZooError(fileName: fileName, line: nil, problem: "this is no YAML text")
    }
  }

  func mapping(_ node: Node, _ what: String, keys: [String]) throws(ZooError) -> ZooMapping {
    guard let mapping = node.mapping else {
      throw ZooError(
        fileName: fileName, line: node.mark?.line,
        problem: "\(what) must have keys (\(keys.joined(separator: ", ")))")
    }
    var values: [String: Node] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard keys.contains(name) else {
        let nearest = keys.min { ModelZoo.distance($0, name) < ModelZoo.distance($1, name) } ?? ""
        throw ZooError(
          fileName: fileName, line: key.mark?.line,
          problem: "\(what) has no key '\(name)'; the nearest is '\(nearest)'")
      }
      values[name] = value
    }
    return ZooMapping(fileName: fileName, what: what, line: node.mark?.line, values: values)
  }

  func entry(_ map: ZooMapping) throws(ZooError) -> ModelEntry {
    let name = try map.text("name")
    guard Self.isFileName(name) else {
      throw map.error("name", "'\(name)' is no model name: letters, digits, '-', '_' and '.' are possible")
    }
    let task: ModelTask = try map.choice("task")
    let isRuntime = task == .runtime
    let licence = try mapping(map.node("licence"), "the licence", keys: ["code", "weights"])
    let decoder: ModelDecoder? = isRuntime ? nil : try map.choice("decoder")
    if let decoder, (decoder == .embedding) != (task == .reid) {
      throw map.error("decoder", "the decoder \(decoder.rawValue) does not fit the task \(task.rawValue)")
    }
    let source = try source(of: map)
    let files = try map.optionalList("files").map { (node) throws(ZooError) in try file(node) }
    let unpacked = try map.texts("unpack")
    guard !files.isEmpty || isRuntime && !unpacked.isEmpty else {
      throw map.error("files", "'\(name)' has no files")
    }
    let conversion = try conversion(of: map)
    if decoder != nil, conversion == nil, !files.contains(where: { Self.isModelFile($0.name) }) {
      throw map.error("files", "'\(name)' has no .onnx or .xml file and no conversion that makes one")
    }
    let entry = ModelEntry(
      name: name, task: task, summary: try map.text("summary"), isDefault: try map.flag("default"),
      source: source, files: files, unpacked: unpacked, conversion: conversion,
      codeLicence: try licence.text("code"), weightsLicence: try licence.text("weights"),
      trainingData: try map.text("training"), input: isRuntime ? nil : try input(of: map),
      outputs: try map.texts("outputs"), decoder: decoder,
      dimension: task == .reid ? try map.integer("dimension", in: 1...65536) : nil,
      multiplyAccumulates: try map.optionalInteger("multiply-accumulates"),
      accuracy: try map.optionalList("accuracy").map { (node) throws(ZooError) in try accuracy(node) })
    return entry
  }

  private func source(of map: ZooMapping) throws(ZooError) -> ModelSource {
    let source = try mapping(
      map.node("source"), "a source",
      keys: ["pypi", "version", "sha256", "bytes", "pip", "url", "repository", "mirror", "compiled"])
    let kinds = ["pypi", "url", "repository", "mirror", "compiled"].filter { source.values[$0] != nil }
    guard kinds.count == 1 else {
      throw map.error("source", "a source needs exactly one of pypi, url, repository, mirror, compiled")
    }
    switch kinds[0] {
    case "pypi":
      return .pypi(
        PythonWheel(
          package: try source.text("pypi"), version: try source.text("version"), sha256: try source.hash(),
          bytes: try source.optionalInteger("bytes"), pipOptions: try source.texts("pip")))
    case "url":
      let base = try source.text("url")
      guard base.hasPrefix("https://"), base.hasSuffix("/") else {
        throw source.error("url", "the address must begin with https:// and end with /")
      }
      return .url(base: base)
    case "repository": return .repository
    case "compiled": return .compiled(base: try source.text("compiled"))
    default: return .mirror(upstream: try source.text("mirror"))
    }
  }

  private func file(_ node: Node) throws(ZooError) -> ModelFile {
    let map = try mapping(node, "a file", keys: ["name", "path", "sha256", "bytes"])
    let name = try map.text("name")
    guard Self.isFileName(name) else { throw map.error("name", "'\(name)' is no plain file name") }
    return ModelFile(
      name: name, sha256: try map.hash(), path: try map.text("path"), bytes: try map.optionalInteger("bytes"))
  }

  private func conversion(of map: ZooMapping) throws(ZooError) -> ModelConversion? {
    guard let node = map.values["convert"] else { return nil }
    let convert = try mapping(node, "a conversion", keys: ["script", "arguments", "output", "sha256"])
    let script = try convert.text("script")
    guard EmbeddedResources.script(named: script) != nil else {
      throw convert.error("script", "the program has no script '\(script)'")
    }
    let output = try convert.text("output")
    guard Self.isFileName(output), Self.isModelFile(output) else {
      throw convert.error("output", "'\(output)' is no plain name of an .onnx or .xml file")
    }
    return ModelConversion(
      script: script, arguments: try convert.texts("arguments"),
      output: ModelFile(name: output, sha256: try convert.hash(), path: output))
  }

  private func input(of map: ZooMapping) throws(ZooError) -> ModelInput {
    let input = try mapping(
      map.node("input"), "an input",
      keys: ["width", "height", "order", "scale", "mean", "std", "fit", "fill"])
    let mean = try input.numbers("mean", default: [0, 0, 0])
    let std = try input.numbers("std", default: [1, 1, 1])
    guard mean.count == 3, std.count == 3, !std.contains(0) else {
      throw map.error("input", "mean and std need three numbers each, and std none that is 0")
    }
    let fit: ModelInput.Fit
    switch try input.text("fit") {
    case "letterbox": fit = .letterbox(fill: UInt8(try input.integer("fill", in: 0...255)))
    case "stretch": fit = .stretch
    case let other: throw input.error("fit", "'\(other)' is not one of letterbox, stretch")
    }
    return ModelInput(
      size: PictureSize(
        width: try input.integer("width", in: 16...4096), height: try input.integer("height", in: 16...4096)),
      order: try input.choice("order"), scale: try input.numbers("scale", default: [1]).first ?? 1,
      mean: mean,
      std: std, fit: fit)
  }

  private func accuracy(_ node: Node) throws(ZooError) -> ModelAccuracy {
    let map = try mapping(node, "a figure", keys: ["data", "measure", "value"])
    guard let value = Double(try map.text("value")), value.isFinite else {
      throw map.error("value", "the value must be a number")
    }
    return ModelAccuracy(data: try map.text("data"), measure: try map.text("measure"), value: value)
  }

  static func isFileName(_ name: String) -> Bool {
    CameraName(name) != nil
  }

  static func isModelFile(_ name: String) -> Bool { name.hasSuffix(".onnx") || name.hasSuffix(".xml") }
}

/// The keys of one mapping with the line it begins on.
private struct ZooMapping {
  let fileName: String
  let what: String
  let line: Int?
  let values: [String: Node]

  func error(_ key: String, _ problem: String) -> ZooError {
    ZooError(fileName: fileName, line: values[key]?.mark?.line ?? line, problem: problem)
  }

  func node(_ key: String) throws(ZooError) -> Node {
    guard let node = values[key] else { throw error(key, "\(what) needs the key '\(key)'") }
    return node
  }

  func text(_ key: String) throws(ZooError) -> String {
    guard let text = try node(key).scalar?.string, !text.isEmpty else {
      throw error(key, "'\(key)' must be a text")
    }
    return text
  }

  func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) throws(ZooError) -> Int {
    guard let value = Int(try text(key)), range.contains(value) else {
      throw error(key, "'\(key)' must be a whole number of \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func optionalInteger(_ key: String) throws(ZooError) -> Int? {
    values[key] == nil ? nil : try integer(key)
  }

  func flag(_ key: String) throws(ZooError) -> Bool {
    guard values[key] != nil else { return false }
    switch try text(key) {
    case "true": return true
    case "false": return false
    default: throw error(key, "'\(key)' must be true or false")
    }
  }

  func list(_ key: String) throws(ZooError) -> [Node] {
    guard let sequence = try node(key).sequence else { throw error(key, "'\(key)' must be a list") }
    return Array(sequence)
  }

  func optionalList(_ key: String) throws(ZooError) -> [Node] { values[key] == nil ? [] : try list(key) }

  func texts(_ key: String) throws(ZooError) -> [String] {
    var result: [String] = []
    for node in try optionalList(key) {
      guard let text = node.scalar?.string else { throw error(key, "'\(key)' must be a list of texts") }
      result.append(text)
    }
    return result
  }

  func numbers(_ key: String, default fallback: [Float]) throws(ZooError) -> [Float] {
    guard let node = values[key] else { return fallback }
    let nodes = node.sequence.map(Array.init) ?? [node]
    var result: [Float] = []
    for node in nodes {
      guard let value = node.scalar.flatMap({ Float($0.string) }), value.isFinite else {
        throw error(key, "'\(key)' must consist of numbers")
      }
      result.append(value)
    }
    guard !result.isEmpty else { throw error(key, "'\(key)' must consist of numbers") }
    return result
  }

  func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) throws(ZooError) -> Choice
  where Choice.RawValue == String {
    let name = try text(key)
    guard let choice = Choice(rawValue: name) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw error(key, "'\(name)' is not one of \(known)")
    }
    return choice
  }

  func hash() throws(ZooError) -> String {
    let hash = try text("sha256")
    let isHexadecimal = hash.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    guard hash.utf8.count == 64, isHexadecimal else {
      throw error("sha256", "'sha256' must be 64 lower-case hexadecimal digits")
    }
    return hash
  }
}
