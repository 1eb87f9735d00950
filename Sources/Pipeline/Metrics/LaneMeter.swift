import Foundation
import Inference
import Media
import Synchronization
import ThroughlineCore

/// What the work on one camera's frames is divided into, where a lane's thread does it.
enum LaneStage: Int, Sendable, CaseIterable {
  /// Seeing whether anything has moved.
  case motion
  /// Scaling into the networks' inputs, running the detectors, reading what they found.
  case detect
  /// Following persons.
  case track
  /// Choosing and cutting crops, embedding them.
  case looks
  /// Making the picture of a wide lens straight; on the source's thread and not on the lane's.
  case warp
}

/// Percentiles of a delay, in seconds.
public struct DelayFigures: Sendable, Hashable, Codable {
  /// How many were measured.
  public var count: UInt64
  /// The median.
  public var p50: Double
  /// The 95th percentile.
  public var p95: Double
  /// The 99th percentile.
  public var p99: Double
  /// The greatest.
  public var maximum: Double

  init(_ reservoir: Reservoir) {
    count = reservoir.count
    p50 = reservoir.percentile(0.5) ?? 0
    p95 = reservoir.percentile(0.95) ?? 0
    p99 = reservoir.percentile(0.99) ?? 0
    maximum = reservoir.maximum
  }
}

/// One camera's figures: how long its frames take to each place, and what the lane's thread spends its time on.
final class LaneMeter: Sendable {
  private struct State {
    var detection = Reservoir(capacity: 4096, seed: 1)
    var event = Reservoir(capacity: 4096, seed: 2)
    var output = Reservoir(capacity: 4096, seed: 3)
    /// Delays to the detection since somebody asked last.
    var recent: [Double] = []
    var givenUp = 0
    var seconds = [Double](repeating: 0, count: LaneStage.allCases.count)
  }

  private let state: Mutex<State>
  private let now: @Sendable () -> Timestamp

  init(now: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: Date().timeIntervalSince1970) }) {
    self.now = now
    var state = State()
    state.recent.reserveCapacity(64)
    self.state = Mutex(state)
  }

  /// Does some work and counts the processor time of this thread.
  func measure<Value>(_ stage: LaneStage, _ work: () throws -> Value) rethrows -> Value {
    let began = ThreadClock.processorTime()
    defer {
      let spent = ThreadClock.processorTime() - began
      state.withLock { $0.seconds[stage.rawValue] += spent }
    }
    return try work()
  }

  /// The detectors have seen a frame.
  ///
  /// - Parameter turnWait: how long the lane has waited for its turn before it chose this frame, in seconds: no delay of the
  ///   frame, but a sign of too little processor.
  func noteDetection(of frame: VideoFrame, afterTurn turnWait: Double = 0) {
    let delay = now().seconds(since: frame.arrivalTime)
    state.withLock { state in
      state.detection.add(delay)
      if state.recent.count < 64 { state.recent.append(delay + turnWait) }
    }
  }

  /// A detection did not come about.
  func noteGivenUp() { state.withLock { $0.givenUp += 1 } }

  /// It is known who is in a frame, and the events are on their way.
  func noteEvent(of frame: VideoFrame) {
    let delay = now().seconds(since: frame.arrivalTime)
    state.withLock { $0.event.add(delay) }
  }

  /// A frame is covered and handed to the outputs.
  func noteOutput(of frame: VideoFrame) {
    let delay = now().seconds(since: frame.arrivalTime)
    state.withLock { $0.output.add(delay) }
  }

  /// The typical delay of the detections since the last call, and how many were given up since.
  func takeRecent() -> (delay: Double?, givenUp: Int) {
    state.withLock { state in
      let sorted = state.recent.sorted()
      let givenUp = state.givenUp
      state.recent.removeAll(keepingCapacity: true)
      state.givenUp = 0
      return (sorted.isEmpty ? nil : sorted[sorted.count / 2], givenUp)
    }
  }

  var detection: DelayFigures { DelayFigures(state.withLock { $0.detection }) }
  var event: DelayFigures { DelayFigures(state.withLock { $0.event }) }
  var output: DelayFigures { DelayFigures(state.withLock { $0.output }) }
  func seconds(of stage: LaneStage) -> Double { state.withLock { $0.seconds[stage.rawValue] } }

  /// Forgets what was measured so far, for a measurement that begins when everything runs.
  func reset() {
    state.withLock { state in
      let fresh = State()
      state.detection = fresh.detection
      state.event = fresh.event
      state.output = fresh.output
      state.seconds = fresh.seconds
    }
  }
}
