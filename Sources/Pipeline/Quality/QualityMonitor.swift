import Foundation
import Logging
import Media
import Synchronization
import ThroughlineCore

/// Watches the lanes of a live run a few times a second and turns the dial.
final class QualityMonitor: Sendable {
  private struct State {
    var isEnded = false
    var falls = 0
    var seconds = [Double](repeating: 0, count: QualityController.Level.allCases.count)
  }

  private let dial: QualityDial
  private let lanes: [(lane: CameraLane, meter: LaneMeter)]
  private let isOutputBehind: @Sendable () -> Bool
  private let logger: Logger
  private let lowest: QualityController.Level
  private let state = Mutex(State())
  private let signal = DispatchSemaphore(value: 0)

  /// How often it looks, in seconds.
  static let interval = 0.25

  /// - Parameters:
  ///   - dial: what is turned.
  ///   - lanes: what is watched, with what it measures.
  ///   - lowest: the last step that may be taken.
  ///   - isOutputBehind: whether what is written would soon lack frames.
  ///   - logger: hears of every step.
  init(
    dial: QualityDial, lanes: [(lane: CameraLane, meter: LaneMeter)], lowest: QualityController.Level,
    isOutputBehind: @escaping @Sendable () -> Bool, logger: Logger
  ) {
    self.dial = dial
    self.lanes = lanes
    self.lowest = lowest
    self.isOutputBehind = isOutputBehind
    self.logger = logger
  }

  func start() {
    DedicatedThread.start("quality", stackSize: 512 << 10) { [self] in run() }
  }

  func stop() {
    state.withLock { $0.isEnded = true }
    signal.signal()
  }

  /// How often quality fell, and for how many seconds each step was in force.
  var figures: (falls: Int, seconds: [Double]) { state.withLock { ($0.falls, $0.seconds) } }

  private func run() {
    var settings = QualityController.Settings()
    settings.lowest = lowest
    // A camera in front of two cores starts with what it needs and rises from there; the other way round a busy machine
    // would begin with lost frames.
    var controller = QualityController(settings: settings, level: .third)
    dial.level = controller.level
    var lastDropped: UInt64 = 0
    var usage = ProcessUsage.now()
    var moment = ProcessInfo.processInfo.systemUptime
    let cores = Double(max(1, ProcessInfo.processInfo.activeProcessorCount))
    while signal.wait(timeout: .now() + Self.interval) == .timedOut, !state.withLock({ $0.isEnded }) {
      let now = ProcessInfo.processInfo.systemUptime
      let newUsage = ProcessUsage.now()
      let load = (newUsage.processorTime - usage.processorTime) / max(0.001, now - moment) / cores
      let elapsed = now - moment
      (usage, moment) = (newUsage, now)
      let dropped = lanes.reduce(0) { $0 + $1.lane.frames.dropped }
      var delay: Double?
      var givenUp = 0
      for lane in lanes {
        let recent = lane.meter.takeRecent()
        if let value = recent.delay { delay = max(delay ?? 0, value) }
        givenUp += recent.givenUp
      }
      let before = controller.level
      controller.note(
        delay: delay, dropped: dropped > lastDropped || givenUp > 0, isOutputBehind: isOutputBehind(),
        load: load, at: Timestamp(seconds: now))
      lastDropped = dropped
      dial.level = controller.level
      let falls = controller.falls
      state.withLock { state in
        state.falls = falls
        state.seconds[before.rawValue] += elapsed
      }
      if controller.level != before { logger.debug("quality: \(before) -> \(controller.level)") }
    }
  }
}
