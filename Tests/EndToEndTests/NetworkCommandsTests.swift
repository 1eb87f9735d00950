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

  private static func crops(_ people: Int, in folder: String) -> [String: Data] {
    var files: [String: Data] = [:]
    for person in 1...people {
      for camera in 1...2 { files["\(folder)/\(1000 + person)_c\(camera)s1_0_0.bmp"] = bitmap }
    }
    return files
  }

  private func scores(_ file: String) throws -> [[String: Any]] {
    try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [[String: Any]])
  }

  @Test(arguments: [[], ["--no-rerank"]])
  func severalNetworksAreMeasuredInOneTableWithAndWithoutReranking(flags: [String]) throws {
    let place = try folder(Self.crops(2, in: "crops"))
    let name = try #require(Programs.models.last)
    let json = place.file("scores.json")
    let result = try Programs.throughline.run(
      ["evaluate", "reid", "--data", place.file("crops"), "--model", name, name, "--json", json] + flags)
    #expect(result.exitCode == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 3)
    let isReranked = flags.isEmpty
    #expect(
      lines[0].split(separator: " ").filter { ["R1", "R5", "R10", "mAP"].contains($0) }.count
        == (isReranked ? 8 : 4))
    // Name, data, queries, figures, time and work.
    #expect(lines[1].split(separator: " ").count == (isReranked ? 13 : 9))
    let scores = try scores(json)
    #expect(scores.map { $0["model"] as? String } == [name, name])
    for score in scores {
      let figures = ["rank1", "rank5", "rank10", "meanAveragePrecision", "queries"]
      #expect(figures.allSatisfy { (score["metrics"] as? [String: Any])?[$0] != nil })
      #expect((score["reranked"] != nil) == isReranked)
    }
  }

  @Test func picturesWithOtherNamesAreLeftOutAndSaid() throws {
    let files = Self.crops(2, in: "crops").merging(["crops/holiday.bmp": Self.bitmap]) { $1 }
    let place = try folder(files)
    let result = try Programs.throughline.run(
      ["evaluate", "reid", "--data", place.file("crops"), "--model"] + Programs.models.suffix(1))
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("are left out: 1, for example"), "\(result.errors)")
    #expect(result.errors.contains("holiday.bmp"), "\(result.errors)")
  }

  @Test func whatWasMeasuredBeforeACropThatIsNoPictureIsNotLost() throws {
    var files = Self.crops(2, in: "good").merging(Self.crops(2, in: "bad")) { $1 }
    files["bad/0009_c1s1_0_0.jpg"] = Data("no picture".utf8)
    let place = try folder(files)
    let name = try #require(Programs.models.last)
    let json = place.file("scores.json")
    let result = try Programs.throughline.run([
      "evaluate", "reid", "--data", place.file("good"), "--data", place.file("bad"), "--model", name,
      "--json", json,
    ])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("0009_c1s1_0_0.jpg"), "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 2)
    #expect(try scores(json).map { $0["data"] as? String } == ["good"])
  }

  @Test func whatWasMeasuredBeforeAnInterruptionIsNotLost() throws {
    let place = try folder(Self.crops(2, in: "small").merging(Self.crops(1500, in: "large")) { $1 })
    let json = place.file("scores.json")
    let running = try Programs.throughline.start(
      [
        "evaluate", "reid", "--data", place.file("small"), "--data", place.file("large"), "--json", json,
        "--model",
      ]
        + Programs.models.suffix(1))
    // The bar shows itself after half a second only, which the small folder does not need.
    while running.isRunning, !running.errorsSoFar.contains("large") { usleep(10_000) }
    running.signal(SIGINT)
    let result = running.wait()
    #expect(result.exitCode == 1)
    #expect(result.errors.contains("interrupted"), "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 2)
    #expect(try scores(json).map { $0["data"] as? String } == ["small"])
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
    (["models", "compile", "throughline-reid-s-int8", "--calibration", "EMPTY"], "8 bits already", 2),
    (["models", "bench", "no-such-model"], "no-such-model", 2),
    (["models", "bench", "yunet-2023mar", "--data", "EMPTY"], "none of the networks is a re-ID network", 1),
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

  private static func isHere(_ name: String) -> Bool {
    if let entry = try? ModelZoo.standard().entry(named: name), ModelStore().isPresent(entry) { return true }
    FileHandle.standardError.write(Data("SKIPPED: a test that needs '\(name)', which is not fetched\n".utf8))
    return false
  }

  /// Models of this machine in a folder of its own, so that a test leaves nothing among the user's.
  private func ownModels(_ names: [String], in place: TemporaryFolder) throws -> String {
    let (manager, all, own) = (FileManager.default, ModelStore().directory, place.file("cache"))
    try manager.createDirectory(atPath: own + "/models", withIntermediateDirectories: true)
    let runtimes = try manager.contentsOfDirectory(atPath: all).filter { $0.hasPrefix("openvino") }
    for name in runtimes + names.map({ "models/" + $0 }) {
      try manager.createSymbolicLink(atPath: "\(own)/\(name)", withDestinationPath: "\(all)/\(name)")
    }
    return own
  }

  /// An interpreter that "quantises" by handing out the 8-bit network of this repository.
  private func interpreter(in place: TemporaryFolder) throws -> String {
    let weights = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Models/weights/throughline-reid-s-int8").path
    let path = place.file("python")
    try "#!/bin/sh\ncp '\(weights).xml' \"$3\"\ncp '\(weights).bin' \"${3%.xml}.bin\"\n".write(
      toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  @Test func aCompilationPrintsAccuracyAndSpeedBeforeAndAfter() throws {
    let base = "throughline-reid-s"
    guard Self.isHere(base) else { return }
    let place = try folder(Self.crops(4, in: "crops"))
    let own = try ownModels([base], in: place)
    let json = place.file("report.json")
    // Two of the eight crops are fitted to; the others have labels and are measured on.
    let result = try Programs.throughline.run([
      "models", "compile", base, "--precision", "int8", "--calibration", place.file("crops"), "--pictures",
      "2",
      "--python", try interpreter(in: place), "--directory", own, "--json", json,
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    for text in ["p50 ms", "p95 ms", "crops Rank-1", "crops mAP", "times as fast", "agreement (cosine)"] {
      #expect(result.output.contains(text), "\(result.output)")
    }
    let report = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: json))) as? [String: Any])
    for (side, name) in [("before", base), ("after", "throughline-reid-s-int8-own")] {
      let figures = try #require(report[side] as? [String: Any])
      #expect(figures["model"] as? String == name)
      #expect((figures["accuracy"] as? [String: Double])?.keys.sorted() == ["crops Rank-1", "crops mAP"])
    }
    let list = try Programs.throughline.run(["models", "list", "--directory", own])
    #expect(list.output.contains("throughline-reid-s-int8-own"))
  }

  @Test(arguments: [
    ("--data", "boxes", "is a re-ID network and needs crops"), ("--data", "crops/none", "crops/none"),
  ])
  func dataOfAnotherKindStopsACompilationBeforeItBegins(flag: String, folderName: String, message: String)
    throws
  {
    let base = "throughline-reid-s"
    guard Self.isHere(base) else { return }
    let place = try folder(
      Self.crops(2, in: "crops").merging(["boxes/images/a.bmp": Self.bitmap, "boxes/labels/a.txt": Data()]) {
        $1
      })
    let result = try Programs.throughline.run([
      "models", "compile", base, "--calibration", place.file("crops"), flag, place.file(folderName),
      "--python", "/bin/false", "--directory", try ownModels([base], in: place),
    ])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains(message), "\(result.errors)")
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
