/// How the runs of one network stand against those of others.
public struct NetworkPolicy: Hashable, Sendable {
  /// The network's name.
  public var name: String
  /// Higher runs first.
  public var priority: Int
  /// The most runs that may wait; one more is refused.
  public var maximumWaiting: Int
  /// So many runs are waited for before the first of them begins, so that they follow each other.
  public var threshold: Int
  /// After so many nanoseconds of waiting a run begins although the threshold is not reached.
  public var timeout: UInt64
  /// After so many runs in a row another network of the same priority goes first.
  public var batchLimit: Int
  /// A run that has waited for so many nanoseconds is not begun any more; `nil` waits as long as it takes.
  public var patience: UInt64?

  /// A policy by its parts.
  public init(
    name: String, priority: Int, maximumWaiting: Int = 32, threshold: Int = 1, timeout: UInt64 = 20_000_000,
    batchLimit: Int = 8, patience: UInt64? = nil
  ) {
    self.name = name
    self.priority = priority
    self.maximumWaiting = maximumWaiting
    self.threshold = max(1, threshold)
    self.timeout = timeout
    self.batchLimit = max(1, batchLimit)
    self.patience = patience
  }
}

/// The order in which waiting runs get a slot. Pure: moments come in, in nanoseconds of any monotonic clock.
///
/// The waiting run with the highest effective priority goes first; waiting raises the effective priority by one
/// level per ageing interval, so that nothing starves. Among equals the network that ran last goes on, up to its batch
/// limit, since its weights are in the processor's cache; then the earliest deadline goes first, then the one that came
/// first. A network with a threshold is passed over until so many of its runs wait, or one has waited for its time-out.
public struct AdmissionQueue: Sendable {
  /// A waiting run's number.
  public typealias Ticket = UInt64

  /// What became of a request to run.
  public enum Admission: Hashable, Sendable {
    /// It may run now; the slot is taken.
    case granted
    /// It waits under this number.
    case waiting(Ticket)
    /// Too many runs of its network wait already.
    case refused
  }

  private struct Waiting {
    var ticket: Ticket
    var network: Int
    var since: UInt64
    var deadline: UInt64?
  }

  /// How many runs may go on at once.
  public let slots: Int
  /// How long a run waits, in nanoseconds, until it counts as one level of priority higher.
  public let ageingInterval: UInt64
  /// How many runs go on.
  public private(set) var running = 0
  private let policies: [NetworkPolicy]
  private var waiting: [Waiting] = []
  private var nextTicket: Ticket = 1
  /// The network whose run was let go last, and how many of them in a row.
  private var batch: (network: Int, size: Int)?
  /// The batch that has just ended because another network was let go.
  public private(set) var endedBatch: (network: Int, size: Int)?

  /// An empty queue.
  public init(slots: Int, ageingInterval: UInt64 = 100_000_000, policies: [NetworkPolicy]) {
    self.slots = max(1, slots)
    self.ageingInterval = max(1, ageingInterval)
    self.policies = policies
  }

  /// How many runs of a network wait.
  public func waitingCount(of network: Int) -> Int { waiting.count { $0.network == network } }

  /// The network of each waiting run.
  public var networks: [Ticket: Int] {
    Dictionary(waiting.map { ($0.ticket, $0.network) }, uniquingKeysWith: { first, _ in first })
  }

  /// Asks for a slot for a run of the network of this index.
  public mutating func request(network: Int, now: UInt64, deadline: UInt64?) -> Admission {
    guard policies.indices.contains(network) else { return .refused }
    if running < slots, waiting.isEmpty, policies[network].threshold == 1 {
      running += 1
      note(network)
      return .granted
    }
    guard waitingCount(of: network) < policies[network].maximumWaiting else { return .refused }
    let ticket = nextTicket
    nextTicket += 1
    waiting.append(Waiting(ticket: ticket, network: network, since: now, deadline: deadline))
    return .waiting(ticket)
  }

  /// Gives back a slot.
  public mutating func release() { running = max(0, running - 1) }

  /// Takes a run that no longer wants to wait out of the queue.
  ///
  /// - Returns: `false` where it does not wait any more.
  public mutating func withdraw(_ ticket: Ticket) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// Gives free slots to waiting runs.
  ///
  /// - Returns: the runs that may go on now, and those whose deadline has passed and that will not run.
  public mutating func admit(now: UInt64) -> (granted: [Ticket], expired: [Ticket]) {
    let expired = waiting.filter { $0.deadline.map { $0 < now } ?? false }.map(\.ticket)
    waiting.removeAll { expired.contains($0.ticket) }
    var granted: [Ticket] = []
    while running < slots, let index = next(now: now) {
      let run = waiting.remove(at: index)
      granted.append(run.ticket)
      running += 1
      note(run.network)
    }
    return (granted, expired)
  }

  /// When a waiting run may go although its network's threshold is not reached.
  public func timeout(of ticket: Ticket) -> UInt64? {
    guard let run = waiting.first(where: { $0.ticket == ticket }), policies[run.network].threshold > 1 else {
      return nil
    }
    return run.since &+ policies[run.network].timeout
  }

  /// Takes the size of the batch that has just ended, once.
  public mutating func takeEndedBatch() -> (network: Int, size: Int)? {
    defer { endedBatch = nil }
    return endedBatch
  }

  private mutating func note(_ network: Int) {
    if let current = batch, current.network == network {
      batch = (network, current.size + 1)
    } else {
      endedBatch = batch
      batch = (network, 1)
    }
  }

  private func mayGo(_ run: Waiting, _ now: UInt64) -> Bool {
    let policy = policies[run.network]
    guard policy.threshold > 1 else { return true }
    if waitingCount(of: run.network) >= policy.threshold { return true }
    // The rest of a batch that has begun follows at once.
    if let batch, batch.network == run.network, batch.size % policy.threshold != 0 { return true }
    return now >= run.since && now - run.since >= policy.timeout
  }

  /// 1 where the network may go on with its batch, -1 where its batch is long enough, 0 for other networks.
  private func batchRank(_ network: Int) -> Int {
    guard let batch, batch.network == network else { return 0 }
    return batch.size < policies[network].batchLimit ? 1 : -1
  }

  private func next(now: UInt64) -> Int? {
    waiting.indices.filter { mayGo(waiting[$0], now) }.max { left, right in
      let (first, second) = (waiting[left], waiting[right])
      let (one, two) = (effectivePriority(first, now), effectivePriority(second, now))
      if one != two { return one < two }
      let (rank, other) = (batchRank(first.network), batchRank(second.network))
      if rank != other { return rank < other }
      let (early, late) = (first.deadline ?? .max, second.deadline ?? .max)
      if early != late { return early > late }
      return first.ticket > second.ticket
    }
  }

  private func effectivePriority(_ run: Waiting, _ now: UInt64) -> Int {
    let waited = now > run.since ? now - run.since : 0
    return policies[run.network].priority &+ Int(clamping: waited / ageingInterval)
  }
}
