import Foundation
import Pipeline
import Testing
import ThroughlineCore
import ThroughlineTestKit

@Suite struct EventLogTests {
  @Test func everyLineIsOneObjectOfTheSchema() throws {
    let folder = try TemporaryFolder()
    let log = try EventLog(path: folder.file("events.jsonl"))
    var record = EventRecord(.frame, at: Timestamp(seconds: 1.25), camera: CameraName("a"))
    record.frame = 3
    record.persons = [
      .init(
        track: 1, identity: IdentityID(4), box: .init(BoundingBox(x: 1.04, y: 2, width: 3, height: 4)),
        score: 0.5,
        confidence: 0.9, observed: true)
    ]
    log.write(record)
    log.write(EventRecord(.runEnded, at: Timestamp(seconds: 2)))
    log.close()
    let lines = try String(contentsOfFile: folder.file("events.jsonl"), encoding: .utf8).split(
      separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines[0]
        == #"{"camera":"a","event":"frame","frame":3,"persons":[{"box":[1,2,3,4],"confidence":0.9,"identity":4,"observed":true,"score":0.5,"track":1}],"time":"1970-01-01T00:00:01.250Z","version":1}"#
    )
    let read = try JSONDecoder().decode(EventRecord.self, from: Data(lines[0].utf8))
    #expect(read.persons?.first?.identity == IdentityID(4))
  }

  @Test func anUnwritablePlaceIsNamed() {
    let error = #expect(throws: EventLogError.self) { try EventLog(path: "/nonexistent/events.jsonl") }
    #expect("\(error!)".contains("/nonexistent/events.jsonl"))
  }

  @Test func aFullDiskLosesLinesAndSaysSo() throws {
    let log = try EventLog(path: "/dev/full")
    log.write(EventRecord(.runBegan, at: Timestamp(seconds: 0)))
    log.write(EventRecord(.runEnded, at: Timestamp(seconds: 0)))
    #expect(log.figures.dropped == 2)
    #expect(log.figures.failure?.contains("no space") == true)
  }

  @Test(arguments: [
    (0.0, "1970-01-01T00:00:00.000Z"), (1_577_836_800.0335, "2020-01-01T00:00:00.034Z"),
    (-0.25, "1969-12-31T23:59:59.750Z"), (1_577_836_799.9999, "2020-01-01T00:00:00.000Z"),
  ])
  func momentsAreWrittenInUTC(seconds: Double, text: String) {
    #expect(EventRecord.text(of: Timestamp(seconds: seconds)) == text)
  }

  @Test func everyKindIsDescribed() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Documentation/events.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for kind in EventRecord.Kind.allCases { #expect(text.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
  }
}
