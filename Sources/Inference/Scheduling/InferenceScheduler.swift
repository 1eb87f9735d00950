import Dispatch
import Synchronization

/// A clock that only goes forwards, in nanoseconds from any beginning.
public protocol MonotonicClock: Sendable {
  /// The present moment.
  func now() -> UInt64
}

/// The machine's own monotonic clock.
public struct SystemMonotonicClock: MonotonicClock {
  /// The machine's clock.
  public init() {}
  /// Nanoseconds since the machine started.
  public func now() -> UInt64 { DispatchTime.now().uptimeNanoseconds }
}

/// What one network did so far. Times are in seconds.
public struct NetworkStatistics: Sendable, Hashable {
  /// The network's name.
  public var name: String
  /// Finished runs, failed ones included.
  public var runs: UInt64 = 0
  /// Runs that ended with an error.
  public var failures: UInt64 = 0
  /// Runs that were refused because too many waited.
  public var refused: UInt64 = 0
  /// Runs whose deadline passed while they waited.
  public var expired: UInt64 = 0
  /// Runs that wait now.
  public var waiting = 0
  /// How long runs waited for a slot: median, 95th percentile.
  public var waitMedian = 0.0
  /// How long runs waited for a slot: 95th percentile.
  public var waitPercentile95 = 0.0
  /// How long runs waited for a slot: 99th percentile.
  public var waitPercentile99 = 0.0
  /// How long runs took: median.
  public var runMedian = 0.0
  /// How long runs took: 95th percentile.
  public var runPercentile95 = 0.0
  /// How long runs took: 99th percentile.
  public var runPercentile99 = 0.0
  /// Processor time of all runs together, as far as it was spent on the calling threads.
  public var processorTime = 0.0
  /// Runs of this network in a row, before another network had its turn: median.
  public var batchMedian = 0.0
  /// Runs of this network in a row: the most.
  public var batchMaximum = 0.0

  /// Nothing yet.
  public init(name: String) { self.name = name }
}

/// Lets several threads run several networks on one device without getting in each other's way: at most so many
/// runs at a time, the important ones first, none for ever last, and figures for each network.
///
/// The scheduler hands out slots, not threads: a run happens on the thread that asked for it, with that thread's
/// own request, so that nothing has to be handed from thread to thread. A caller blocks until its run is done; it
/// must be a dedicated thread, never one of the cooperative pool.
public final class InferenceScheduler: Sendable {
  private struct Figures {
    var runs: UInt64 = 0
    var failures: UInt64 = 0
    var refused: UInt64 = 0
    var expired: UInt64 = 0
    var waits = Reservoir(capacity: 2048, seed: 1)
    var durations = Reservoir(capacity: 2048, seed: 2)
    var batches = Reservoir(seed: 3)
    var processorTime = 0.0
  }

  private struct State {
    var queue: AdmissionQueue
    var figures: [Figures]
    var waiters: [AdmissionQueue.Ticket: Waiter] = [:]
  }

  /// A thread that waits for a slot.
  private final class Waiter: Sendable {
    let signal = DispatchSemaphore(value: 0)
    let isGranted = Atomic<Bool>(false)
  }

  private let names: [String]
  private let policies: [NetworkPolicy]
  private let clock: any MonotonicClock
  private let state: SeenLock<State>

  /// A scheduler for these networks.
  ///
  /// - Parameters:
  ///   - slots: how many runs go on at once: the number of streams that the networks were compiled for.
  ///   - policies: the networks with their priorities.
  ///   - ageing: seconds of waiting that count as one level of priority.
  public init(
    slots: Int, policies: [NetworkPolicy], ageing: Double = 0.1,
    clock: any MonotonicClock = SystemMonotonicClock()
  ) {
    names = policies.map(\.name)
    self.policies = policies
    self.clock = clock
    let interval = UInt64(max(1, min(ageing, 3600) * 1e9))
    state = SeenLock(
      State(
        queue: AdmissionQueue(slots: slots, ageingInterval: interval, policies: policies),
        figures: policies.map { _ in Figures() }))
  }

  /// Waits for a slot, does the work on this thread and gives the slot back.
  ///
  /// - Parameters:
  ///   - network: the name of one of the policies.
  ///   - deadline: the moment, in the clock's nanoseconds, after which the run is not worth starting; without one
  ///     the network's patience counts.
  ///   - work: the run; its error is passed on.
  /// - Throws: ``InferenceError/dropped(network:reason:)`` where the run was not started.
  public func run<Result>(
    _ network: String, deadline: UInt64? = nil, _ work: () throws -> Result
  ) throws -> Result {
    guard let index = names.firstIndex(of: network) else {
      throw InferenceError.dropped(
        network: network, reason: "the scheduler knows no such network, only \(names.joined(separator: ", "))"
      )
    }
    let asked = clock.now()
    try waitForSlot(index, asked: asked, deadline: deadline ?? policies[index].patience.map { asked &+ $0 })
    let began = clock.now()
    let processorTime = ThreadClock.processorTime()
    var failed = true
    defer {
      let ended = clock.now()
      finish(
        index, waited: Self.seconds(asked, began), took: Self.seconds(began, ended), failed: failed,
        processorTime: ThreadClock.processorTime() - processorTime, now: ended)
    }
    let result = try work()
    failed = false
    return result
  }

