import Foundation
import Testing
import ThroughlineCore

@testable import Models

/// Models that were made on this machine from others.
@Suite final class CompiledModelsTests {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  private let store: ModelStore
  private let base = ModelEntry(
    name: "toy", task: .face, summary: "Faces: \"quoted\", with a colon", isDefault: true,
    source: .repository,
    files: [], codeLicence: "MIT", weightsLicence: "none; see #card", trainingData: "- two\n- lines",
    input: ModelInput(
      size: PictureSize(width: 64, height: 32), order: .bgr, scale: 1 / 255, mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225], fit: .letterbox(fill: 114)),
    outputs: ["a", "b"], decoder: .yunet, multiplyAccumulates: 123,
    accuracy: [ModelAccuracy(data: "some", measure: "AP50", value: 12.25)])

  init() { store = ModelStore(directory: root + "/cache", environment: ProcessInfo.processInfo.environment) }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  private func work(_ weights: String) throws -> String {
    let folder = try ModelCompiler(store: store).makeWorkFolder(for: "toy") + "/result"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("graph".utf8).write(to: URL(fileURLWithPath: folder + "/toy-int8.xml"))
    try Data(weights.utf8).write(to: URL(fileURLWithPath: folder + "/toy-int8.bin"))
    return folder
  }

  private func install(_ weights: String) throws -> ModelEntry {
    var entry = base
    entry.name = ModelStore.compiledName(of: "toy", precision: "int8")
    return try store.install(
      entry, compiledFrom: "toy", folder: try work(weights), files: ["toy-int8.xml", "toy-int8.bin"])
  }

  @Test func areRegisteredLikeFetchedOnesAndReadBackWhole() throws {
    let entry = try install("weights")
    #expect(entry.name == "toy-int8")
    #expect(entry.isCompiled && !entry.isDefault)
    let (entries, problems) = store.compiledEntries()
    #expect(entries == [entry])
    #expect(problems.isEmpty)
    #expect(try store.path(of: entry) == root + "/cache/models/toy-int8/toy-int8.xml")
    let zoo = ModelZoo(entries: [base]).adding(entries)
    #expect(try zoo.entry(named: "toy-int8").input == base.input)
    #expect(zoo.defaultEntry(for: .face)?.name == "toy")
  }

  @Test func replaceAnEarlierOneAndChangeItsVersion() throws {
    let first = try install("weights")
    let second = try install("other weights")
    #expect(first.version != second.version)
    #expect(store.compiledEntries().entries == [second])
    try store.verify(second)
    #expect(throws: ModelStoreError.self) { try store.verify(first) }
  }

  @Test func theZoosOwnModelsComeFirst() throws {
    let entry = try install("weights")
    var own = base
    own.name = entry.name
    #expect(try ModelZoo(entries: [own]).adding([entry]).entry(named: "toy-int8").isCompiled == false)
  }

  @Test(arguments: ["rubbish: [", "version: 1\nmodels: []", "version: 2\nmodels: []", ""])
  func aDamagedEntryIsNamedAndLeftOut(text: String) throws {
    let entry = try install("weights")
    let path = store.folder(of: entry) + "/entry.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let (entries, problems) = store.compiledEntries()
    #expect(entries.isEmpty)
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix(path) == true)
    #expect(problems.first?.contains("compile it anew") == true)
  }

  @Test func anEntryUnderAnotherNameIsNoModel() throws {
    let entry = try install("weights")
    let folder = store.folder(of: entry)
    try FileManager.default.moveItem(atPath: folder, toPath: folder + "-moved")
    #expect(store.compiledEntries().entries.isEmpty)
    #expect(store.compiledEntries().problems.count == 1)
  }

  @Test func cannotBeFetched() throws {
    let entry = try install("weights")
    try FileManager.default.removeItem(atPath: store.folder(of: entry) + "/toy-int8.bin")
    let error = #expect(throws: ModelStoreError.self) { try store.fetch(entry) }
    #expect(error?.description.contains("throughline models compile toy") == true)
  }

  @Test(arguments: [
    ("", 0), ("progress 3\nprogress 41\nsomething\n", 41), ("progress x\n", 0), ("progress 7", 7),
  ])
  func looksAreReadFromWhatTheScriptSays(text: String, expected: Int) {
    #expect(ModelCompiler.looks(in: text) == expected)
  }

  @Test func anInterpreterThatIsNoneIsNamed() throws {
    var options = ModelCompiler.Options()
    options.python = root + "/no-python"
    let compiler = ModelCompiler(store: store)
    let error = #expect(throws: ModelStoreError.self) {
      try compiler.quantise(
        base, modelPath: "m.onnx", output: "toy-int8", calibration: .init(path: "c", count: 1),
        options: options,
        workFolder: try compiler.makeWorkFolder(for: "toy"), progress: { _ in })
    }
    #expect(error?.description.contains("no-python") == true)
  }

  /// An interpreter that behaves as one without the packages, and one whose packages fail.
  @Test(arguments: [
    (
      "echo 'error: this Python cannot quantise: no module named nncf'; exit 1",
      "this Python cannot quantise: no module named nncf"
    ),
    ("echo progress 1; echo 'Traceback ...'; echo 'ValueError: bad layer'; exit 1", "ValueError: bad layer"),
    ("exit 1", "it said nothing"),
  ])
  func aFailedQuantisationSaysWhyAndLeavesNothing(script: String, reason: String) throws {
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    let python = root + "/python"
    try "#!/bin/sh\n\(script)\n".write(toFile: python, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    var options = ModelCompiler.Options()
    options.python = python
    let compiler = ModelCompiler(store: store)
    let work = try compiler.makeWorkFolder(for: "toy")
    let error = #expect(throws: ModelStoreError.self) {
      try compiler.quantise(
        base, modelPath: "m.onnx", output: "toy-int8", calibration: .init(path: "c", count: 1),
        options: options,
        workFolder: work, progress: { _ in })
    }
    #expect(error == .compilationFailed(name: "toy", reason: reason))
    #expect(store.compiledEntries().entries.isEmpty)
  }
}
