import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Inference

private final class ManualMonotonicClock: MonotonicClock {
  private let moment = Atomic<UInt64>(0)
  func now() -> UInt64 { moment.load(ordering: .sequentiallyConsistent) }
  func advance(by delta: UInt64) { moment.wrappingAdd(delta, ordering: .sequentiallyConsistent) }
}

private struct Failure: Error {}

@Suite struct InferenceSchedulerTests {
  private let policies = [
    NetworkPolicy(name: "person", priority: 10, maximumWaiting: 8),
    NetworkPolicy(name: "reid", priority: 5, maximumWaiting: 1),
  ]

  @Test func measuresWithTheInjectedClock() throws {
    let clock = ManualMonotonicClock()
    let scheduler = InferenceScheduler(slots: 1, policies: policies, clock: clock)
    for _ in 0..<3 { try scheduler.run("person") { clock.advance(by: 2_000_000) } }
    #expect(throws: Failure.self) { try scheduler.run("person") { throw Failure() } }
    let figures = try #require(scheduler.statistics().first)
    #expect(figures.runs == 4)
    #expect(figures.failures == 1)
    #expect(figures.runMedian == 0.002)
    #expect(figures.waitMedian == 0)
  }

  @Test func refusesUnknownNetworks() {
    let scheduler = InferenceScheduler(slots: 1, policies: policies)
    #expect(throws: InferenceError.self) { try scheduler.run("gait") {} }
  }

  @Test func neverRunsMoreThanThereAreSlots() {
    let scheduler = InferenceScheduler(slots: 2, policies: policies)
    let running = Atomic<Int>(0)
    let most = Atomic<Int>(0)
    let done = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      for _ in 0..<200 {
        try? scheduler.run("person") {
          let now = running.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
          most.max(now, ordering: .sequentiallyConsistent)
          running.wrappingSubtract(1, ordering: .sequentiallyConsistent)
          done.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
      }
    }
    #expect(done.load(ordering: .sequentiallyConsistent) == 1200)
    #expect(most.load(ordering: .sequentiallyConsistent) <= 2)
    #expect(scheduler.statistics()[0].runs == 1200)
  }

  @Test func aLonelyRunBelowTheThresholdGoesAfterTheTimeout() throws {
    let scheduler = InferenceScheduler(
      slots: 1, policies: [NetworkPolicy(name: "reid", priority: 1, threshold: 4, timeout: 1_000_000)])
    try scheduler.run("reid") {}
    #expect(scheduler.statistics()[0].runs == 1)
    #expect(scheduler.statistics()[0].waiting == 0)
  }

  @Test func aNetworksPatienceIsItsDeadline() {
    let scheduler = InferenceScheduler(
      slots: 1,
      policies: [
        NetworkPolicy(name: "reid", priority: 1, threshold: 2, timeout: 60_000_000_000, patience: 1_000_000)
      ])
    #expect(throws: InferenceError.self) { try scheduler.run("reid") { Issue.record("it ran") } }
    #expect(scheduler.statistics()[0].expired == 1)
  }

  @Test func passedDeadlineIsDroppedAndCounted() throws {
    let scheduler = InferenceScheduler(slots: 1, policies: policies)
    let holding = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    Thread {
      try? scheduler.run("person") {
        holding.signal()
        release.wait()
      }
      ended.signal()
    }.start()
    holding.wait()
    // The deadline lies in the past, so the run is dropped without the slot ever becoming free.
    #expect(throws: InferenceError.self) { try scheduler.run("reid", deadline: 1) { Issue.record("it ran") } }
    release.signal()
    ended.wait()
    let reid = try #require(scheduler.statistics().last)
    #expect(reid.expired == 1)
    #expect(reid.runs == 0)
    #expect(reid.waiting == 0)
    try scheduler.run("reid") {}
  }
}
