import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Store

/// Kills a real process that writes to a gallery.
@Suite(.serialized) struct CrashTests {
  private static let camera = CameraName(sanitizing: "entrance")
  private static let window: UInt64 = 50

  /// The built program beside this test bundle.
  private static var helper: String? {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let path = (bundle as NSString).deletingLastPathComponent + "/StoreCrashHelper"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  /// How many kills; `THROUGHLINE_KILLS=500` makes an evening of it.
  private static var kills: Int {
    ProcessInfo.processInfo.environment["THROUGHLINE_KILLS"].flatMap(Int.init) ?? 5
  }

  private struct Outcome {
    var lines: [(number: UInt64, time: UInt64, lastWrite: UInt64)] = []
    var rotations = 0
    var errors: [String] = []
  }

  /// Runs the helper for some time and kills it.
  private func runAndKill(_ helper: String, _ arguments: [String], after seconds: Double) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: helper)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let identifier = process.processIdentifier
    let thread = Thread {
      Thread.sleep(forTimeInterval: seconds)
      kill(identifier, SIGKILL)
    }
    thread.start()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    var outcome = Outcome()
    // The last line may be cut.
    for line in String(decoding: output, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .dropLast() {
      let parts = line.split(separator: " ")
      if parts.count == 3, let number = UInt64(parts[0]), let time = UInt64(parts[1]),
        let lastWrite = UInt64(parts[2])
      {
        outcome.lines.append((number, time, lastWrite))
      } else if line == "rotated" {
        outcome.rotations += 1
      } else {
        outcome.errors.append(String(line))
      }
    }
    return outcome
  }

  /// What the helper's steps up to a number make.
  private func check(_ contents: GalleryContents, upTo number: UInt64) {
    let first = number > Self.window ? number - Self.window + 1 : 1
    let expected = number == 0 ? [] : (first...number).map { IdentityID($0) }
    #expect(contents.identities.keys.sorted() == expected)
    for record in contents.identities.values {
      #expect(record.prototypes.map(\.id.rawValue) == [record.id.rawValue])
      #expect(record.sightings.map(\.id.rawValue) == [record.id.rawValue])
      #expect(record.sightings.first?.explanation == "step \(record.id)")
    }
  }

  @Test(arguments: ["write", "rotate"]) func aKillLosesAtMostTheLastSecond(mode: String) throws {
    guard let helper = Self.helper else {
      Issue.record("StoreCrashHelper is not built; build all targets")
      return
    }
    let folder = try TemporaryFolder()
    let file = folder.path + "/key"
    var random = SystemRandomNumberGenerator()
    var previous: UInt64 = 0
    var worst = 0.0
    var checked = 0
    var rotations = 0
    for round in 0..<Self.kills {
      let seconds = Double.random(in: 0.3...2.4, using: &random)
      let outcome = try runAndKill(helper, [mode, folder.gallery, file], after: seconds)
      #expect(outcome.errors.isEmpty, "round \(round): \(outcome.errors)")
      rotations += outcome.rotations
      guard FileNumber(path: folder.gallery) != nil else { continue }
      let found = try GalleryStore.verify(path: folder.gallery, credential: .file(path: file))
      #expect(found.isIntact, "round \(round): \(found.problems)")
      let contents = try GalleryStore.read(path: folder.gallery, credential: .file(path: file))
      let kept = contents.lastTrackNumbers[Self.camera] ?? 0
      check(contents, upTo: kept)
      #expect(kept >= previous)
      previous = kept
      // A write takes all that came before it, and begins after the one before it has ended. So whatever came before
      // the last but one write that was seen is in the file, however busy the machine is.
      let writes = Set(outcome.lines.map(\.lastWrite)).subtracting([0]).sorted()
      if let certain = writes.dropLast().last {
        let owed = outcome.lines.last { $0.time < certain }?.number ?? 0
        #expect(kept >= owed, "round \(round): \(kept) kept, \(owed) owed")
        checked += 1
      }
      // The time between the first change that was lost and the last sign of life.
      if let lost = outcome.lines.first(where: { $0.number > kept }), let last = outcome.lines.last {
        worst = max(worst, Double(last.time - lost.time) / 1e9)
      }
    }
    print("\(mode): \(Self.kills) kills, \(previous) steps, \(rotations) rotations, at most \(worst) s lost")
    // Writes are half a second apart, so two of them are the second that is promised, on a disk that keeps up. How long
    // it took here is told and not asserted: a busy machine may stretch any wait.
    #expect(checked > 0)
    #expect(previous > 0)
  }

  /// Writes that end in the middle: the file may not grow beyond a size, another one in each round.
  @Test func writesThatFailAtAnyByteLoseNothing() throws {
    guard let helper = Self.helper else {
      Issue.record("StoreCrashHelper is not built; build all targets")
      return
    }
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: helper)
    process.arguments = ["limit", folder.gallery, folder.path + "/key"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    print("limit: \(output)")
    #expect(process.terminationStatus == 0, "\(output)")
    #expect((output.split(separator: " ").first.flatMap { Int($0) } ?? 0) > 10)
    let found = try GalleryStore.verify(path: folder.gallery, credential: .file(path: folder.path + "/key"))
    #expect(found.isIntact)
  }
}
