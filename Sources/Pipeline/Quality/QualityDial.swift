import Synchronization
import ThroughlineCore

/// The step of quality in force: set by the monitor, read by the lanes.
final class QualityDial: Sendable {
  private let raw: Atomic<Int>

  init(_ level: QualityController.Level = .full) { raw = Atomic(level.rawValue) }

  var level: QualityController.Level {
    get { QualityController.Level(rawValue: raw.load(ordering: .relaxed)) ?? .full }
    set { raw.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// What that means for a lane.
  func lane(interval: Double) -> LaneQuality { LaneQuality(level, interval: interval) }
}
