import Foundation
import Testing
import ThroughlineTestKit

/// The built program with words that need no model and no camera.
@Suite(.enabled(if: ProgramRunner.built != nil)) struct CommandLineTests {
  private let program = ProgramRunner.built ?? ProgramRunner(path: "/nonexistent")

  @Test func helpNamesEveryCommand() throws {
    let result = try program.run(["--help"])
    #expect(result.exitCode == 0)
    for command in ["run", "config", "models", "doctor"] { #expect(result.output.contains(command)) }
  }

  @Test(arguments: [
    (["run"], "no source given"),
    (["run", "--recrod", "x", "a.mp4"], "did you mean '--record'"),
    (["run", "--config", "/nonexistent.yaml"], "/nonexistent.yaml"),
    (["run", "a.mp4", "--detection.person-threshold", "2"], "0 to 1"),
    (["run", "a.mp4", "--privacy.faces", "off"], "needs a written reason"),
    (["run", "a=x.mp4", "a=y.mp4"], "two cameras named 'a'"),
    (["run", "--offline", "rtsp://127.0.0.1:1/x"], "cannot be read with --offline"),
    (["run", "gopher://x"], "gopher"),
    (["models", "fetch", "no-such-model"], "no-such-model"),
    (["models", "fetch"], "name the models to fetch"),
    (["run", "a.mp4", "--detection.input-size", "100x100"], "multiples of 32"),
    (["evaluate", "tracking", "--truth", "a.txt"], "name one for each"),
    (["evaluate", "cameras", "--cache", "a.jsonl", "--results", "b.txt"], "two ways"),
    (["evaluate", "cameras", "--truth", "a.txt", "--join", "7"], "ID=ID"),
    (["evaluate", "world", "--cameras", "0"], "1 to 1000"),
    (["nonsense"], "nonsense"),
  ])
  func wordsThatAreNotUnderstoodEndWithTwo(arguments: [String], message: String) throws {
    let result = try program.run(arguments)
    #expect(result.exitCode == 2, "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func aWrongKeyInAFileNamesTheLine() throws {
    let folder = try TemporaryFolder()
    try "tracker:\n  keep-nw: 1\n".write(toFile: folder.file("t.yaml"), atomically: true, encoding: .utf8)
    let result = try program.run(["run", "--config", folder.file("t.yaml"), "a.mp4"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("t.yaml:2"))
    #expect(result.errors.contains("tracker.keep-new"))
  }

  @Test func theWorldIsTheSameTwice() throws {
    let words = ["evaluate", "world", "--cameras", "2", "--people", "5", "--duration", "40"]
    let first = try program.run(words)
    #expect(first.exitCode == 0, "\(first.errors)")
    let line = first.output.split(separator: "\n").first
    #expect(line?.contains("IDF1") == true)
    #expect(try program.run(words).output.split(separator: "\n").first == line)
  }

  @Test func detectionsAreReplayedThroughBothTrackers() throws {
    let folder = try TemporaryFolder()
    var truth = ""
    var detections = ""
    for frame in 1...40 {
      for (person, left) in [(1, 10 + frame * 3), (2, 400 - frame * 2)] {
        truth += "\(frame),\(person),\(left),50,40,100,1\n"
        detections += "\(frame),-1,\(left),50,40,100,90\n"
      }
    }
    try truth.write(toFile: folder.file("gt.txt"), atomically: true, encoding: .utf8)
    try detections.write(toFile: folder.file("det.txt"), atomically: true, encoding: .utf8)
    let result = try program.run([
      "evaluate", "tracking", "--truth", folder.file("gt.txt"), "--detections", folder.file("det.txt"),
      "--score-scale", "100", "--html", folder.file("page.html"),
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    let rows = result.output.split(separator: "\n").filter { $0.contains("frames/s") }
    #expect(rows.count == 2 && rows.allSatisfy { $0.contains("100.0") })
    #expect(try String(contentsOfFile: folder.file("page.html"), encoding: .utf8).contains("<table>"))
  }

  @Test(arguments: [
    ("{\"camera\":\"a\"}\n", "line 1"), ("", "no frame"),
    ("{\"camera\":\"a\",\"frame\":1,\"items\":[],\"size\":[8,8],\"time\":0}\n", "no embedding"),
  ])
  func aBadCacheIsOneLineAndAFailure(text: String, message: String) throws {
    let folder = try TemporaryFolder()
    try text.write(toFile: folder.file("c.jsonl"), atomically: true, encoding: .utf8)
    let result = try program.run(["calibrate", "thresholds", "--cache", folder.file("c.jsonl")])
    #expect(result.exitCode == 1)
    #expect(result.errors.contains(message), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test func configShowSaysWhereEachValueCameFrom() throws {
    let folder = try TemporaryFolder()
    try "tracker.keep-new: 1\n".write(toFile: folder.file("t.yaml"), atomically: true, encoding: .utf8)
    let result = try program.run([
      "config", "show", "--config", folder.file("t.yaml"), "--offline", "cam=rtsp://u:secret@10.0.0.1/x",
    ])
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("t.yaml:1"))
    #expect(result.output.contains("(--offline)"))
    #expect(result.output.contains("(default)"))
    #expect(!result.output.contains("secret"))
  }

  @Test func theReferencePageIsUpToDate() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Documentation/configuration.md")
    let result = try program.run(["config", "reference"])
    #expect(
      try String(contentsOf: page, encoding: .utf8) == result.output,
      "run: .build/debug/throughline config reference > Documentation/configuration.md")
  }

  @Test func withoutARuntimeTheProgramSaysWhatToDo() throws {
    let folder = try TemporaryFolder()
    let environment = ["XDG_CACHE_HOME": folder.path, "THROUGHLINE_OPENVINO": folder.file("none")]
    let run = try program.run(["run", "a.mp4"], environment: environment)
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("models fetch"))
    let doctor = try program.run(["doctor"], environment: environment)
    #expect(doctor.exitCode == 1)
    #expect(doctor.output.contains("MISSING"))
  }
}
