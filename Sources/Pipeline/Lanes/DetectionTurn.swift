import Foundation

// All state is read and written while `condition` is locked.
/// Lets so many lanes detect at a time, in the order in which they asked.
///
/// A lane waits for its turn before it chooses its frame, and looks at the newest one that has come by then. Where lanes
/// outnumber the processor's cores, a frame would otherwise grow old while its detection waits for others: the same
/// detections, later.
final class DetectionTurn: @unchecked Sendable {
  private let condition = NSCondition()
  private let limit: Int
  private var running = 0
  private var nextTicket: UInt64 = 0
  private var waiting: [UInt64] = []

  /// - Parameter limit: how many detect at a time, at least 1.
  init(limit: Int) {
    self.limit = max(1, limit)
    waiting.reserveCapacity(64)
  }

  /// Waits for a turn, but no longer than a number of seconds: a lane never depends on others for good.
  ///
  /// - Returns: whether the turn has come; then ``end()`` ends it.
  func begin(waitingAtMost seconds: Double) -> Bool {
    let deadline = Date(timeIntervalSinceNow: max(0, seconds))
    condition.lock()
    defer { condition.unlock() }
    let ticket = nextTicket
    nextTicket += 1
    waiting.append(ticket)
    while running >= limit || waiting.first != ticket {
      if !condition.wait(until: deadline) { break }
    }
    let hasCome = running < limit && waiting.first == ticket
    waiting.removeAll { $0 == ticket }
    if hasCome { running += 1 }
    // Whoever is first now may go on.
    condition.broadcast()
    return hasCome
  }

  /// Ends a turn that has come.
  func end() {
    condition.lock()
    running -= 1
    condition.broadcast()
    condition.unlock()
  }
}
