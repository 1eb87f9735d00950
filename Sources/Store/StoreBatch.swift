import Foundation
import Gallery
import ThroughlineCore

/// The states of all records that the file does not have yet, taken at one moment; `nil` stands for a record
/// that is gone.
struct StoreBatch: Sendable {
  var state: GalleryState?
  var identities: [(IdentityID, Identity?)] = []
  var prototypes: [(PrototypeID, (IdentityID, GalleryPrototype)?)] = []
  var sightings: [(SightingID, GallerySighting?)] = []
  var vetoes: [(IdentityPair, Bool)] = []
  var aliases: [(IdentityID, IdentityID?)] = []
  var corrections: [(CorrectionID, GalleryCorrection?)] = []
  var settings: [(String, Data?)] = []
  var crops: [(ArchiveID, StoredCrop?)] = []
  var events: [(ArchiveID, StoredEvent?)] = []
  var recordings: [(ArchiveID, StoredRecording?)] = []
  var counts: [(AggregateKey, Int64)] = []
  var mark: StoreMemory.Mark

  /// Whether a record goes.
  var deletes: Bool {
    identities.contains { $0.1 == nil } || prototypes.contains { $0.1 == nil }
      || sightings.contains { $0.1 == nil } || crops.contains { $0.1 == nil }
      || events.contains { $0.1 == nil } || corrections.contains { $0.1 == nil }
      || recordings.contains { $0.1 == nil } || aliases.contains { $0.1 == nil }
  }

  var isEmpty: Bool {
    state == nil && identities.isEmpty && prototypes.isEmpty && sightings.isEmpty && vetoes.isEmpty
      && aliases.isEmpty && corrections.isEmpty && settings.isEmpty && crops.isEmpty && events.isEmpty
      && recordings.isEmpty && counts.isEmpty
  }
}

extension StoreMemory {
  /// Takes what is to be written; the caller gives it to ``confirm(_:)`` or ``withdraw(_:)`` afterwards.
  mutating func takeBatch() -> StoreBatch {
    let dirty = dirty
    let archived = archive
    let mark = beginWriting()
    var batch = StoreBatch(mark: mark)
    if dirty.state { batch.state = GalleryState(of: contents) }
    batch.identities = dirty.identities.sorted().map { ($0, contents.identities[$0]?.identity) }
    batch.prototypes = dirty.prototypes.sorted().map { ($0, prototype($0)) }
    batch.sightings = dirty.sightings.sorted().map { ($0, sighting($0)) }
    batch.vetoes = dirty.vetoes.sorted().map { ($0, contents.vetoes.contains($0)) }
    batch.aliases = dirty.aliases.sorted().map { ($0, contents.aliases[$0]) }
    if !dirty.corrections.isEmpty {
      let known = Dictionary(contents.corrections.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
      batch.corrections = dirty.corrections.sorted().map { ($0, known[$0]) }
    }
    batch.settings = dirty.settings.sorted().map { ($0, contents.learnedState[$0]) }
    batch.crops = archived.dirtyCrops.sorted().map { id in
      var crop = archived.crops[id]
      crop?.image = archived.pendingImages[id] ?? []
      return (id, crop)
    }
    batch.events = archived.dirtyEvents.sorted().map { id in
      var event = archived.events[id]
      event?.body = archived.pendingBodies[id] ?? []
      return (id, event)
    }
    batch.recordings = archived.dirtyRecordings.sorted().map { ($0, archived.recordings[$0]) }
    batch.counts = archived.counts.map { ($0.key, $0.value) }
    return batch
  }
}
