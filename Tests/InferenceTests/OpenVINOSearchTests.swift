import Foundation
import Testing

@testable import Inference

@Suite struct OpenVINOSearchTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try body(folder)
  }

  private func touch(_ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: path))
  }

  @Test func takesTheNewestVersionOfTheCache() throws {
    try withFolder { folder in
      for version in ["2025.10.0", "2026.4.1", "2026.10.0"] {
        try touch("\(folder)/openvino-\(version)/openvino/libs/libopenvino_c.so.1")
      }
      let search = OpenVINOSearch(environment: [:], cacheDirectory: folder)
      #expect(search.find() == "\(folder)/openvino-2026.10.0/openvino/libs/libopenvino_c.so.1")
    }
  }

  @Test func settingGoesBeforeVariableBeforeCache() throws {
    try withFolder { folder in
      try touch("\(folder)/cache/openvino-1/openvino/libs/libopenvino_c.so")
      try touch("\(folder)/variable/libs/libopenvino_c.so.2541")
      try touch("\(folder)/variable/libs/libopenvino_c.so.2641")
      try touch("\(folder)/setting/own.so")
      let environment = ["THROUGHLINE_OPENVINO": folder + "/variable"]
      func find(_ setting: String?, _ environment: [String: String]) -> String? {
        OpenVINOSearch(setting: setting, environment: environment, cacheDirectory: folder + "/cache").find()
      }
      #expect(find(folder + "/setting/own.so", environment) == folder + "/setting/own.so")
      #expect(find(nil, environment) == folder + "/variable/libs/libopenvino_c.so.2641")
      #expect(find(nil, [:]) == folder + "/cache/openvino-1/openvino/libs/libopenvino_c.so")
      #expect(
        find(folder + "/setting", environment) == nil, "what was asked for and is missing is not passed over")
    }
  }

  @Test func saysWhereItLookedAndWhatToDo() throws {
    try withFolder { folder in
      let status = RuntimeStatus.openVINO(
        search: OpenVINOSearch(setting: folder + "/none", environment: [:], cacheDirectory: folder))
      #expect(!status.isUsable)
      #expect(status.problem?.contains(folder + "/none") == true)
      #expect(status.problem?.contains("throughline models fetch openvino") == true)
      #expect(status.problem?.contains("\n") == false)
    }
  }

  @Test func aFileThatIsNoLibraryGetsOneLine() throws {
    try withFolder { folder in
      let path = folder + "/libopenvino_c.so"
      try Data("not a library".utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: InferenceError.self) { try OpenVINORuntime(libraryPath: path) }
      #expect(error?.description.contains(path) == true)
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test(arguments: [
    ("XDG_CACHE_HOME", "/x", "/x/throughline"), ("HOME", "/h", "/h/.cache/throughline"),
    ("XDG_CACHE_HOME", "relative", "/var/cache/throughline"),
  ])
  func cacheDirectory(variable: String, value: String, expected: String) {
    #expect(CacheDirectory.standard(environment: [variable: value]) == expected)
  }

  @Test func makesOneLineOfTheRuntimesMany() {
    let text = """
      Exception from src/inference/src/cpp/core.cpp:84:
      Check 'file_exists(path)' failed at src/frontend.cpp:117:
      FrontEnd API failed with GeneralFailure:
      ir: Could not open the file: "/x.xml"

      """
    #expect(
      OpenVINOLibrary.oneLine(text)
        == "FrontEnd API failed with GeneralFailure: ir: Could not open the file: \"/x.xml\"")
    #expect(OpenVINOLibrary.oneLine("") == "the runtime gave no reason")
  }
}
