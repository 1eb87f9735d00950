import Foundation
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

@Suite struct SoakReportTests {
  private static let mebibyte = 1_048_576.0

  /// What memory does in a run, in MiB over seconds.
  struct Course: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var seconds = 3600.0
    let isGrowth: Bool
    let memory: @Sendable (Double) -> Double
  }

  static let courses = [
    Course(testDescription: "flat", isGrowth: false) { _ in 500 },
    Course(testDescription: "a leak of 1 MiB a minute", isGrowth: true) { 500 + $0 / 60 },
    Course(testDescription: "the same in a large process", isGrowth: true) { 3000 + $0 / 60 },
    Course(testDescription: "the same in a quarter of an hour", seconds: 1100, isGrowth: true) {
      500 + $0 / 60
    },
    Course(testDescription: "the same below a saw", isGrowth: true) {
      500 + $0 / 60 + 40 * ($0 / 420).truncatingRemainder(dividingBy: 1)
    },
    Course(testDescription: "a saw of seven minutes", isGrowth: false) {
      500 + 60 * ($0 / 420).truncatingRemainder(dividingBy: 1)
    },
    Course(testDescription: "a step in the warm-up", isGrowth: false) { $0 < 500 ? 400 : 500 },
    Course(testDescription: "a step of 4 % that stays", isGrowth: true) { $0 < 2000 ? 500 : 520 },
    Course(testDescription: "a step of 1 % that stays", isGrowth: false) { $0 < 2000 ? 500 : 505 },
    Course(testDescription: "a peak for two minutes", isGrowth: false) {
      (3000..<3120).contains($0) ? 800 : 500
    },
    Course(testDescription: "growth that ends with the warm-up", isGrowth: false) {
      500 - 100 * exp(-$0 / 120)
    },
    Course(testDescription: "falling", isGrowth: false) { 600 - $0 / 60 },
    Course(testDescription: "a short run in which 3 MiB come", seconds: 100, isGrowth: false) {
      500 + 3 * $0 / 100
    },
    Course(testDescription: "a short run in which 30 MiB come", seconds: 100, isGrowth: true) {
      500 + 30 * $0 / 100
    },
  ]

  /// A run's looks, twice a second, with noise of two percent.
  private func report(
    _ seconds: Double, memory: (Double) -> Double, threads: (Double) -> Int = { _ in 52 },
    files: (Double) -> Int = { _ in 60 }, streamsByUDP: (Double) -> Int = { _ in 0 }
  ) -> SoakReport {
    var random = SplitMix64(seed: 5)
    var report = SoakReport()
    report.elapsed = seconds
    report.warmUp = GrowthJudge.warmUp(of: seconds)
    report.samples = stride(from: 0, to: seconds, by: 0.5).map { time in
      let noise = Double.random(in: 0.98...1.02, using: &random)
      return SoakReport.Sample(
        seconds: time, memory: Int(memory(time) * noise * Self.mebibyte), fileMemory: 0, allocator: nil,
        threads: threads(time), files: files(time), streamsByUDP: streamsByUDP(time))
    }
    return report
  }

  @Test(arguments: courses) func memoryThatGrowsIsFound(course: Course) {
    var report = report(course.seconds, memory: course.memory)
    report.judge(growth: 0.02, framesBefore: [])
    #expect(report.problems.isEmpty == !course.isGrowth, "\(report.problems) \(report.text)")
  }

  @Test func aThreadOrAFileForEachKillIsFound() {
    for perKill in [1.0, 0.25] {
      var report = report(
        3600, memory: { _ in 500 }, threads: { 52 + Int($0 / 60 * perKill) },
        files: { 60 + Int($0 / 60 * perKill) })
      report.judge(growth: 0.02, framesBefore: [])
      #expect(report.problems.count == 2, "\(report.problems)")
      #expect(report.problems.contains { $0.hasPrefix("the number of threads has grown from ") })
      #expect(report.problems.contains { $0.hasPrefix("the number of open files has grown from ") })
    }
  }

  /// The sockets of a camera that has fallen back to UDP stay as long as its connection, and are bounded by the cameras.
  @Test func socketsOfAFallBackToUDPAreNoGrowth() {
    let byUDP: (Double) -> Int = { $0 < 2000 ? 0 : 1 }
    var fallen = report(
      3600, memory: { _ in 500 }, threads: { 52 + 3 * byUDP($0) }, files: { 60 + 10 * byUDP($0) },
      streamsByUDP: byUDP)
    fallen.judge(growth: 0.02, framesBefore: [])
    #expect(fallen.problems.isEmpty, "\(fallen.problems)")
    #expect(fallen.text.contains("by UDP: up to 1 of the streams"))

    var leaking = report(3600, memory: { _ in 500 }, files: { 60 + 10 * byUDP($0) })
    leaking.judge(growth: 0.02, framesBefore: [])
    #expect(leaking.problems == ["the number of open files has grown from 60 to 70"])
  }

  @Test func theAllocatorTellsWhatIsInUse() throws {
    let before = AllocatorUse.now()
    try #require(before.used > 0)
    let size = 64 << 20
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    defer { block.deallocate() }
    block.initializeMemory(as: UInt8.self, repeating: 1, count: size)
    // Other tests run meanwhile and hold far less than this.
    #expect(AllocatorUse.now().used - before.used > size / 2)
    #expect(ProcessUsage.complete().fileMemory > 0)
  }
}
