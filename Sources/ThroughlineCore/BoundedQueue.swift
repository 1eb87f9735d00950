import Foundation

/// What happens when an element comes to a queue that is full.
public enum QueuePolicy: Sendable, Hashable {
  /// The thread that brings it waits until there is room.
  case block
  /// The oldest element makes room and is counted.
  case dropOldest
}

// All state is read and written while `condition` is locked.
/// A queue of limited length between threads, with a stated policy for the moment when it is full.
public final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
  /// The greatest number of elements in the queue.
  public let capacity: Int
  /// What happens when the queue is full.
  public let policy: QueuePolicy
  private let condition = NSCondition()
  /// A ring, so that taking from the front moves nothing.
  private var slots: [Element?]
  private var head = 0
  private var used = 0
  private var droppedElements: UInt64 = 0
  private var closed = false

  /// An empty queue.
  ///
  /// - Parameters:
  ///   - capacity: the greatest number of elements, at least 1.
  ///   - policy: what happens when the queue is full.
  public init(capacity: Int, policy: QueuePolicy) {
    self.capacity = max(1, capacity)
    self.policy = policy
    slots = [Element?](repeating: nil, count: self.capacity)
  }

  /// Puts an element at the end; with ``QueuePolicy/block`` waits for room.
  ///
  /// - Returns: `false` where the queue is closed and the element was not taken.
  @discardableResult
  public func push(_ element: Element) -> Bool {
    var discarded: Element?
    condition.lock()
    while policy == .block, used == capacity, !closed { condition.wait() }
    guard !closed else {
      condition.unlock()
      return false
    }
    if used == capacity {
      discarded = takeFirst()
      droppedElements += 1
    }
    slots[(head + used) % capacity] = element
    used += 1
    condition.broadcast()
    condition.unlock()
    // What was dropped is released here, outside of the lock: releasing may call into other code.
    withExtendedLifetime(discarded) {}
    return true
  }

  /// Takes the oldest element, waiting for one.
  ///
  /// - Returns: `nil` when the queue is closed and empty.
  public func pop() -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while used == 0, !closed { condition.wait() }
    return takeFirst()
  }

  /// Takes the oldest element, waiting for at most a number of seconds.
  ///
  /// - Returns: `nil` where none came in time, or the queue is closed and empty.
  public func pop(waitingAtMost seconds: Double) -> Element? {
    let deadline = Date(timeIntervalSinceNow: max(0, seconds))
    condition.lock()
    defer { condition.unlock() }
    while used == 0, !closed {
      if !condition.wait(until: deadline) { break }
    }
    return takeFirst()
  }

  /// Ends the queue: what is in it can still be taken, nothing new comes in, and nobody waits any longer.
  ///
  /// - Parameter discarding: throw away what is still in the queue.
  public func close(discarding: Bool = false) {
    var discarded: [Element?] = []
    condition.lock()
    closed = true
    if discarding {
      discarded = slots
      slots = [Element?](repeating: nil, count: capacity)
      used = 0
    }
    condition.broadcast()
    condition.unlock()
    withExtendedLifetime(discarded) {}
  }

  /// How many elements wait.
  public var count: Int { locked { used } }
  /// How many elements were dropped because the queue was full.
  public var dropped: UInt64 { locked { droppedElements } }
  /// Whether ``close(discarding:)`` was called.
  public var isClosed: Bool { locked { closed } }

  private func locked<Value>(_ body: () -> Value) -> Value {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }

  private func takeFirst() -> Element? {
    guard used > 0 else { return nil }
    let element = slots[head]
    slots[head] = nil
    head = (head + 1) % capacity
    used -= 1
    condition.broadcast()
    return element
  }
}
