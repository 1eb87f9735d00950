import Configuration
import Testing
import ThroughlineCore

@Suite struct ConfigurationArgumentTests {
  private func read(_ arguments: [String]) throws -> Configuration {
    var configuration = Configuration()
    try configuration.read(arguments: arguments)
    return configuration
  }

  @Test func everyKeyIsAFlag() throws {
    for key in ConfigurationSchema.standard.keys {
      let configuration = try read(["--\(key.name)=" + (key.builtIn == .text("") ? "" : "\(key.builtIn)")])
      #expect(configuration.entry(key.name).origin == .flag("--\(key.name)"))
      #expect(configuration.entry(key.name).value == key.builtIn, "\(key.name)")
    }
  }

  @Test func builtInValuesAreAllowed() throws {
    for key in ConfigurationSchema.standard.keys {
      if case .text(let text) = key.builtIn, text.isEmpty { continue }
      #expect(try key.parse("\(key.builtIn)", at: .builtIn) == key.builtIn, "\(key.name)")
    }
  }

  @Test func flagsAndSourcesMix() throws {
    let configuration = try read(["a.mp4", "--record", "out", "--offline", "till=b.mp4", "--no-output.boxes"])
    #expect(configuration.text("output.record") == "out")
    #expect(configuration.boolean("input.offline"))
    #expect(!configuration.boolean("output.boxes"))
    #expect(configuration.cameras.map(\.name.rawValue) == ["a", "till"])
    #expect(configuration.cameras.map(\.source) == ["a.mp4", "b.mp4"])
  }

  @Test func namesAreMadeAndNeverShowAPassword() throws {
    let configuration = try read([
      "x/cam.mp4", "y/cam.mp4", "rtsp://me:secret@10.0.0.1", "rtsp://h/live?pw=1",
    ])
    #expect(configuration.cameras.map(\.name.rawValue) == ["cam", "cam-2", "10.0.0.1", "live"])
  }

  @Test func twoCamerasOfOneNameAreRefused() throws {
    let error = try #require(throws: ConfigurationError.self) { try read(["a=x.mp4", "a=y.mp4"]) }
    #expect("\(error)".contains("two cameras named 'a'"))
  }

  @Test(arguments: [
    (["--recrod", "x"], "did you mean '--record'"),
    (["--record"], "--record needs a value"),
    (["--tracker.keep-new", "-1"], "'tracker.keep-new' cannot be '-1'"),
    (["a="], "no 'source'"),
  ])
  func wrongFlagsNameTheMend(arguments: [String], mend: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try read(arguments) }
    #expect("\(error)".contains(mend), "\(error)")
  }

  @Test func aFlagWinsOverAFile() throws {
    var configuration = Configuration()
    try configuration.read(yaml: "tracker.keep-new: 1\n", path: "t.yaml")
    try configuration.read(arguments: ["--tracker.keep-new", "2"])
    #expect(configuration.number("tracker.keep-new") == 2)
  }
}
