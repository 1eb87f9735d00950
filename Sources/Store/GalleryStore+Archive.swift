import Foundation
import GRDB
import Gallery
import ThroughlineCore

extension GalleryStore {
  /// Descriptions of an identity's crops, oldest first; ``image(of:)`` gives the picture.
  public func crops(of identity: IdentityID) -> [(id: ArchiveID, crop: StoredCrop)] {
    memory.withLock { memory in
      sortIn(&memory)
      return memory.crops(of: identity).compactMap { id in memory.archive.crops[id].map { (id, $0) } }
    }
  }

  /// A crop's encoded picture.
  ///
  /// - Returns: `nil` where there is no such crop (any more).
  /// - Throws: ``StoreError`` where the file cannot be read.
  public func image(of crop: ArchiveID) throws(StoreError) -> [UInt8]? {
    let (isKept, waiting) = memory.withLock { memory in
      sortIn(&memory)
      return (memory.archive.crops[crop] != nil, memory.archive.pendingImages[crop])
    }
    guard isKept else { return nil }
    if let waiting { return waiting }
    return try reading { [path] database, cipher in
      let sql = "SELECT body FROM crop WHERE id = ?"
      guard let sealed = try Data.fetchOne(database, sql: sql, arguments: [crop.rawValue]) else { return nil }
      return try cipher.body(sealed, .cropBody, crop, path: path)
    }
  }

  /// Descriptions of the kept events in order of keeping; ``body(of:)`` gives what was sent.
  ///
  /// - Parameter identity: only those about this one, under any of its numbers.
  public func events(about identity: IdentityID? = nil) -> [(id: ArchiveID, event: StoredEvent)] {
    memory.withLock { memory in
      sortIn(&memory)
      let numbers = identity.map { memory.numbers(of: $0) }
      return memory.archive.events.filter { _, event in
        numbers.map { !$0.isDisjoint(with: event.identities) } ?? true
      }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
  }

  /// An event as it was sent.
  ///
  /// - Returns: `nil` where there is no such event (any more).
  /// - Throws: ``StoreError`` where the file cannot be read.
  public func body(of event: ArchiveID) throws(StoreError) -> [UInt8]? {
    let (isKept, waiting) = memory.withLock { memory in
      sortIn(&memory)
      return (memory.archive.events[event] != nil, memory.archive.pendingBodies[event])
    }
    guard isKept else { return nil }
    if let waiting { return waiting }
    return try reading { [path] database, cipher in
      let sql = "SELECT body FROM event WHERE id = ?"
      guard let sealed = try Data.fetchOne(database, sql: sql, arguments: [event.rawValue]) else {
        return nil
      }
      return try cipher.body(sealed, .eventBody, event, path: path)
    }
  }

  /// The index of recorded files in order of keeping.
  ///
  /// - Parameter identity: only those in which this one was recognised.
  public func recordings(of identity: IdentityID? = nil) -> [StoredRecording] {
    memory.withLock { memory in
      sortIn(&memory)
      let numbers = identity.map { memory.numbers(of: $0) }
      return memory.archive.recordings.filter { _, recording in
        numbers.map { !$0.isDisjoint(with: recording.identities) } ?? true
      }.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  /// The counts that are in the file, by the hour's beginning.
  ///
  /// - Throws: ``StoreError`` where the file cannot be read.
  public func counts() throws(StoreError) -> [(hour: Timestamp, name: String, count: Int)] {
    try flush()
    let rows = try reading { database, _ in
      try Row.fetchAll(database, sql: "SELECT hour, name, count FROM aggregate ORDER BY hour, name").map {
        row -> (Int64, String, Int) in (row["hour"], row["name"], row["count"])
      }
    }
    return rows.map { (Timestamp(seconds: Double($0.0) * 3600), $0.1, $0.2) }
  }
}

extension StoreMemory {
  /// Keeps a crop where its owner is known.
  mutating func keep(_ crop: StoredCrop, limits: StoreLimits) {
    let isOwned =
      switch crop.owner {
      case .sighting(let id): sightingOwners[id] != nil
      case .prototype(let id): prototypeOwners[id] != nil
      }
    if isOwned { archive.keep(crop, limits: limits) } else { archive.dropped += 1 }
  }

  /// All numbers that mean the same person as this one does.
  func numbers(of id: IdentityID) -> Set<IdentityID> {
    guard let living = contents.resolve(id) else { return [id] }
    return Set(contents.aliases.keys.filter { contents.resolve($0) == living }).union([living, id])
  }

  func crops(of identity: IdentityID) -> [ArchiveID] {
    guard let living = contents.resolve(identity), let record = contents.identities[living] else { return [] }
    let ofSightings = record.sightings.flatMap { archive.cropsOfSighting[$0.id] ?? [] }
    let ofPrototypes = record.prototypes.flatMap { archive.cropsOfPrototype[$0.id] ?? [] }
    return (ofSightings + ofPrototypes).sorted()
  }
}

extension StoreCipher {
  /// A picture or an event's text.
  ///
  /// - Throws: ``StoreError/damaged(path:reason:)`` with its number where it does not open.
  func body(
    _ sealed: Data, _ kind: RecordSealer.Kind, _ number: ArchiveID, path: String
  ) throws(StoreError) -> [UInt8] {
    do { return try open(sealed, kind, number.rawValue) } catch {
      throw .damaged(path: path, reason: "\(kind.rawValue) record \(number.rawValue) does not open")
    }
  }
}
