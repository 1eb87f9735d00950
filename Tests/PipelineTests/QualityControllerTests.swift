import Testing
import ThroughlineCore

@testable import Pipeline

@Suite struct QualityControllerTests {
  /// Plays a load for some seconds, four times a second, and says the steps that were passed.
  private func play(
    _ controller: inout QualityController, seconds: Double, from: inout Double,
    load: (QualityController.Level) -> (delay: Double, load: Double)
  ) -> [QualityController.Level] {
    var steps: [QualityController.Level] = []
    for _ in 0..<Int(seconds * 4) {
      from += 0.25
      let now = load(controller.level)
      let before = controller.level
      controller.note(delay: now.delay, dropped: false, load: now.load, at: Timestamp(seconds: from))
      if controller.level != before { steps.append(controller.level) }
    }
    return steps
  }

  @Test func fallsInTheStatedOrderAndComesBackByItself() {
    var controller = QualityController()
    var now = 0.0
    let down = play(&controller, seconds: 10, from: &now) { _ in (0.3, 1) }
    #expect(down == [.rareLooks, .rareQuiet, .half, .third, .smallInput])
    let up = play(&controller, seconds: 40, from: &now) { _ in (0.02, 0.3) }
    #expect(up == [.third, .half, .rareQuiet, .rareLooks, .full])
    #expect(controller.falls == 5)
  }

  @Test func aLevelThatDoesNotHoldIsTriedMoreAndMoreRarely() {
    var controller = QualityController()
    var now = 0.0
    // Only from the third step on is the machine fast enough.
    let steps = play(&controller, seconds: 300, from: &now) { $0 >= .half ? (0.03, 0.5) : (0.2, 1) }
    let attempts = steps.count { $0 == .rareQuiet }
    #expect(attempts >= 3 && attempts <= 12, "\(attempts) attempts in 300 s")
    #expect(!steps.contains(.third))
  }

  @Test(arguments: [(0.07, 0.5), (0.03, 0.9)])
  func betweenCalmAndLateNothingChanges(delay: Double, load: Double) {
    var controller = QualityController(level: .half)
    var now = 0.0
    let steps = play(&controller, seconds: 60, from: &now) { _ in (delay, load) }
    #expect(steps.isEmpty)
  }

  @Test func aShortPeakChangesNothing() {
    var controller = QualityController()
    for moment in 0..<100 {
      controller.note(
        delay: moment % 4 == 0 ? 0.3 : 0.03, dropped: false, load: 0.9,
        at: Timestamp(seconds: Double(moment) / 4))
    }
    #expect(controller.level == .full)
  }

  @Test func lostFramesAreOverloadWhateverTheDelay() {
    var controller = QualityController()
    for moment in 0..<4 {
      controller.note(delay: nil, dropped: true, load: 0.2, at: Timestamp(seconds: Double(moment) / 4))
    }
    #expect(controller.level == .rareLooks)
  }

  @Test func recordingsThatAreBehindAreOverloadWhateverTheDelay() {
    var controller = QualityController()
    for moment in 0..<4 {
      controller.note(
        delay: 0.02, dropped: false, isOutputBehind: true, load: 0.2,
        at: Timestamp(seconds: Double(moment) / 4))
    }
    #expect(controller.level == .rareLooks)
  }

  @Test func theLastStepIsALimit() {
    var settings = QualityController.Settings()
    settings.lowest = .third
    var controller = QualityController(settings: settings)
    var now = 0.0
    _ = play(&controller, seconds: 20, from: &now) { _ in (0.3, 1) }
    #expect(controller.level == .third)
  }

  @Test func whatTheStepsMean() {
    let levels = QualityController.Level.allCases.map { LaneQuality($0, interval: 0) }
    #expect(levels.map(\.refreshFactor) == [1, 4, 4, 4, 4, 4])
    #expect(levels.map(\.comparesLooks) == [true, true, true, true, false, false])
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $0.quietInterval <= $1.quietInterval })
    #expect(zip(levels, levels.dropFirst()).allSatisfy { $0.busyInterval <= $1.busyInterval })
    #expect(levels.map(\.usesSmallInput) == [false, false, false, false, false, true])
    // At 25 and at 30 frames per second every step but the quiet one keeps ten detections a second.
    for rate in [25.0, 30] {
      for level in levels {
        let frames = (1...10).first { Double($0) / rate >= level.busyInterval } ?? 10
        #expect(rate / Double(frames) >= 10)
      }
    }
    #expect(LaneQuality(.third, interval: 0.5).busyInterval == 0.5, "the configuration's own interval counts")
  }

  /// Ten seconds of 30 frames per second. A detection takes place on the first frame that is due, or as many frames
  /// later as its turn is late, in turn.
  @Test(
    arguments: [([0], 100), ([0, 1], 100), ([1], 100), ([0, 0, 3, 0, 0], 100), ([9], 25)] as [([Int], Int)])
  func shortDelaysAreMadeUpFor(late: [Int], expected: Int) {
    let quality = LaneQuality(.third)
    func time(_ frame: Int) -> Timestamp { Timestamp(seconds: 1000 + Double(frame) / 30) }
    var detections = 1
    var counted = quality.start(of: time(0), after: nil, hasSomebody: true)
    var frame = 1
    while frame < 300 {
      if time(frame).seconds(since: counted) >= quality.busyInterval {
        frame += late[detections % late.count]
        counted = quality.start(of: time(frame), after: counted, hasSomebody: true)
        detections += 1
      }
      frame += 1
    }
    #expect(abs(detections - expected) <= 1, "\(detections) detections")
  }
}
