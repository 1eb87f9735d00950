import Foundation
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

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

  @Test func momentsAreThoseOfTheCalendar() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    var style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    style.timeZone = .gmt
    for _ in 0..<300 {
      let milliseconds = Int64.random(in: -9_000_000_000_000...9_000_000_000_000, using: &random)
      let expected = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
      let read = try? style.parse(EventRecord.text(of: Timestamp(nanoseconds: milliseconds * 1_000_000)))
      #expect(abs((read ?? .distantPast).timeIntervalSince(expected)) < 0.0006, "\(milliseconds)")
    }
  }

  /// What was written by a general encoder before is written byte for byte.
  @Test func linesAreThoseOfTheEncoder() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let texts = [
      "a", "it's \"here\" / \\ there", "tab\tline\nend\r\u{8}\u{c}\u{1}\u{1f}", "Tür 日本 😀 \u{2028}\u{7f}", "",
    ]
    let numbers = [0, -0.0, 1, -1, 0.5, 0.93, 1e-7, 123456.7, 1e15, 1e16, 1e22, -2.25, 1.0 / 3, 5e-300]
    func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? {
      Bool.random(using: &random) ? value() : nil
    }
    func number() -> Double { numbers.randomElement(using: &random) ?? 0 }
    func text() -> String { texts.randomElement(using: &random) ?? "" }
    func box() -> EventRecord.Box {
      .init(
        BoundingBox(x: number(), y: Double.random(in: -99...4000, using: &random), width: 17.25, height: 1))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var line = EventLine()
    for _ in 0..<300 {
      var record = EventRecord(
        EventRecord.Kind.allCases.randomElement(using: &random) ?? .frame, at: Timestamp(seconds: 1e9),
        camera: maybe(CameraName(sanitizing: "cam-1")))
      record.frame = maybe(UInt64.random(in: 0...UInt64.max, using: &random))
      record.persons = maybe(
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
          EventRecord.Person(
            track: 7, identity: maybe(IdentityID(12)), box: box(), score: number(),
            confidence: maybe(number()),
            observed: Bool.random(using: &random), face: maybe(.init(box: box(), score: number())))
        })
      record.faces = maybe([.init(box: box(), score: number()), .init(box: box(), score: 1)])
      record.track = maybe(10)
      record.identity = maybe(IdentityID(3))
      record.from = maybe(IdentityID(1000))
      record.confidence = maybe(number())
      record.began = maybe(text())
      record.duration = maybe(number())
      record.state = maybe(text())
      record.stream = maybe("main")
      record.reason = maybe(text())
      let expected = String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
      let isWritten = line.write(record)
      #expect(isWritten)
      #expect(String(decoding: line.bytes, as: UTF8.self) == expected)
    }
    var broken = EventRecord(.frame, at: Timestamp(seconds: 0))
    broken.confidence = .nan
    let isBrokenWritten = line.write(broken)
    #expect(!isBrokenWritten)
  }

  @Test func everyKindIsDescribed() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Documentation/events.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for kind in EventRecord.Kind.allCases { #expect(text.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
  }
}
