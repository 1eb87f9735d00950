import Foundation
import Imaging
import Store
import Testing
import ThroughlineCore
import ThroughlineTestKit

/// What a run keeps in its gallery, and what is found in it afterwards.
@Suite(.enabled(if: Programs.canRun && DemoFootage.isThere), .serialized) struct GalleryRunTests {
  private struct Hit: Decodable {
    struct Crop: Decodable {
      var file: String?
    }
    var identity: UInt64
    var confidence: Double
    var crops: [Crop]
  }

  private let folder: TemporaryFolder
  private let source: String

  init() throws {
    folder = try TemporaryFolder()
    source = try #require(DemoFootage.cameras)[1]
  }

  private func program(_ words: [String], atMost seconds: Double = 600) throws -> ProgramRunner.Result {
    try Programs.throughline.run(
      words, environment: ["XDG_CONFIG_HOME": folder.file("config")], atMost: seconds)
  }

  private func run(_ flags: [String] = []) throws -> ProgramRunner.Result {
    try program(
      [
        "run", "room=\(source)", "--offline", "--gallery", folder.file("g.db"), "--events",
        folder.file("e.jsonl"),
      ]
        + flags + Programs.models)
  }

  private func gallery(_ words: [String]) throws -> ProgramRunner.Result {
    var rest = words
    let command = rest.removeFirst()
    return try program(["gallery", command, "--gallery", folder.file("g.db")] + rest)
  }

  /// The settings of the commands that look at photos.
  private func models() throws -> [String] {
    guard Programs.models.count == 2 else { return [] }
    try "reidentification.model: \(Programs.models[1])\n".write(
      toFile: folder.file("t.yaml"), atomically: true, encoding: .utf8)
    return ["--config", folder.file("t.yaml")]
  }

  @Test func aPersonOfTheFootageIsFoundShownAndForgotten() throws {
    let first = try run(["--record", folder.path])
    #expect(first.exitCode == 0, "\(first.errors)")
    #expect(first.errors.contains("mosaic.mp4 will be deleted 72 hours after"), "\(first.errors)")
    #expect(try gallery(["stats"]).output.contains("mosaic.mp4 is deleted on"))
    let events = try Events(folder.file("e.jsonl"))
    let frame = try #require(try Programs.pictures(of: source, numbers: [60])[60])
    let persons = try #require(events.frames(of: "room").first { $0.frame == 60 }?.persons)
    let person = try #require(
      persons.filter { $0.identity != nil }.max { $0.score < $1.score })
    let identity = try #require(person.identity).rawValue
    let crop = try #require(frame.cropped(to: person.box.box.expanded(byShareOfWidth: 0.1, height: 0.03)))
    let photo = folder.file("photo.jpg")
    try Data(JPEG.encode(crop, quality: 95)).write(to: URL(filePath: photo))

    // Others may reach into the cut: the one who was meant is the largest.
    let asked = try gallery(["search", "--image", photo] + models())
    let listed = (asked.output + asked.errors).matches(of: /\n?\s+(\d+)\s+at \S+\s+(\d+)x(\d+) pixels/)
    let largest = listed.max { (Int($0.2) ?? 0) * (Int($0.3) ?? 0) < (Int($1.2) ?? 0) * (Int($1.3) ?? 0) }
    let number = largest.map { String($0.1) } ?? "1"
    let search = try gallery(
      [
        "search", "--image", photo, "--json", "--crops", folder.file("found"), "--reason", "lost child",
        "--person", number,
      ]
        + models())
    #expect(search.exitCode == 0, "\(search.errors)")
    let hits = try JSONDecoder().decode([Hit].self, from: Data(search.output.utf8))
    #expect(hits.first?.identity == identity)
    #expect(hits.first?.confidence ?? 0 > 0.5, "\(search.output)")
    #expect(hits.contains { $0.crops.contains { $0.file != nil } })
    for file in hits.flatMap({ $0.crops.compactMap(\.file) }) {
      let bytes = try Data(contentsOf: URL(filePath: file))
      #expect(try JPEG.decode([UInt8](bytes)).size.height <= 384)
    }

    // A whole frame shows several persons: it must not be guessed which.
    let whole = folder.file("whole.jpg")
    try Data(JPEG.encode(frame, quality: 95)).write(to: URL(filePath: whole))
    let several = try gallery(
      ["search", "--image", whole, "--preview", folder.file("preview.jpg"), "--json"] + models())
    #expect(several.exitCode == 2 && several.errors.contains("--person"), "\(several.errors)")
    let choice = try JSONSerialization.jsonObject(with: Data(several.output.utf8)) as? [String: Any]
    #expect((choice?["persons"] as? [Any])?.count ?? 0 > 1, "\(several.output)")
    #expect(FileManager.default.fileExists(atPath: folder.file("preview.jpg")))

    let stats = try gallery(["stats", "--json"]).output
    for kind in ["crop", "embedding", "sighting", "event", "recording", "aggregate"] {
      #expect(stats.contains("\"kind\" : \"\(kind)\""))
    }
    #expect(!stats.contains("\"records\" : 0"), "something of every class is kept: \(stats)")

    let careful = try gallery(
      ["forget", "--image", photo, "--person", number, "--confidence", "0.5"] + models())
    #expect(careful.exitCode == 2 && careful.errors.contains("--yes"), "\(careful.errors)")
    let forget = try gallery(
      [
        "forget", "--image", photo, "--person", number, "--confidence", "0.5", "--yes", "--receipt",
        folder.file("r.json"),
      ]
        + models())
    #expect(
      forget.exitCode == 0 && forget.output.contains("Erased: identity \(identity)"), "\(forget.errors)")
    #expect(forget.errors.contains("mosaic.mp4"), "the recording is named")
    #expect(try gallery(["verify", "--receipt", folder.file("r.json")]).exitCode == 0)
    #expect(try gallery(["show", "\(identity)"]).exitCode == 1)
    #expect(try gallery(["audit"]).output.contains("lost child"))
  }

  @Test func showingAPersonTakesAReasonAndIsLogged() throws {
    // Whoever is to be shown must be known: a number that is given out later is a stranger's.
    let stranger = try run(["--privacy.show-only", "1", "--privacy.reason", "request 17"])
    #expect(stranger.exitCode == 2 && stranger.errors.contains("knows no identity 1"), "\(stranger.errors)")
    #expect(try run().exitCode == 0)
    func pictures() throws -> String {
      let lines = try gallery(["stats"]).output.split(separator: "\n")
      return String(try #require(lines.first { $0.hasPrefix("crop") }).prefix(20))
    }
    let before = try pictures()
    let refused = try run(["--privacy.show-only", "1"])
    #expect(refused.exitCode == 2 && refused.errors.contains("privacy.show-only"), "\(refused.errors)")
    let shown = try run(["--privacy.show-only", "1", "--privacy.reason", "request 17"])
    #expect(shown.exitCode == 0, "\(shown.errors)")
    #expect(shown.errors.contains("identity 1 is shown: request 17"))
    let audit = try gallery(["audit"]).output
    #expect(audit.contains("reveal") && audit.contains("request 17"))
    #expect(audit.contains("privacy.show-only: nobody to 1"))
    // Pictures of frames with an open face are not kept.
    #expect(try pictures() == before)
  }

  /// The key is renewed and corrections are taken while a run holds the gallery; no camera is needed for that.
  @Test func aRunDoesWhatItIsAskedWhileItHoldsTheGallery() throws {
    let running = try Programs.throughline.start(
      ["run", "room=rtsp://127.0.0.1:9/nobody", "--gallery", folder.file("g.db")] + Programs.models,
      environment: ["XDG_CONFIG_HOME": folder.file("config")])
    for _ in 0..<1200 where !FileManager.default.fileExists(atPath: folder.file("g.db.socket")) {
      usleep(50_000)
    }
    for _ in 0..<2 {
      let rotated = try gallery(["rotate-key", "--reason", "yearly"])
      #expect(rotated.exitCode == 0 && rotated.output.contains("is replaced by"), "\(rotated.errors)")
    }
    #expect(try gallery(["stats"]).exitCode == 0, "a reader finds the new key")
    let nobody = try gallery(["merge", "1", "--into", "2"])
    #expect(nobody.exitCode == 1 && nobody.errors.contains("identity 1"), "\(nobody.errors)")
    let name = try gallery(["name", "1", "Ada"])
    #expect(name.exitCode == 2 && name.errors.contains("gallery.naming-purpose"), "\(name.errors)")
    let prune = try gallery(["prune"])
    #expect(prune.exitCode == 1 && prune.errors.contains("in use by process"), "\(prune.errors)")
    running.signal(SIGINT)
    _ = running.wait(atMost: 60)
    #expect(try gallery(["verify"]).exitCode == 0)
    #expect(try gallery(["audit"]).output.contains("yearly"))
    #expect(try gallery(["prune"]).exitCode == 0)
  }

  /// kill -9 in the middle, twice: the file is whole, its recording is not forgotten, and the next run goes on.
  @Test func aKilledRunLeavesAWholeGallery() throws {
    for round in 0..<2 {
      let running = try Programs.throughline.start(
        [
          "run", "room=\(source)", "--offline", "--gallery", folder.file("g.db"), "--record", folder.path,
          "--events", folder.file("e.jsonl"),
        ] + Programs.models, environment: ["XDG_CONFIG_HOME": folder.file("config")])
      for _ in 0..<1200 where running.isRunning {
        let events = (try? String(contentsOfFile: folder.file("e.jsonl"), encoding: .utf8)) ?? ""
        if events.contains("identity.created") { break }
        usleep(50_000)
      }
      // The last second may be lost, so that more than that is given to it.
      usleep(UInt32(1_200_000 + round * 400_000))
      running.signal(SIGKILL)
      _ = running.wait(atMost: 60)
      let check = try gallery(["verify"])
      #expect(check.exitCode == 0, "round \(round): \(check.output) \(check.errors)")
      #expect(try gallery(["stats"]).output.contains("mosaic.mp4 is deleted on"))
    }
    #expect(try run().exitCode == 0)
    #expect(try gallery(["verify"]).exitCode == 0)
  }

  /// Locked by another program, and a file that may not grow: the cameras do not notice.
  @Test func aGalleryThatCannotBeWrittenStopsNoCamera() throws {
    #expect(try run().exitCode == 0)
    let before = try gallery(["list", "--json"]).output
    let other = try FileLocker(folder.file("g.db"))
    let locked = try run()
    try other.release()
    #expect(locked.exitCode == 0, "\(locked.errors)")
    #expect((locked.errors + locked.output).contains("another program holds it"), "\(locked.errors)")
    #expect(!locked.output.contains("wrote \(folder.file("g.db"))"), "\(locked.output)")
    #expect(locked.output.contains("lacks what this run learned"), "\(locked.output)")
    #expect(try Events(folder.file("e.jsonl")).frames(of: "room").count == 100)
    #expect(try gallery(["verify"]).exitCode == 0)
    #expect(try gallery(["list", "--json"]).output == before, "what was there is whole")
  }
}
