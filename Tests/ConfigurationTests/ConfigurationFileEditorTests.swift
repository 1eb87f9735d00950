import Testing

@testable import Configuration

@Suite struct ConfigurationFileEditorTests {
  @Test(arguments: [
    ("", "association.similarity: 0.4\n"),
    ("log.level: debug\n", "log.level: debug\nassociation.similarity: 0.4\n"),
    ("association.similarity: 0.9\nlog.level: debug\n", "association.similarity: 0.4\nlog.level: debug\n"),
    (
      "association:\n    # by hand\n    overlapping: false\nlog.level: debug",
      "association:\n    similarity: 0.4\n    # by hand\n    overlapping: false\nlog.level: debug\n"
    ),
    (
      "association:\n  overlapping: false\n  similarity: 0.9 # old\ncameras:\n  a: b.mp4\n",
      "association:\n  overlapping: false\n  similarity: 0.4\ncameras:\n  a: b.mp4\n"
    ),
  ])
  func oneKeyIsSetAndTheRestStays(text: String, edited: String) throws {
    let result = ConfigurationFileEditor.setting("association.similarity", to: "0.4", in: text)
    #expect(result == edited)
    var configuration = Configuration()
    try configuration.read(yaml: result, path: "test.yaml")
    #expect(configuration.number("association.similarity") == 0.4)
  }
}
