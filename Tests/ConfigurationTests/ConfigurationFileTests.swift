import Configuration
import Testing
import ThroughlineCore

@Suite struct ConfigurationFileTests {
  private func read(_ yaml: String) throws -> Configuration {
    var configuration = Configuration()
    try configuration.read(yaml: yaml, path: "t.yaml")
    return configuration
  }

  @Test func nestedAndDottedKeysAreTheSame() throws {
    let nested = try read("tracker:\n  keep-new: 0.7\n")
    let dotted = try read("tracker.keep-new: 0.7\n")
    #expect(nested.number("tracker.keep-new") == 0.7)
    #expect(dotted.number("tracker.keep-new") == 0.7)
    #expect(nested.entry("tracker.keep-new").origin == .file(path: "t.yaml", line: 2))
    #expect(nested.entry("tracker.keep-lost").origin == .builtIn)
  }

  @Test func camerasKeepTheirOrderAndTheirOwnValues() throws {
    let configuration = try read(
      """
      cameras:
        till: a.mp4
        door:
          source: rtsp://10.0.0.8/main
          user: viewer
          detection:
            person-threshold: 0.6
      """)
    #expect(configuration.cameras.map(\.name.rawValue) == ["till", "door"])
    let door = try #require(CameraName("door"))
    #expect(configuration.number("detection.person-threshold", camera: door) == 0.6)
    #expect(configuration.number("detection.person-threshold") == 0.4)
    #expect(configuration.text("camera.user", camera: door) == "viewer")
  }

  @Test(arguments: [
    ("tracker:\n  keep-mew: 1\n", "t.yaml:2", "did you mean 'tracker.keep-new'"),
    ("detection.person-threshold: 1.5\n", "t.yaml:1", "0 to 1"),
    ("\nprivacy.faces: smile\n", "t.yaml:2", "blur | pixelate"),
    ("tracker: 3\n", "t.yaml:1", "section"),
    ("cameras:\n  a b: x.mp4\n", "t.yaml:2", "cannot name a camera"),
    ("cameras:\n  a:\n    user: me\n", "t.yaml:2", "no 'source'"),
    ("cameras:\n  a:\n    source: x\n    usr: me\n", "t.yaml:4", "did you mean 'user'"),
    ("tracker.keep-new: .nan\n", "t.yaml:1", "cannot be"),
    ("- a\n", "t.yaml:1", "mapping"),
    ("tracker.keep-new: [1\n", "t.yaml:", "not valid YAML"),
    ("tracker.keep-new: 1\ntracker:\n  keep-new: 2\n", "t.yaml:3", "second time"),
  ])
  func wrongFilesNameTheLineAndTheMend(yaml: String, place: String, mend: String) throws {
    let error = try #require(throws: ConfigurationError.self) { try read(yaml) }
    #expect("\(error)".contains(place), "\(error)")
    #expect("\(error)".contains(mend), "\(error)")
    #expect(!"\(error)".contains("\n"))
  }

  @Test func anEmptyFileSetsNothing() throws {
    #expect(try read("").cameras.isEmpty)
    #expect(try read("# nothing yet\n").cameras.isEmpty)
  }

  @Test func aMissingFileIsNamed() throws {
    var configuration = Configuration()
    let error = try #require(throws: ConfigurationError.self) {
      try configuration.read(file: "/nonexistent/x.yaml")
    }
    #expect("\(error)".contains("/nonexistent/x.yaml"))
  }
}
