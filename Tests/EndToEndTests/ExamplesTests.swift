import Foundation
import Testing
import ThroughlineTestKit

/// The examples that a user copies are true.
@Suite(.enabled(if: ProgramRunner.built != nil)) struct ExamplesTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Examples")

  @Test func theConfigurationIsUnderstood() throws {
    let file = Self.folder.appending(path: "throughline.yaml").path
    let result = try Programs.throughline.run(["config", "show", "--config", file])
    #expect(result.exitCode == 0, "\(result.errors)")
    for camera in ["entrance", "till", "aisle", "yard"] { #expect(result.output.contains(camera)) }
    #expect(result.output.contains("throughline.yaml:"))
  }

  @Test(.enabled(if: Programs.canRun && DemoFootage.isThere)) func dwellTimesAreThoseOfTheLog() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("events.jsonl")
    let camera = try #require(DemoFootage.cameras)[1]
    let run = try Programs.throughline.run(
      ["run", "room=\(camera)", "--offline", "--events", log] + Programs.models, atMost: 600)
    #expect(run.exitCode == 0, "\(run.errors)")
    let script = ProgramRunner(path: "/usr/bin/env")
    let result = try script.run(["python3", Self.folder.appending(path: "dwell.py").path, log])
    #expect(result.exitCode == 0, "\(result.errors)")
    let seconds = result.output.split(separator: "\n").compactMap { line in
      line.split(separator: "\t").last.flatMap { Double($0.dropLast(2)) }
    }
    let sightings = try Events(log).records.filter { $0.event == .sightingEnded }.compactMap(\.duration)
    #expect(!sightings.isEmpty)
    let told: Double = seconds.reduce(0, +)
    let logged: Double = sightings.reduce(0, +)
    // The script prints tenths.
    #expect(abs(told - logged) < 0.2 * Double(seconds.count))
  }

  @Test func anotherSchemaIsRefusedInALine() throws {
    let folder = try TemporaryFolder()
    let log = folder.file("events.jsonl")
    try #"{"version":2,"event":"run.began"}"#.write(toFile: log, atomically: true, encoding: .utf8)
    let script = ProgramRunner(path: "/usr/bin/env")
    let result = try script.run(["python3", Self.folder.appending(path: "dwell.py").path, log])
    #expect(result.exitCode == 1)
    #expect(result.errors == "dwell.py: schema version 2 is not known to this script\n")
  }
}
