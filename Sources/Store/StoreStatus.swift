import Foundation
import ThroughlineCore

/// How a store keeps up.
public struct StoreStatus: Sendable, Hashable {
  /// Whether the file is being written.
  public enum Condition: Sendable, Hashable {
    /// Everything is written within half a second or so.
    case writing
    /// The file cannot be written for the reason given; changes are kept in memory and written later.
    case degraded(reason: String)
    /// The file is damaged or was replaced; nothing is written any more, memory goes on.
    case failed(reason: String)
    /// The store was closed.
    case closed
  }

  /// Whether the file is being written.
  public var condition: Condition
  /// How many records the file does not have yet.
  public var pending: Int
  /// How many changes did not fit the gallery and were left out; 0 unless there is an error in the program.
  public var rejected: Int
  /// What the latest of those lacked.
  public var latestRejection: String?
  /// How many crops and events were given up because there were too many, or no room for too long.
  public var dropped: Int
  /// When the file was last written.
  public var lastWrite: Timestamp?
}

/// The bounds of what a store holds.
public struct StoreLimits: Sendable, Hashable {
  /// How many changes may wait unsorted. When there are more, the caller of `append` sorts them in itself; none
  /// is dropped.
  public var queuedChanges: Int
  /// How many bytes of crops and events may wait to be written; beyond that the oldest are given up and counted.
  public var pendingBytes: Int
  /// How many crops are kept; beyond that the oldest are removed.
  public var crops: Int
  /// How many events are kept; beyond that the oldest are removed.
  public var events: Int

  /// Limits by their parts.
  public init(
    queuedChanges: Int = 50_000, pendingBytes: Int = 32 << 20, crops: Int = 100_000, events: Int = 1_000_000
  ) {
    self.queuedChanges = max(1, queuedChanges)
    self.pendingBytes = max(0, pendingBytes)
    self.crops = max(1, crops)
    self.events = max(1, events)
  }
}

/// How a store is to work.
public struct StoreOptions: Sendable {
  /// Seconds between two writes at most.
  public var writeInterval: Double
  /// The bounds of what it holds.
  public var limits: StoreLimits
  /// The current moment, for audit entries and retention; the wall clock where nothing else is given.
  public var now: @Sendable () -> Timestamp
  /// Called when the condition changes, from the thread that noticed it. It must not call the store's waiting
  /// calls; reading the status is fine.
  public var onConditionChange: @Sendable (StoreStatus.Condition) -> Void

  /// The system's clock.
  public static let wallClock: @Sendable () -> Timestamp = {
    Timestamp(seconds: Date().timeIntervalSince1970)
  }

  /// Options by their parts.
  public init(
    writeInterval: Double = 0.5, limits: StoreLimits = StoreLimits(),
    now: @escaping @Sendable () -> Timestamp = StoreOptions.wallClock,
    onConditionChange: @escaping @Sendable (StoreStatus.Condition) -> Void = { _ in }
  ) {
    self.writeInterval = writeInterval.isFinite ? max(0.01, writeInterval) : 0.5
    self.limits = limits
    self.now = now
    self.onConditionChange = onConditionChange
  }
}
