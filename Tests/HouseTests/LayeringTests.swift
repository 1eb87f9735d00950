import Foundation
import Testing

/// The arrows of the house: a module imports only modules that stand above it in this list.
private let house: [(module: String, mayImport: Set<String>)] = [
  ("ThroughlineCore", []),
  ("Configuration", ["ThroughlineCore", "Yams"]),
  ("Imaging", ["ThroughlineCore", "CKernels", "CTurboJPEG", "CYUV"]),
  ("Privacy", ["ThroughlineCore", "Imaging"]),
  ("Media", ["ThroughlineCore", "Imaging", "Privacy", "CGStreamer"]),
  ("Inference", ["ThroughlineCore", "COpenVINO"]),
  ("Models", ["ThroughlineCore", "Inference", "Crypto", "Yams"]),
  ("Detection", ["ThroughlineCore", "Imaging", "Inference", "Models"]),
  ("Tracking", ["ThroughlineCore"]),
  ("Reidentification", ["ThroughlineCore", "Imaging", "Inference", "Models"]),
  ("Gallery", ["ThroughlineCore"]),
  ("Association", ["ThroughlineCore", "Gallery"]),
  ("Store", ["ThroughlineCore", "Gallery", "Crypto", "CryptoExtras", "GRDB"]),
  ("Evaluation", ["ThroughlineCore", "Tracking", "Gallery", "Association"]),
  (
    "Pipeline",
    [
      "ThroughlineCore", "Configuration", "Imaging", "Media", "Inference", "Models", "Detection", "Tracking",
      "Reidentification", "Gallery", "Association", "Store", "Privacy", "CAllocator", "CKernels",
      "Logging",
    ]
  ),
]

/// The system's own modules; every module but the pure ones may use them.
private let system: Set<String> = ["Foundation", "Synchronization", "Glibc", "Musl", "Dispatch"]

/// Modules that know no pixels, no C library, no lock and no clock.
private let pure: Set<String> = ["ThroughlineCore", "Tracking", "Gallery", "Association", "Evaluation"]

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

private func swiftFiles(below directory: String) -> [URL] {
  let enumerator = FileManager.default.enumerator(
    at: root.appending(path: directory), includingPropertiesForKeys: nil)
  return (enumerator?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
}

private func imports(of file: URL) throws -> Set<String> {
  let pattern =
    /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal |private |fileprivate )?import\s+(?:struct |class |enum |func |protocol |typealias |var |let )?(\w+)/
  let text = try String(contentsOf: file, encoding: .utf8)
  return Set(text.split(separator: "\n").compactMap { try? pattern.firstMatch(in: $0)?.1 }.map(String.init))
}

@Suite struct LayeringTests {
  @Test(arguments: house.map(\.module)) func importsOnlyWhatStandsAbove(module: String) throws {
    let allowed = try #require(house.first { $0.module == module }).mayImport
    let files = swiftFiles(below: "Sources/\(module)")
    #expect(!files.isEmpty, "Sources/\(module) has no Swift file")
    for file in files {
      let wrong = try imports(of: file).subtracting(allowed).subtracting(system)
      #expect(wrong.isEmpty, "\(module)/\(file.lastPathComponent) imports \(wrong.sorted())")
    }
  }

  @Test(arguments: pure.sorted()) func pureModulesKnowNoClockAndNoSystem(module: String) throws {
    let forbidden: [Regex<Substring>] = [
      /\bDate\(\)/, /\bFileManager\b/, /\bContinuousClock\b/, /\bThread\b/, /\bclock_gettime\b/,
    ]
    for file in swiftFiles(below: "Sources/\(module)") {
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(
        try imports(of: file).isDisjoint(with: ["Glibc", "Dispatch", "Synchronization"]),
        "\(file.lastPathComponent)")
      for line in text.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
        for pattern in forbidden {
          #expect(try pattern.firstMatch(in: line) == nil, "\(module)/\(file.lastPathComponent): \(line)")
        }
      }
    }
  }

  @Test func everyModuleStandsInTheList() throws {
    let others: Set<String> = ["ThroughlineTestKit", "throughline"]
    let directories = try FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: "Sources").path)
    let unknown = Set(directories).subtracting(house.map(\.module)).subtracting(others).filter {
      !$0.hasPrefix("C") || $0.dropFirst().first?.isUppercase == false
    }
    #expect(unknown.isEmpty, "no place in the house for \(unknown.sorted())")
  }

  @Test func theManifestDeclaresTheSameArrows() throws {
    let manifest = try String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)
    let declaration = /module\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/
    for match in manifest.matches(of: declaration) {
      guard let entry = house.first(where: { $0.module == match.1 }) else { continue }
      let list = String(match.2 ?? "")
      let names = Set(list.matches(of: /"(\w+)"(?!\s*,\s*package)/).map { String($0.1) })
        .union(list.matches(of: /name: "(\w+)"/).map { String($0.1) })
        .filter { !["swift-crypto", "swift-log"].contains($0) }
      let packages = Set(list.matches(of: /package: "([\w.-]+)"/).map { String($0.1) })
      let wrong = names.subtracting(entry.mayImport).subtracting(packages)
      #expect(wrong.isEmpty, "Package.swift lets \(entry.module) depend on \(wrong.sorted())")
    }
  }
}
