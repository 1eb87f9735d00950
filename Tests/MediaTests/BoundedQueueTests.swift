import Foundation
import Testing
import ThroughlineCore

struct BoundedQueueTests {
  @Test("A full queue drops its oldest element and counts it")
  func dropOldest() {
    let queue = BoundedQueue<Int>(capacity: 3, policy: .dropOldest)
    for number in 1...5 { #expect(queue.push(number)) }
    #expect(queue.count == 3)
    #expect(queue.dropped == 2)
    #expect([queue.pop(), queue.pop(), queue.pop()] == [3, 4, 5])
    #expect(queue.pop(waitingAtMost: 0) == nil)
  }

  @Test("A closed queue gives out what it has and takes nothing")
  func close() {
    let queue = BoundedQueue<Int>(capacity: 0, policy: .block)
    #expect(queue.capacity == 1)
    queue.push(1)
    queue.close()
    #expect(!queue.push(2))
    #expect(queue.pop() == 1)
    #expect(queue.pop() == nil)
    let other = BoundedQueue<Int>(capacity: 2, policy: .dropOldest)
    other.push(1)
    other.close(discarding: true)
    #expect(other.pop() == nil)
    #expect(other.dropped == 0)
  }

  @Test("A blocking queue loses nothing and keeps the order", arguments: [1, 2, 7])
  func block(capacity: Int) {
    let queue = BoundedQueue<Int>(capacity: capacity, policy: .block)
    let thread = Thread {
      for number in 0..<500 { queue.push(number) }
      queue.close()
    }
    thread.start()
    var received: [Int] = []
    while let number = queue.pop() {
      #expect(queue.count <= capacity)
      received.append(number)
    }
    #expect(received == Array(0..<500))
    #expect(queue.dropped == 0)
  }

  @Test("Closing wakes those who wait")
  func wake() {
    let full = BoundedQueue<Int>(capacity: 1, policy: .block)
    let empty = BoundedQueue<Int>(capacity: 1, policy: .block)
    full.push(1)
    let results = BoundedQueue<Bool>(capacity: 2, policy: .block)
    for work: @Sendable () -> Bool in [{ full.push(2) }, { empty.pop() != nil }] {
      Thread { results.push(work()) }.start()
    }
    full.close()
    empty.close()
    #expect(results.pop(waitingAtMost: 20) == false)
    #expect(results.pop(waitingAtMost: 20) == false)
  }
}
