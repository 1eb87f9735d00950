import Foundation

// The flag is read and written while `condition` is locked.
/// Lets threads wait for a time or until they are told to stop.
final class StopSignal: @unchecked Sendable {
  private let condition = NSCondition()
  private var stopped = false

  var isSet: Bool {
    condition.lock()
    defer { condition.unlock() }
    return stopped
  }

  func set() {
    condition.lock()
    stopped = true
    condition.broadcast()
    condition.unlock()
  }

  /// - Returns: whether the signal is set.
  @discardableResult
  func wait(seconds: Double) -> Bool {
    let deadline = Date(timeIntervalSinceNow: max(0, min(seconds, 1e6)))
    condition.lock()
    defer { condition.unlock() }
    while !stopped {
      if !condition.wait(until: deadline) { break }
    }
    return stopped
  }

  /// Seconds of a clock that nobody sets.
  static var uptime: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}