  /// The figures of all networks, in the order of the policies.
  public func statistics() -> [NetworkStatistics] {
    state.withLock { state in
      names.indices.map { index in
        let figures = state.figures[index]
        var statistics = NetworkStatistics(name: names[index])
        statistics.runs = figures.runs
        statistics.failures = figures.failures
        statistics.refused = figures.refused
        statistics.expired = figures.expired
        statistics.waiting = state.queue.waitingCount(of: index)
        statistics.waitMedian = figures.waits.percentile(0.5) ?? 0
        statistics.waitPercentile95 = figures.waits.percentile(0.95) ?? 0
        statistics.waitPercentile99 = figures.waits.percentile(0.99) ?? 0
        statistics.runMedian = figures.durations.percentile(0.5) ?? 0
        statistics.runPercentile95 = figures.durations.percentile(0.95) ?? 0
        statistics.runPercentile99 = figures.durations.percentile(0.99) ?? 0
        statistics.processorTime = figures.processorTime
        statistics.batchMedian = figures.batches.percentile(0.5) ?? 0
        statistics.batchMaximum = figures.batches.maximum
        return statistics
      }
    }
  }

  private func waitForSlot(_ index: Int, asked: UInt64, deadline: UInt64?) throws(InferenceError) {
    let waiter = Waiter()
    let admission = state.withLock { state in
      let admission = state.queue.request(network: index, now: asked, deadline: deadline)
      switch admission {
      case .granted: Self.noteBatch(&state)
      case .waiting(let ticket):
        state.waiters[ticket] = waiter
        // A slot may be free while runs of a network below its threshold wait.
        Self.admit(&state, now: asked)
      case .refused: state.figures[index].refused += 1
      }
      return admission
    }
    switch admission {
    case .granted: return
    case .refused: throw .dropped(network: names[index], reason: "too many runs wait already")
    case .waiting(let ticket):
      wait(waiter, ticket: ticket, network: index, asked: asked, deadline: deadline)
      guard waiter.isGranted.load(ordering: .acquiring) else {
        throw .dropped(network: names[index], reason: "its deadline passed while it waited")
      }
    }
  }

  /// Waits until the slot is there or the deadline has passed, whichever comes first.
  private func wait(
    _ waiter: Waiter, ticket: AdmissionQueue.Ticket, network: Int, asked: UInt64, deadline: UInt64?
  ) {
    func isSignalled(by moment: UInt64, from now: UInt64) -> Bool {
      let left = moment > now ? moment - now : 0
      return waiter.signal.wait(timeout: .now() + .nanoseconds(Int(clamping: left))) == .success
    }
    if let early = state.withLock({ $0.queue.timeout(of: ticket) }), early < deadline ?? .max {
      if isSignalled(by: early, from: asked) { return }
      let now = clock.now()
      state.withLock { Self.admit(&$0, now: now) }
    }
    guard let deadline else { return waiter.signal.wait() }
    if isSignalled(by: deadline, from: clock.now()) { return }
    let withdrawn = state.withLock { state in
      state.waiters[ticket] = nil
      let withdrawn = state.queue.withdraw(ticket)
      if withdrawn { state.figures[network].expired += 1 }
      return withdrawn
    }
    if !withdrawn { waiter.signal.wait() }
  }

  private func finish(
    _ index: Int, waited: Double, took: Double, failed: Bool, processorTime: Double, now: UInt64
  ) {
    state.withLock { state in
      state.figures[index].runs += 1
      if failed { state.figures[index].failures += 1 }
      state.figures[index].waits.add(waited)
      state.figures[index].durations.add(took)
      state.figures[index].processorTime += processorTime
      state.queue.release()
      Self.admit(&state, now: now)
    }
  }

  private static func admit(_ state: inout State, now: UInt64) {
    let networks = state.queue.networks
    let (granted, expired) = state.queue.admit(now: now)
    for ticket in granted {
      guard let waiter = state.waiters.removeValue(forKey: ticket) else { continue }
      waiter.isGranted.store(true, ordering: .releasing)
      waiter.signal.signal()
    }
    for ticket in expired {
      if let network = networks[ticket] { state.figures[network].expired += 1 }
      state.waiters.removeValue(forKey: ticket)?.signal.signal()
    }
    noteBatch(&state)
  }

  private static func noteBatch(_ state: inout State) {
    if let batch = state.queue.takeEndedBatch() {
      state.figures[batch.network].batches.add(Double(batch.size))
    }
  }

  private static func seconds(_ from: UInt64, _ to: UInt64) -> Double {
    to > from ? Double(to - from) / 1e9 : 0
  }
}
