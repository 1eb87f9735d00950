import Foundation
import Testing
import ThroughlineTestKit

/// What a person may do wrong, and what may go wrong around them.
@Suite(.enabled(if: Programs.canRun && DemoFootage.isThere), .serialized) struct BadInputTests {
  private let cameras = DemoFootage.cameras ?? []

  private func run(_ arguments: [String], atMost seconds: Double = 300) throws -> ProgramRunner.Result {
    try Programs.throughline.run(["run"] + arguments + Programs.models, atMost: seconds)
  }

  @Test func oneBadSourceAmongGoodOnesStopsNobody() throws {
    let folder = try TemporaryFolder()
    try "this is no video".write(toFile: folder.file("text.mp4"), atomically: true, encoding: .utf8)
    let whole = try #require(FileManager.default.contents(atPath: cameras[0]))
    try whole.prefix(whole.count / 2).write(to: URL(filePath: folder.file("cut.mp4")))
    let result = try run([
      "good=\(cameras[1])", "missing=\(folder.file("none.mp4"))", "text=\(folder.file("text.mp4"))",
      "cut=\(folder.file("cut.mp4"))", "--offline", "--events", folder.file("events.jsonl"),
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    let events = try Events(folder.file("events.jsonl"))
    #expect(events.frames(of: "good").count == 100)
    #expect(result.output.contains("missing: "))
    #expect(result.output.contains("none.mp4"))
    #expect(result.output.contains("text.mp4"))
    #expect(result.output.contains("cut.mp4"))
  }

  @Test func whereNothingCanBeReadTheProgramFails() throws {
    let result = try run(["/nonexistent/none.mp4", "--offline"])
    #expect(result.exitCode == 1)
    #expect((result.output + result.errors).contains("/nonexistent/none.mp4"))
  }

  @Test(arguments: [
    ("text.mp4", "no video file"), ("sound.wav", "no video"), ("cut.mp4", "cut short"),
    ("rtsp://127.0.0.1:9/x", "refused"), ("silent", "no frame within"), ("locked", "password"),
  ])
  func aSourceWithoutAPictureIsOneLineAndAFailure(source: String, words: String) throws {
    let folder = try TemporaryFolder()
    try "this is no video".write(toFile: folder.file("text.mp4"), atomically: true, encoding: .utf8)
    let whole = try #require(FileManager.default.contents(atPath: cameras[0]))
    try whole.prefix(5000).write(to: URL(filePath: folder.file("cut.mp4")))
    try BadInputTests.silence.write(to: URL(filePath: folder.file("sound.wav")))
    let silent = try SilentServer()
    let locked = try Programs.throughline.start(
      [
        "replay", "a=\(cameras[0])", "--rtsp", "127.0.0.1:0", "--user", "me", "--password-environment",
        "WORD",
      ],
      environment: ["WORD": "secret"])
    defer {
      locked.signal(SIGTERM)
      _ = locked.wait(atMost: 20)
    }
    let address: String
    switch source {
    case "silent": address = "rtsp://127.0.0.1:\(silent.port)/a"
    case "locked":
      try waitFor { locked.outputSoFar.contains("rtsp://") }
      let line = try #require(
        locked.outputSoFar.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("rtsp://") })
      address = String(line)
    default: address = source.contains("://") ? source : folder.file(source)
    }
    let result = try run(["bad=\(address)", "--camera.attempts", "1", "--camera.timeout", "1"])
    #expect(result.exitCode == 1)
    let lines = result.errors.split(separator: "\n").filter { $0.contains(words) }
    #expect(lines.count == 1, "\(result.errors)")
  }

  @Test(arguments: [
    ["--record", "/proc/no-such-place"], ["--events", "/nonexistent/e.jsonl"],
    ["--mot", "/proc/no-such-place"],
    ["--gallery", "/nonexistent/g.sqlite"],
  ])
  func outputsThatCannotBeWrittenAreNamedBeforeTheRun(flags: [String]) throws {
    let result = try run([cameras[0], "--offline"] + flags)
    #expect(result.exitCode == 1)
    #expect(result.errors.contains(flags[1]), "\(result.errors)")
  }

  @Test func aFullDiskLosesEventsAndSaysSo() throws {
    let result = try run([cameras[0], "--offline", "--events", "/dev/full"])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("events were lost"))
  }

  @Test func controlCEndsTheRunAndKeepsWhatWasFound() throws {
    let folder = try TemporaryFolder()
    let running = try Programs.throughline.start(
      [
        "run", "a=\(cameras[0])", "b=\(cameras[1])", "--loop", "1000", "--record", folder.path, "--events",
        folder.file("events.jsonl"),
      ] + Programs.models)
    try waitFor { (try? Events(folder.file("events.jsonl")))?.frames(of: "a").count ?? 0 > 10 }
    running.signal(SIGINT)
    let result = running.wait(atMost: 20)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("all "))
    let events = try Events(folder.file("events.jsonl"))
    #expect(events.records.last?.event == .runEnded)
    #expect(try Programs.frameCount(of: folder.file("mosaic.mp4")) > 0)
  }

  @Test func aRecordingPlaysAfterAKill() throws {
    let folder = try TemporaryFolder()
    let running = try Programs.throughline.start(
      ["run", "a=\(cameras[0])", "--loop", "1000", "--record", folder.path] + Programs.models)
    try waitFor {
      let size =
        (try? FileManager.default.attributesOfItem(atPath: folder.file("mosaic.mp4"))[.size] as? NSNumber)?
        .intValue
      return size ?? 0 > 100_000
    }
    running.signal(SIGKILL)
    #expect(running.wait(atMost: 20).exitCode == -1)
    #expect(try Programs.frameCount(of: folder.file("mosaic.mp4")) > 5)
  }

  @Test func aCameraThatRefusesIsNamed() throws {
    let running = try Programs.throughline.start(
      ["run", "dead=rtsp://me:secret@127.0.0.1:9/x", "--log.level", "info"] + Programs.models)
    try waitFor { running.errorsSoFar.contains("127.0.0.1:9") }
    running.signal(SIGTERM)
    let result = running.wait(atMost: 20)
    #expect(result.errors.contains("127.0.0.1:9"))
    #expect(!(result.errors + result.output).contains("secret"))
  }

  /// A tenth of a second of silence as a WAV file: a medium without a picture.
  private static let silence: Data = {
    func bytes(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(value >> (8 * UInt32($0)) & 255) }
    }
    let samples = [UInt8](repeating: 0, count: 1600)
    var wave = Array("RIFF".utf8) + bytes(36 + 1600, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4) + bytes(1, 2)
    wave += bytes(1, 2) + bytes(8000, 4) + bytes(16000, 4) + bytes(2, 2) + bytes(16, 2)
    return Data(wave + Array("data".utf8) + bytes(1600, 4) + samples)
  }()

  /// Waits for something that another process does; gives up loudly.
  private func waitFor(_ condition: () -> Bool) throws {
    for _ in 0..<1200 {
      if condition() { return }
      usleep(50_000)
    }
    Issue.record("what was waited for did not happen within a minute")
  }
}
