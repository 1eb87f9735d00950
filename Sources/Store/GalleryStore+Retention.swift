import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// What a retention sweep removed.
public struct RetentionReport: Sendable, Hashable {
  /// Crops.
  public var crops = 0
  /// Events.
  public var events = 0
  /// The recorded files whose time is over; whoever asked removes the files themselves.
  public var recordings: [StoredRecording] = []
  /// Hourly counts.
  public var counts = 0

  /// Whether there was nothing to do.
  public var isEmpty: Bool { crops == 0 && events == 0 && recordings.isEmpty && counts == 0 }
}

/// How much a gallery's file holds.
public struct StoreStatistics: Sendable, Hashable {
  /// One class of data.
  public struct Class: Sendable, Hashable {
    /// Which.
    public var kind: RetentionClass
    /// How many records.
    public var records: Int
    /// The oldest record's moment.
    public var oldest: Timestamp?
  }

  /// By class, in the order of ``RetentionClass``; journeys are the identities that have sightings.
  public var classes: [Class]
  /// How many identities.
  public var identities: Int
  /// How many of them have a name.
  public var named: Int
  /// The size of the file in bytes.
  public var fileBytes: Int
  /// The size of its write-ahead log in bytes.
  public var logBytes: Int
  /// How many audit entries.
  public var auditEntries: Int
}

extension GalleryStore {
  /// Removes crops, events, recordings' entries and counts whose time is over; embeddings and sightings are
  /// removed by ``Gallery`` itself, whose changes come here like all others.
  ///
  /// Counts are removed by whole hours. An audit entry tells of each sweep that found something.
  ///
  /// - Throws: ``StoreError`` where the file cannot be written; the records are gone from memory and go from
  ///   the file as soon as it can be.
  @discardableResult
  public func sweep(policy: RetentionPolicy, now: Timestamp) throws(StoreError) -> RetentionReport {
    try requireOpen()
    return try exclusively { (writer) throws(StoreError) -> RetentionReport in
      try writePending(&writer)
      var report = memory.withLock { memory in
        sortIn(&memory)
        return memory.archive.sweep(policy: policy, now: now)
      }
      let hour = Int64((policy.cutoff(for: .aggregate, now: now).seconds / 3600).rounded(.down))
      let known = report
      let counts = try transaction(in: &writer) { database, cipher in
        try database.execute(sql: "DELETE FROM aggregate WHERE hour < ?", arguments: [hour])
        let counts = database.changesCount
        if !known.isEmpty || counts > 0 {
          try AuditLog.append(
            time: now, action: .retention,
            subject: "\(known.crops) crops, \(known.events) events, \(known.recordings.count) recordings, "
              + "\(counts) counts",
            reason: "their time was over", actor: "throughline", to: database, cipher: cipher)
        }
        return counts
      }
      report.counts = counts
      if !report.isEmpty, let database = writer.database {
        // Gives the emptied pages back; what was on them is overwritten already.
        try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum") }
        _ = try? writer.checkpoint()
      }
      return report
    }
  }

  /// How much the gallery holds.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read.
  public func statistics() throws(StoreError) -> StoreStatistics {
    let numbers = try reading { database, _ in try StoreStatistics.FileNumbers(database) }
    return memory.withLock { memory in
      sortIn(&memory)
      return StoreStatistics(
        path: path, contents: memory.contents, archive: memory.archive, numbers: numbers)
    }
  }
}

extension StoreStatistics {
  /// What only the file can tell.
  struct FileNumbers: Sendable {
    var auditEntries: Int
    var countRows: Int
    var firstHour: Double?

    init(_ database: Database) throws {
      auditEntries = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM audit") ?? 0
      countRows = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM aggregate") ?? 0
      firstHour = try Double.fetchOne(database, sql: "SELECT MIN(hour) FROM aggregate")
    }
  }

  init(path: String, contents: GalleryContents, archive: StoreArchive, numbers: FileNumbers) {
    func size(_ path: String) -> Int {
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
    let identities = contents.identities.values
    classes = RetentionClass.allCases.map { kind -> Class in
      let times: [Timestamp]
      switch kind {
      case .crop: times = archive.crops.values.map(\.time)
      case .embedding: times = identities.flatMap { $0.prototypes.map(\.prototype.time) }
      case .sighting: times = identities.flatMap { $0.sightings.map(\.sighting.end) }
      case .journey: times = identities.compactMap { $0.sightings.map(\.sighting.end).max() }
      case .event: times = archive.events.values.map(\.time)
      case .recording: times = archive.recordings.values.map(\.end)
      case .aggregate:
        return Class(
          kind: kind, records: numbers.countRows,
          oldest: numbers.firstHour.map { Timestamp(seconds: $0 * 3600) })
      }
      return Class(kind: kind, records: times.count, oldest: times.min())
    }
    self.identities = identities.count
    named = identities.count { $0.identity.name != nil }
    fileBytes = size(path)
    logBytes = size(path + "-wal")
    auditEntries = numbers.auditEntries
  }
}

extension StoreArchive {
  /// Removes what is older than its retention time.
  mutating func sweep(policy: RetentionPolicy, now: Timestamp) -> RetentionReport {
    var report = RetentionReport()
    let cropCutoff = policy.cutoff(for: .crop, now: now)
    for (id, crop) in crops where crop.time < cropCutoff {
      removeCrop(id)
      report.crops += 1
    }
    let eventCutoff = policy.cutoff(for: .event, now: now)
    for (id, event) in events where event.time < eventCutoff {
      removeEvent(id)
      report.events += 1
    }
    let recordingCutoff = policy.cutoff(for: .recording, now: now)
    for (id, recording) in recordings.sorted(by: { $0.key < $1.key }) where recording.end < recordingCutoff {
      removeRecording(id)
      report.recordings.append(recording)
    }
    return report
  }
}
