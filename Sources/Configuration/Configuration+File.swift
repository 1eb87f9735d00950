import Foundation
import ThroughlineCore
import Yams

extension Configuration {
  /// Reads a YAML file over what is set so far.
  ///
  /// Keys may be nested (`tracker:` above `keep-new:`) or dotted (`tracker.keep-new:`). The section `cameras`
  /// maps a camera's name to its source, or to a mapping with `source` and the values that differ for it.
  ///
  /// - Throws: ``ConfigurationError`` with the line of the first thing that is wrong.
  public mutating func read(file path: String) throws(ConfigurationError) {
    let text: String
    do {
      let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0
      guard size <= Self.largestFile else {
        throw ConfigurationError.unreadable(path: path, reason: "it is larger than \(Self.largestFile) bytes")
      }
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw .unreadable(
        path: path,
        reason: exists ? "it is not readable UTF-8 text; check its permissions" : "there is no such file")
    }
    try read(yaml: text, path: path)
  }

  private static let largestFile = 4 << 20

  /// Reads YAML text over what is set so far; `path` is what messages call it.
  public mutating func read(yaml text: String, path: String) throws(ConfigurationError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw .syntax(path: path, line: Self.line(of: error), reason: Self.reason(of: error))
    } catch {
      throw .syntax(path: path, line: 1, reason: "\(error)")
    }
    guard let root else { return }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
    guard case .mapping(let mapping) = root else {
      throw .shape(
        key: "the file", expected: "a mapping of keys to values", place: .file(path: path, line: 1))
    }
    var seen: [String: ConfigurationOrigin] = [:]
    try read(mapping, prefix: "", path: path, seen: &seen)
  }

  private mutating func read(
    _ mapping: Node.Mapping, prefix: String, path: String, seen: inout [String: ConfigurationOrigin]
  ) throws(ConfigurationError) {
    for (keyNode, valueNode) in mapping {
      let place = ConfigurationOrigin.file(path: path, line: keyNode.mark?.line ?? 1)
      guard case .scalar(let scalar) = keyNode else {
        throw .shape(key: prefix.isEmpty ? "a key" : prefix, expected: "plain text", place: place)
      }
      let name = prefix.isEmpty ? scalar.string : "\(prefix).\(scalar.string)"
      if let first = seen[name] { throw .duplicate(key: name, first: first, second: place) }
      seen[name] = place
      if name == "cameras" {
        try readCameras(valueNode, path: path, place: place)
      } else if let key = schema.key(name) {
        set(name, to: try value(of: valueNode, for: key, place: place), from: place)
      } else if schema.isSection(name), case .mapping(let section) = valueNode {
        try read(section, prefix: name, path: path, seen: &seen)
      } else if schema.isSection(name) {
        throw .shape(key: name, expected: "a section with keys below it", place: place)
      } else {
        throw .unknownKey(key: name, nearest: schema.nearestKey(to: name), place: place)
      }
    }
  }

  private func value(
    of node: Node, for key: ConfigurationKey, place: ConfigurationOrigin
  ) throws(ConfigurationError) -> ConfigurationValue {
    switch (node, key.kind) {
    case (.sequence(let sequence), .list):
      var values: [String] = []
      for element in sequence {
        guard case .scalar(let scalar) = element else {
          throw .shape(key: key.name, expected: "a list of texts", place: place)
        }
        values.append(scalar.string)
      }
      return .list(values)
    case (.scalar(let scalar), _): return try key.parse(scalar.string, at: place)
    default: throw .shape(key: key.name, expected: "one value (\(key.allowed))", place: place)
    }
  }

  private mutating func readCameras(
    _ node: Node, path: String, place: ConfigurationOrigin
  ) throws(ConfigurationError) {
    guard case .mapping(let cameras) = node else {
      throw .shape(key: "cameras", expected: "a mapping of names to sources", place: place)
    }
    for (nameNode, cameraNode) in cameras {
      let place = ConfigurationOrigin.file(path: path, line: nameNode.mark?.line ?? 1)
      guard case .scalar(let scalar) = nameNode, let name = CameraName(scalar.string) else {
        throw .cameraName(text: nameNode.string ?? "?", place: place)
      }
      var camera = CameraConfiguration(name: name, source: "", origin: place)
      switch cameraNode {
      case .scalar(let source): camera.source = source.string
      case .mapping(let mapping):
        var seen: [String: ConfigurationOrigin] = [:]
        try readCamera(mapping, prefix: "", path: path, into: &camera, seen: &seen)
      default: throw .shape(key: "cameras.\(name)", expected: "a source or a mapping", place: place)
      }
      guard !camera.source.isEmpty else { throw .missingSource(camera: name.rawValue, place: place) }
      try add(camera)
    }
  }

  private func readCamera(
    _ mapping: Node.Mapping, prefix: String, path: String, into camera: inout CameraConfiguration,
    seen: inout [String: ConfigurationOrigin]
  ) throws(ConfigurationError) {
    for (keyNode, valueNode) in mapping {
      let place = ConfigurationOrigin.file(path: path, line: keyNode.mark?.line ?? 1)
      let word = keyNode.string ?? "?"
      let name = prefix.isEmpty ? word : "\(prefix).\(word)"
      if let first = seen[name] { throw .duplicate(key: name, first: first, second: place) }
      seen[name] = place
      if name == "source" {
        guard case .scalar(let scalar) = valueNode else {
          throw .shape(key: "source", expected: "one address", place: place)
        }
        camera.source = scalar.string
      } else if let key = schema.cameraKey(name) {
        let value = try value(of: valueNode, for: key, place: place)
        camera.overrides[key.name] = ConfigurationEntry(value: value, origin: place)
      } else if schema.isSection(name), case .mapping(let section) = valueNode {
        try readCamera(section, prefix: name, path: path, into: &camera, seen: &seen)
      } else {
        throw .unknownKey(key: name, nearest: schema.nearestCameraKey(to: name), place: place)
      }
    }
  }

  private static func line(of error: YamlError) -> Int {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    default: 1
    }
  }

  private static func reason(of error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
      problem
    case .duplicatedKeysInMapping(let duplicates, _):
      "the key '\(duplicates.first ?? "?")' stands twice"
    default: "it cannot be read"
    }
  }
}
