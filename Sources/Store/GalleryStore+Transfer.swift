import Foundation
import GRDB
import Gallery
import ThroughlineCore

/// How pictures and events get from one gallery's file into another's: opened with one key, sealed with the other.
extension GalleryStore {
  /// So much may wait to be written while an archive is handed on.
  private static let transferBytes = 8 << 20

  /// Hands pictures, events and hourly counts on to another gallery that holds the same identities. The index of
  /// recordings stays: the files lie here.
  ///
  /// - Throws: ``StoreError`` where this file cannot be read or the other one cannot be written.
  public func copyArchive(to other: GalleryStore) throws(StoreError) -> ArchiveTransfer {
    let (crops, events) = memory.withLock { memory in
      sortIn(&memory)
      return (
        memory.archive.crops.sorted { $0.key < $1.key }, memory.archive.events.sorted { $0.key < $1.key }
      )
    }
    var transfer = ArchiveTransfer()
    var waiting = 0
    for (id, crop) in crops {
      // What is swept away in the meantime is not handed on.
      guard
        let picture = try intact({ () throws(StoreError) in try image(of: id) }, else: &transfer.unreadable)
      else { continue }
      var whole = crop
      whole.image = picture
      other.keep(whole)
      transfer.crops += 1
      try other.flush(after: picture.count, &waiting)
    }
    for (id, event) in events {
      guard let text = try intact({ () throws(StoreError) in try body(of: id) }, else: &transfer.unreadable)
      else { continue }
      var whole = event
      whole.body = text
      other.keep(whole)
      transfer.events += 1
      try other.flush(after: text.count, &waiting)
    }
    for (hour, name, count) in try counts() { other.count(name, by: count, at: hour) }
    try other.flush()
    return transfer
  }

  /// Takes over pictures and events from another gallery's file, for the identities that a plan has taken over.
  ///
  /// - Parameter event: makes an event speak of the new numbers; `nil` leaves it out.
  /// - Throws: ``StoreError`` where the other file cannot be read or this one cannot be written. What was taken over
  ///   until then stays.
  public func takeArchive(
    from path: String, credential: GalleryCredential, plan: GalleryImport,
    event renumbered: (StoredEvent) -> StoredEvent?
  ) throws(StoreError) -> ArchiveTransfer {
    let transfer = try Self.inspecting(path: path, credential: credential) { database, cipher in
      var transfer = ArchiveTransfer()
      var waiting = 0
      let crops = try Row.fetchCursor(database, sql: "SELECT id, head, body FROM crop ORDER BY id")
      while let row = try crops.next() {
        let id: Int64 = row["id"]
        var crop = try StoredCrop.decode(head: cipher.open(row["head"], .cropHead, id))
        let owner: CropOwner? =
          switch crop.owner {
          case .sighting(let old): plan.sightings[old].map { .sighting($0) }
          case .prototype(let old): plan.prototypes[old].map { .prototype($0) }
          }
        guard let owner else {
          transfer.leftOut += 1
          continue
        }
        crop.owner = owner
        guard let picture = try? cipher.open(row["body"], .cropBody, id) else {
          transfer.unreadable += 1
          continue
        }
        crop.image = picture
        keep(crop)
        transfer.crops += 1
        try flush(after: crop.image.count, &waiting)
      }
      let events = try Row.fetchCursor(database, sql: "SELECT id, head, body FROM event ORDER BY id")
      while let row = try events.next() {
        let id: Int64 = row["id"]
        var event = try StoredEvent.decode(head: cipher.open(row["head"], .eventHead, id))
        let numbers = event.identities.compactMap { plan.numbers[$0] ?? plan.aliases[$0] }
        guard let text = try? cipher.open(row["body"], .eventBody, id) else {
          transfer.unreadable += 1
          continue
        }
        event.body = text
        // An event of somebody who has no number here would speak of a stranger.
        guard numbers.count == event.identities.count, let own = renumbered(event) else {
          transfer.leftOut += 1
          continue
        }
        keep(own)
        transfer.events += 1
        try flush(after: own.body.count, &waiting)
      }
      return transfer
    }
    try flush()
    return transfer
  }

  private func flush(after bytes: Int, _ waiting: inout Int) throws(StoreError) {
    waiting += bytes
    guard waiting >= Self.transferBytes else { return }
    waiting = 0
    try flush()
  }
}
