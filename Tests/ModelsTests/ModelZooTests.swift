import Foundation
import Testing
import ThroughlineCore

@testable import Models

@Suite struct ModelZooTests {
  @Test func theZooOfTheProgramIsWhole() throws {
    let zoo = try ModelZoo.standard()
    for task in ModelTask.allCases where task != .reid {
      let entry = try #require(zoo.defaultEntry(for: task), "no default for \(task)")
      switch entry.source {
      case .pypi, .repository: break
      default: Issue.record("\(entry.name) cannot be had where only package servers are reached")
      }
    }
    for entry in zoo.entries where entry.task != .runtime {
      #expect(entry.runFile != nil, "\(entry.name)")
      #expect(entry.input != nil, "\(entry.name)")
      #expect(!entry.outputs.isEmpty, "\(entry.name)")
      #expect(entry.version.count == 12, "\(entry.name)")
    }
    let person = try zoo.entry(named: "ssd-mobilenet-v2-coco")
    #expect(person.input?.shape == [1, 3, 384, 640])
    #expect(person.input?.fit == .letterbox(fill: 114))
    #expect(person.decoder == .boxes)
    let osnet = try zoo.entry(named: "osnet-x0-25-msmt17")
    #expect(osnet.input?.order == .rgb)
    #expect(osnet.dimension == 512)
  }

  @Test func theDetectorsShareOneTensor() throws {
    let zoo = try ModelZoo.standard()
    let inputs = Set(zoo.entries.filter { $0.task == .person || $0.task == .face }.map(\.input))
    #expect(inputs.count == 1, "persons and faces are found with one scaling step")
  }

  @Test func whatIsCompiledInIsWhatLiesInTheRepository() throws {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let zoo = try String(contentsOf: root.appendingPathComponent("Models/zoo.yaml"), encoding: .utf8)
    #expect(EmbeddedResources.zoo == zoo)
    for name in ["ssd_to_onnx.py", "unpack_wheel.py", "download.py"] {
      let script = try Data(contentsOf: root.appendingPathComponent("tools/models/\(name)"))
      #expect(EmbeddedResources.script(named: name).map { Data($0) } == script, "\(name)")
    }
    #expect(EmbeddedResources.script(named: "../zoo.yaml") == nil)
  }

  @Test func namesTheNearestEntry() throws {
    let zoo = try ModelZoo.standard()
    let error = #expect(throws: ModelStoreError.self) { try zoo.entry(named: "yolo-nano") }
    #expect(error == .unknownModel(name: "yolo-nano", nearest: "yolox-nano"))
  }

  @Test(arguments: [("kitten", "sitting", 3), ("", "abc", 3), ("same", "same", 0)])
  func editDistance(left: String, right: String, expected: Int) {
    #expect(ModelZoo.distance(left, right) == expected)
    #expect(ModelZoo.distance(right, left) == expected)
  }

  static let good = """
    version: 1
    models:
      - name: a-model
        task: face
        summary: Something
        source: { url: "https://example.org/" }
        files:
          - { name: a.onnx, path: a.onnx, sha256: \(String(repeating: "0a", count: 32)) }
        licence: { code: MIT, weights: MIT }
        training: nothing
        input: { width: 64, height: 32, order: bgr, fit: stretch }
        decoder: yunet
    """

  @Test func readsASmallZoo() throws {
    let entry = try #require(try ModelZoo(yaml: Self.good, fileName: "z.yaml").entries.first)
    #expect(entry.name == "a-model")
    #expect(entry.source == .url(base: "https://example.org/"))
    #expect(entry.input == ModelInput(size: PictureSize(width: 64, height: 32), order: .bgr, fit: .stretch))
    #expect(!entry.isDefault)
  }

  @Test(arguments: [
    ("version: 1", "version: 2", 1, "version 2"),
    ("task: face", "task: hand", 4, "'hand' is not one of person, face"),
    ("    summary: Something\n", "", 3, "needs the key 'summary'"),
    ("training: nothing", "trainings: nothing", 10, "the nearest is 'training'"),
    ("https://example.org/", "http://example.org/", 6, "https://"),
    ("url: \"https://example.org/\"", "url: x, pypi: y", 6, "exactly one"),
    ("0a0a", "0A0a", 8, "64 lower-case hexadecimal digits"),
    ("name: a.onnx", "name: ../a.onnx", 8, "no plain file name"),
    ("name: a.onnx", "name: a.bin", 8, "no .onnx or .xml"),
    ("width: 64", "width: 64.5", 11, "whole number"),
    ("width: 64", "width: 1000000", 11, "whole number"),
    ("fit: stretch", "fit: crop", 11, "letterbox, stretch"),
    ("decoder: yunet", "decoder: embedding", 12, "does not fit"),
    ("decoder: yunet", "decoder: [", 13, ""),
    ("licence: { code: MIT, weights: MIT }", "licence: MIT", 9, "must have keys"),
    ("name: a-model", "name: a model", 3, "no model name"),
  ])
  func badZooNamesTheLine(old: String, new: String, line: Int, words: String) {
    let yaml = Self.good.replacingOccurrences(of: old, with: new)
    #expect(yaml != Self.good)
    let error = #expect(throws: ZooError.self) { try ModelZoo(yaml: yaml, fileName: "z.yaml") }
    #expect(error?.line == line)
    #expect(error?.description.hasPrefix("z.yaml:\(line): ") == true)
    #expect(words.isEmpty || error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    "", "[]", "text", "version: 1\nmodels: {}", "\u{0}", "version: 1\nversion: 1\nmodels: []",
  ])
  func rubbishIsRefused(yaml: String) {
    #expect(throws: ZooError.self) { try ModelZoo(yaml: yaml, fileName: "z.yaml") }
  }

  @Test func namesAndDefaultsAreUnique() {
    let body = Self.good.components(separatedBy: "models:\n")[1]
    let twice = Self.good + "\n" + body
    #expect(throws: ZooError.self) { try ModelZoo(yaml: twice, fileName: "z.yaml") }
    let defaults = [Self.good, body.replacingOccurrences(of: "a-model", with: "b-model")]
      .map { $0.replacingOccurrences(of: "task: face", with: "default: true\n    task: face") }
    let error = #expect(throws: ZooError.self) {
      try ModelZoo(yaml: defaults.joined(separator: "\n"), fileName: "z.yaml")
    }
    #expect(error?.problem.contains("already has a default") == true)
  }
}
