import Foundation
import Testing

@testable import Models

private let python = try? PythonTool(
  workFolder: FileManager.default.temporaryDirectory.path, environment: ProcessInfo.processInfo.environment)

/// The Python scripts that are compiled in, run as the program runs them.
@Suite(.enabled(if: python != nil, "no python3 on this machine"))
final class ModelScriptsTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  private let tool: PythonTool

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    tool = try PythonTool(workFolder: folder, environment: ProcessInfo.processInfo.environment)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func makeWheel() throws -> String {
    let wheel = folder + "/toy.whl"
    let program = """
      import sys, zipfile
      with zipfile.ZipFile(sys.argv[1], "w") as archive:
          archive.writestr("toy/model.onnx", b"network")
          archive.writestr("toy/libs/a.so", b"a")
          archive.writestr("toy/libs/below/b.so", b"b")
          archive.writestr("toy/../../outside", b"x")
      """
    #expect(try tool.run(["-c", program, wheel]).status == 0)
    return wheel
  }

  @Test func unpacksMembersAndFolders() throws {
    let wheel = try makeWheel()
    let outcome = try tool.runScript(
      "unpack_wheel.py", [wheel, folder + "/out", "toy/model.onnx", "toy/libs/"])
    #expect(outcome.status == 0, "\(outcome.text)")
    let names = FileTools.files(below: folder + "/out", depth: 6).map {
      String($0.dropFirst(folder.count + 5))
    }
    .sorted()
    #expect(names == ["toy/libs/a.so", "toy/libs/below/b.so", "toy/model.onnx"])
  }

  @Test(arguments: ["toy/missing", "toy/../../outside"])
  func refusesMembersThatAreMissingOrLeadOutside(member: String) throws {
    let outcome = try tool.runScript("unpack_wheel.py", [try makeWheel(), folder + "/out", member])
    #expect(outcome.status != 0)
    #expect(outcome.lastLine.contains(member))
    #expect(!FileManager.default.fileExists(atPath: folder + "/outside"))
  }

  @Test func refusesWhatIsNoWheel() throws {
    let path = folder + "/rubbish.whl"
    try Data("rubbish".utf8).write(to: URL(fileURLWithPath: path))
    let outcome = try tool.runScript("unpack_wheel.py", [path, folder + "/out", "a"])
    #expect(outcome.status != 0)
    #expect(outcome.lastLine.hasPrefix("cannot unpack rubbish.whl"))
  }

  @Test func refusesWhatIsNoFrozenGraph() throws {
    for content in ["", "rubbish that is no protocol buffer", "\u{0A}\u{7F}"] {
      let path = folder + "/graph.pb"
      try Data(content.utf8).write(to: URL(fileURLWithPath: path))
      let outcome = try tool.runScript("ssd_to_onnx.py", [path, folder + "/out.onnx"])
      #expect(outcome.status != 0)
      #expect(outcome.lastLine.hasPrefix("cannot convert"), "\(outcome.text)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/out.onnx"))
    }
  }

  @Test func theAnchorsOfTheTrainedSizeAreSpreadEvenly() throws {
    let script = folder + "/ssd_to_onnx.py"
    try Data(EmbeddedResources.script(named: "ssd_to_onnx.py") ?? []).write(to: URL(fileURLWithPath: script))
    // At other sizes the cells of the first map lie 16 pixels apart, and begin where they did at 300 pixels less
    // what the padding moves them.
    let program = """
      import ssd_to_onnx as s
      trained, wide = s.anchor_centers(300), s.anchor_centers(640)
      assert [len(row) for row in trained] == [19, 10, 5, 3, 2, 1], trained
      assert [len(row) for row in wide] == [40, 20, 10, 5, 3, 2], wide
      assert abs(trained[0][0] - 300 / 38) < 1e-9 and abs(trained[5][0] - 150) < 1e-9
      assert abs(wide[0][1] - wide[0][0] - 16) < 1e-9 and abs(wide[5][1] - wide[5][0] - 512) < 1e-9
      assert 0 < wide[0][0] < 16 and 624 < wide[0][-1] < 640
      """
    let outcome = try tool.run(["-c", "import sys; sys.path.insert(0, '\(folder)')\n" + program])
    #expect(outcome.status == 0, "\(outcome.text)")
  }
}
