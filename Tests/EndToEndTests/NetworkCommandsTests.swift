import Foundation
import Models
import Testing
import ThroughlineTestKit

/// Commands that measure and compile networks, on folders that are not what they should be.
@Suite(.enabled(if: Programs.canRun)) struct NetworkCommandsTests {
  /// A grey picture of 16 x 32 pixels.
  private static let bitmap: Data = {
    let (width, height) = (16, 32)
    var data = Data("BM".utf8)
    func append(_ value: Int, _ count: Int) {
      for byte in 0..<count { data.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    for (value, count) in [
      (54 + width * height * 3, 4), (0, 4), (54, 4), (40, 4), (width, 4), (height, 4), (1, 2), (24, 2),
      (0, 4),
      (width * height * 3, 4), (2835, 4), (2835, 4), (0, 4), (0, 4),
    ] {
      append(value, count)
    }
    for index in 0..<width * height * 3 { data.append(UInt8(truncatingIfNeeded: 64 + index % 128)) }
    return data
  }()

  private func folder(_ files: [String: Data]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, data) in files {
      let url = URL(filePath: folder.file(name))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: url)
    }
    return folder
  }

  @Test(
    arguments: [
      ([:], "holds no crop"),
      (["0001_c1s1_0_0.bmp": bitmap], "one camera only"),
      (["0001_c1s1_0_0.bmp": bitmap, "0002_c2s1_0_0.bmp": bitmap], "each person needs crops of two cameras"),
      (["0001_c1s1_0_0.jpg": Data("no picture".utf8), "0001_c2s1_0_0.bmp": bitmap], "0001_c1s1_0_0.jpg"),
      (["person.bmp": bitmap], "person.bmp"),
      (["query/0001_c1s1_0_0.bmp": bitmap], "neither bounding_box_test/ nor gallery/"),
    ] as [([String: Data], String)])
  func cropsThatCannotBeMeasuredAreNamed(files: [String: Data], message: String) throws {
    let place = try folder(files)
    let result = try Programs.throughline.run(
      ["evaluate", "reid", "--data", place.path, "--model"] + Programs.models.suffix(1))
    #expect(result.exitCode == 1)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func severalNetworksAreMeasuredInOneTable() throws {
    let place = try folder([
      "crops/0001_c1s1_0_0.bmp": Self.bitmap, "crops/0001_c2s1_0_0.bmp": Self.bitmap,
      "crops/0002_c1s1_0_0.bmp": Self.bitmap, "crops/0002_c2s1_0_0.bmp": Self.bitmap,
    ])
    let name = try #require(Programs.models.last)
    let json = place.file("scores.json")
    let result = try Programs.throughline.run([
      "evaluate", "reid", "--data", place.file("crops"), "--model", name, name, "--rerank", "--json", json,
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 3)
    let scores = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: json))) as? [[String: Any]])
    #expect(scores.map { $0["model"] as? String } == [name, name])
    #expect(scores.allSatisfy { $0["reranked"] != nil })
  }

  @Test func benchPrintsOneRowForEachModelAndOneColumnForEachThread() throws {
    let place = try folder([:])
    let name = try #require(Programs.models.last)
    let json = place.file("bench.json")
    let result = try Programs.throughline.run([
      "models", "bench", name, "yunet-2023mar", "--threads", "2", "--seconds", "0.05", "--json", json,
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("2t /s"))
    let rows = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: json))) as? [[String: Any]])
    #expect(rows.map { $0["model"] as? String } == [name, "yunet-2023mar"])
    #expect(rows.allSatisfy { ($0["throughput"] as? [Double])?.count == 2 })
    #expect(rows.allSatisfy { ($0["multiplyAccumulates"] as? Int ?? 0) > 1_000_000 })
  }

  @Test(arguments: [
    (["models", "compile", "yunet-2023mar"], "--calibration", 2),
    (["models", "compile", "no-such-model", "--calibration", "EMPTY"], "no-such-model", 2),
    (["models", "compile", "openvino", "--calibration", "EMPTY"], "not a network", 2),
    (["models", "compile", "yunet-2023mar", "--calibration", "EMPTY", "--precision", "int4"], "int4", 2),
    (["models", "compile", "yunet-2023mar", "--calibration", "EMPTY"], "holds no picture", 1),
    (["models", "compile", "yunet-2023mar", "--calibration", "EMPTY/none"], "no such folder", 1),
    (["models", "bench", "no-such-model"], "no-such-model", 2),
    (["models", "bench", "--threads", "0"], "--threads must be 1 to 256", 2),
  ])
  func whatCannotBeCompiledOrMeasuredIsNamed(arguments: [String], message: String, code: Int32) throws {
    let place = try folder([:])
    let result = try Programs.throughline.run(
      arguments.map { $0.replacingOccurrences(of: "EMPTY", with: place.path) })
    #expect(result.exitCode == code, "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func aCropThatIsNoPictureStopsACompilationBeforeAnythingIsInstalled() throws {
    let place = try folder(["bad.jpg": Data("no picture".utf8)])
    let result = try Programs.throughline.run([
      "models", "compile", "yunet-2023mar", "--calibration", place.path, "--python", "/bin/false",
    ])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("bad.jpg"), "\(result.errors)")
  }

  @Test func damagedLabelsAreNamedWithTheirLine() throws {
    let place = try folder([
      "images/a.bmp": Self.bitmap, "labels/a.txt": Data("0 0.5 0.5 0.2 0.2\n0 0.5 7 0.2 0.2\n".utf8),
    ])
    let result = try Programs.throughline.run([
      "models", "bench", "yunet-2023mar", "--threads", "1", "--seconds", "0.05", "--data", place.path,
    ])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("labels/a.txt:2"), "\(result.errors)")
  }
}
