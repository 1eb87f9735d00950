import Testing

@testable import Inference

@Suite struct AdmissionQueueTests {
  private func queue(slots: Int = 1, ageing: UInt64 = 100) -> AdmissionQueue {
    AdmissionQueue(
      slots: slots, ageingInterval: ageing,
      policies: [
        NetworkPolicy(name: "person", priority: 10, maximumWaiting: 3),
        NetworkPolicy(name: "reid", priority: 5, maximumWaiting: 2),
      ])
  }

  @Test func grantsAsManyAsThereAreSlots() {
    var queue = queue(slots: 2)
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .granted)
    #expect(queue.request(network: 1, now: 0, deadline: nil) == .granted)
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .waiting(1))
    #expect(queue.admit(now: 1).granted == [])
    queue.release()
    #expect(queue.admit(now: 1).granted == [1])
    #expect(queue.running == 2)
  }

  @Test func higherPriorityGoesFirstThenDeadlineThenOrder() {
    var queue = queue()
    _ = queue.request(network: 0, now: 0, deadline: nil)
    #expect(queue.request(network: 1, now: 0, deadline: nil) == .waiting(1))
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .waiting(2))
    #expect(queue.request(network: 0, now: 0, deadline: 90) == .waiting(3))
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .waiting(4))
    var order: [AdmissionQueue.Ticket] = []
    for _ in 0..<4 {
      queue.release()
      order += queue.admit(now: 1).granted
    }
    #expect(order == [3, 2, 4, 1])
  }

  @Test func waitingRaisesPriority() {
    var queue = queue(ageing: 100)
    _ = queue.request(network: 0, now: 0, deadline: nil)
    #expect(queue.request(network: 1, now: 0, deadline: nil) == .waiting(1))
    #expect(queue.request(network: 0, now: 600, deadline: nil) == .waiting(2))
    queue.release()
    #expect(queue.admit(now: 600).granted == [1], "five levels and one more: the old one goes first")
  }

  @Test func refusesWhatIsTooMuchAndForgetsWhatIsTooLate() {
    var queue = queue()
    _ = queue.request(network: 1, now: 0, deadline: nil)
    #expect(queue.request(network: 1, now: 0, deadline: 50) == .waiting(1))
    #expect(queue.request(network: 1, now: 0, deadline: nil) == .waiting(2))
    #expect(queue.request(network: 1, now: 0, deadline: nil) == .refused)
    #expect(queue.request(network: 7, now: 0, deadline: nil) == .refused)
    queue.release()
    let (granted, expired) = queue.admit(now: 51)
    #expect(granted == [2])
    #expect(expired == [1])
    #expect(queue.withdraw(1) == false)
  }

  @Test func aThresholdCollectsRunsUntilTheTimeout() {
    var queue = AdmissionQueue(
      slots: 1, policies: [NetworkPolicy(name: "reid", priority: 1, threshold: 3, timeout: 50)])
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .waiting(1))
    #expect(queue.admit(now: 0).granted == [], "one of three")
    #expect(queue.timeout(of: 1) == 50)
    #expect(queue.request(network: 0, now: 10, deadline: nil) == .waiting(2))
    #expect(queue.request(network: 0, now: 20, deadline: nil) == .waiting(3))
    #expect(queue.admit(now: 20).granted == [1], "three wait: the first goes")
    queue.release()
    #expect(queue.admit(now: 21).granted == [2], "the rest of the batch follows at once")
    queue.release()
    #expect(queue.admit(now: 22).granted == [3])
    queue.release()
    #expect(queue.request(network: 0, now: 100, deadline: nil) == .waiting(4))
    #expect(queue.admit(now: 149).granted == [])
    #expect(queue.admit(now: 150).granted == [4], "alone, but it has waited long enough")
  }

  @Test func aBatchEndsAtItsLimitWhereAnotherNetworkWaits() {
    var queue = AdmissionQueue(
      slots: 1, ageingInterval: 1_000_000,
      policies: [
        NetworkPolicy(name: "person", priority: 1, batchLimit: 2),
        NetworkPolicy(name: "face", priority: 1, batchLimit: 2),
      ])
    #expect(queue.request(network: 0, now: 0, deadline: nil) == .granted)
    for network in [1, 0, 0, 0] { _ = queue.request(network: network, now: 0, deadline: nil) }
    var order: [Int] = []
    var batches: [Int] = []
    for moment in 1...4 as ClosedRange<UInt64> {
      let networks = queue.networks
      queue.release()
      order += queue.admit(now: moment).granted.compactMap { networks[$0] }
      if let batch = queue.takeEndedBatch() { batches.append(batch.size) }
    }
    #expect(order == [0, 1, 0, 0], "two persons, then the face, then the others")
    #expect(batches == [2, 1])
  }

  @Test func nothingStarvesUnderSteadyPressure() {
    var queue = queue(ageing: 10)
    _ = queue.request(network: 0, now: 0, deadline: nil)
    guard case .waiting(let patient) = queue.request(network: 1, now: 0, deadline: nil) else {
      Issue.record("the slot was free")
      return
    }
    var served: UInt64?
    for moment in 1...200 as ClosedRange<UInt64> {
      _ = queue.request(network: 0, now: moment, deadline: nil)
      queue.release()
      if queue.admit(now: moment).granted.contains(patient) {
        served = moment
        break
      }
    }
    #expect((served ?? .max) <= 60)
  }
}

@Suite struct ReservoirTests {
  @Test func keepsAllWhileThereIsRoom() {
    var reservoir = Reservoir(capacity: 10)
    #expect(reservoir.percentile(0.5) == nil)
    for value in 1...9 { reservoir.add(Double(value)) }
    reservoir.add(.nan)
    #expect(reservoir.count == 9)
    #expect(reservoir.percentile(0.5) == 5)
    #expect(reservoir.percentile(0) == 1)
    #expect(reservoir.percentile(1) == 9)
  }

  @Test func staysBoundedAndRepresentative() {
    var reservoir = Reservoir(capacity: 400, seed: 3)
    for value in 0..<100_000 { reservoir.add(Double(value)) }
    #expect(reservoir.count == 100_000)
    #expect(reservoir.maximum == 99_999)
    let median = reservoir.percentile(0.5) ?? 0
    #expect(abs(median - 50_000) < 8_000)
  }
}
