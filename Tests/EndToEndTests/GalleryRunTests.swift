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
    let events = try Events(folder.file("e.jsonl"))
    let frame = try #require(try Programs.pictures(of: source, numbers: [60])[60])
    let persons = try #require(events.frames(of: "room").first { $0.frame == 60 }?.persons)
    let person = try #require(
      persons.filter { $0.identity != nil }.max { $0.score < $1.score })
    let identity = try #require(person.identity).rawValue
    let crop = try #require(frame.cropped(to: person.box.box.expanded(byShareOfWidth: 0.1, height: 0.03)))
    let photo = folder.file("photo.jpg")
    try Data(JPEG.encode(crop, quality: 95)).write(to: URL(filePath: photo))

    let search = try gallery(
      [
        "search", "--image", photo, "--json", "--crops", folder.file("found"), "--reason", "lost child",
        "--person", "1",
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
      ["search", "--image", whole, "--preview", folder.file("preview.jpg")] + models())
    #expect(several.exitCode == 2 && several.errors.contains("--person"), "\(several.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.file("preview.jpg")))

    let stats = try gallery(["stats", "--json"]).output
    for kind in ["crop", "embedding", "sighting", "event", "recording", "aggregate"] {
      #expect(stats.contains("\"kind\" : \"\(kind)\""))
    }
    #expect(!stats.contains("\"records\" : 0"), "something of every class is kept: \(stats)")

    let careful = try gallery(
      ["forget", "--image", photo, "--person", "1", "--confidence", "0.5"] + models())
    #expect(careful.exitCode == 2 && careful.errors.contains("--yes"), "\(careful.errors)")
    let forget = try gallery(
      [
        "forget", "--image", photo, "--person", "1", "--confidence", "0.5", "--yes", "--receipt",
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
    let refused = try run(["--privacy.show-only", "1"])
    #expect(refused.exitCode == 2 && refused.errors.contains("privacy.show-only"), "\(refused.errors)")
    let shown = try run(["--privacy.show-only", "1", "--privacy.reason", "request 17"])
    #expect(shown.exitCode == 0, "\(shown.errors)")
    #expect(shown.errors.contains("identity 1 is shown: request 17"))
    let audit = try gallery(["audit"]).output
    #expect(audit.contains("reveal") && audit.contains("request 17"))
    #expect(audit.contains("privacy.show-only: nobody to 1"))
    // Pictures of frames with an open face are not kept.
    #expect(try gallery(["list", "--json"]).output.contains("\"crops\" : 0"))
    #expect(try !gallery(["list", "--json"]).output.contains("\"crops\" : 1"))
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
    #expect(try Events(folder.file("e.jsonl")).frames(of: "room").count == 100)
    #expect(try gallery(["verify"]).exitCode == 0)
    #expect(try gallery(["list", "--json"]).output == before, "what was there is whole")
  }
}
