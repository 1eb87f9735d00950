import Foundation
import Media
import Synchronization
import Testing

@testable import Pipeline

@Suite struct DetectionTurnTests {
  @Test func noMoreThanTheLimitAreAtItAndAllHaveTheirTurn() {
    let turn = DetectionTurn(limit: 2)
    let state = Mutex((now: 0, most: 0, done: 0))
    let group = DispatchGroup()
    for lane in 0..<6 {
      group.enter()
      DedicatedThread.start("turn \(lane)") {
        for _ in 0..<20 {
          while !turn.begin(waitingAtMost: 60) {}
          state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
          }
          Thread.sleep(forTimeInterval: 0.0005)
          state.withLock {
            $0.now -= 1
            $0.done += 1
          }
          turn.end()
        }
        group.leave()
      }
    }
    group.wait()
    #expect(state.withLock { $0.done } == 120)
    #expect(state.withLock { $0.most } == 2)
  }

  @Test func whoHasWaitedLongEnoughGoesOnWithoutATurn() {
    let turn = DetectionTurn(limit: 1)
    #expect(turn.begin(waitingAtMost: 1))
    #expect(!turn.begin(waitingAtMost: 0.01))
    turn.end()
    // Who gave up is not waited for.
    #expect(turn.begin(waitingAtMost: 1))
    turn.end()
  }
}
