import Foundation
import Gallery
import ThroughlineCore

/// The gallery as the store knows it, and which of its records the file does not have yet.
///
/// The store writes states, not steps: a record that changed a hundred times while the disk was full is
/// written once, and what waits to be written is never more than the gallery itself.
struct StoreMemory: Sendable {
  /// Records whose state in the file differs, or may differ, from the one in memory.
  struct Dirty: Sendable {
    var state = false
    var identities: Set<IdentityID> = []
    var prototypes: Set<PrototypeID> = []
    var sightings: Set<SightingID> = []
    var vetoes: Set<IdentityPair> = []
    var aliases: Set<IdentityID> = []
    var corrections: Set<CorrectionID> = []
    var settings: Set<String> = []

    var count: Int {
      (state ? 1 : 0) + identities.count + prototypes.count + sightings.count + vetoes.count + aliases.count
        + corrections.count + settings.count
    }

    mutating func formUnion(_ other: Dirty) {
      state = state || other.state
      identities.formUnion(other.identities)
      prototypes.formUnion(other.prototypes)
      sightings.formUnion(other.sightings)
      vetoes.formUnion(other.vetoes)
      aliases.formUnion(other.aliases)
      corrections.formUnion(other.corrections)
      settings.formUnion(other.settings)
    }
  }

  private(set) var contents: GalleryContents
  var archive: StoreArchive
  var dirty = Dirty()
  /// How many changes did not fit the contents, and what the latest of them lacked.
  private(set) var rejected = 0
  private(set) var latestRejection: String?

  private(set) var prototypeOwners: [PrototypeID: IdentityID] = [:]
  private(set) var sightingOwners: [SightingID: IdentityID] = [:]
  private var written: GalleryState

  init(contents: GalleryContents, archive: StoreArchive) {
    self.contents = contents
    self.archive = archive
    written = GalleryState(of: contents)
    for record in contents.identities.values { own(record) }
  }

  /// How many records the file does not have, those on their way included.
  var pendingCount: Int { dirty.count + archive.dirtyCount + travelling }
  private var travelling = 0

  private mutating func own(_ record: GalleryIdentity) {
    for prototype in record.prototypes { prototypeOwners[prototype.id] = record.id }
    for sighting in record.sightings { sightingOwners[sighting.id] = record.id }
  }

  /// A batch is on its way to the file: from now on the file may hold everything that exists now.
  ///
  /// - Returns: what to give to ``withdraw(_:)`` where the batch was not written.
  mutating func beginWriting() -> Mark {
    travelling = dirty.count + archive.dirtyCount
    let mark = Mark(dirty: dirty, written: written, archive: archive.beginWriting())
    dirty = Dirty()
    written = GalleryState(of: contents)
    return mark
  }

  /// A batch did not reach the file: all of it is to be written again, save what the file never had and does
  /// not need any more.
  mutating func withdraw(_ mark: Mark) {
    travelling = 0
    dirty.formUnion(mark.dirty)
    written = mark.written
    dirty.prototypes = dirty.prototypes.filter { $0 < written.nextPrototype || prototypeOwners[$0] != nil }
    dirty.sightings = dirty.sightings.filter { $0 < written.nextSighting || sightingOwners[$0] != nil }
    dirty.identities = dirty.identities.filter {
      $0 < written.nextIdentity || contents.identities[$0] != nil
    }
    archive.withdraw(mark.archive)
  }

  /// A batch is in the file.
  mutating func confirm(_ mark: Mark) {
    travelling = 0
    archive.release(mark.archive)
  }

  /// What a batch took.
  struct Mark: Sendable {
    fileprivate var dirty: Dirty
    fileprivate var written: GalleryState
    fileprivate var archive: StoreArchive.Mark
  }

  /// Makes one step of the gallery's journal and notes which records differ from the file.
  mutating func apply(_ change: GalleryChange) {
    switch change {
    case .merged, .split, .undone, .vetoed, .vetoRemoved, .forgotten: applyStructural(change)
    default:
      guard attempt(change) else { return }
      mark(change)
    }
  }

  private mutating func attempt(_ change: GalleryChange) -> Bool {
    do {
      try contents.apply(change)
      return true
    } catch {
      rejected += 1
      latestRejection = "\(error)"
      return false
    }
  }

  private mutating func mark(_ change: GalleryChange) {
    switch change {
    case .networkSet, .trackNumberReserved: dirty.state = true
    case .identityCreated(let identity):
      dirty.identities.insert(identity.id)
      dirty.state = true
    case .identityUpdated(let identity): dirty.identities.insert(identity.id)
    case .named(let id, _): dirty.identities.insert(id)
    case .prototypeAdded(let prototype, let id):
      prototypeOwners[prototype.id] = id
      dirty.prototypes.insert(prototype.id)
      dirty.state = true
    case .prototypeRemoved(let id, _): remove(id)
    case .sightingOpened(let sighting):
      sightingOwners[sighting.id] = sighting.sighting.identity
      dirty.sightings.insert(sighting.id)
      dirty.state = true
    case .sightingExtended(let id, _, _), .sightingClosed(let id, _, _): dirty.sightings.insert(id)
    case .sightingReassigned(let id, _, let into, _, _):
      sightingOwners[id] = into
      dirty.sightings.insert(id)
    case .sightingRemoved(let id, _): remove(id)
    case .vetoAdded(let pair): dirty.vetoes.insert(pair)
    case .learnedStateSet(let name, _): dirty.settings.insert(name)
    case .merged, .split, .undone, .vetoed, .vetoRemoved, .forgotten: break
    }
  }

  private mutating func remove(_ id: PrototypeID) {
    prototypeOwners[id] = nil
    archive.removeCrops(of: .prototype(id))
    if id < written.nextPrototype { dirty.prototypes.insert(id) } else { dirty.prototypes.remove(id) }
  }

  private mutating func remove(_ id: SightingID) {
    sightingOwners[id] = nil
    archive.removeCrops(of: .sighting(id))
    if id < written.nextSighting { dirty.sightings.insert(id) } else { dirty.sightings.remove(id) }
  }

  private mutating func remove(_ id: IdentityID) {
    if id < written.nextIdentity { dirty.identities.insert(id) } else { dirty.identities.remove(id) }
  }

  /// Merges, splits and their like touch records of two identities, aliases, vetoes and corrections; what they
  /// touched is found by comparing before and after.
  private mutating func applyStructural(_ change: GalleryChange) {
    let vetoes = contents.vetoes
    let corrections = Set(contents.corrections.map(\.id))
    var involved: [IdentityID] = []
    var aliases: [IdentityID] = []
    switch change {
    case .merged(let record):
      involved = [record.survivor.id, record.absorbed.id]
      aliases = [record.absorbed.id]
      if contents.aliases.count >= GalleryContents.maximumAliases, let oldest = contents.aliases.keys.min() {
        aliases.append(oldest)
      }
    case .split(let record): involved = [record.original.id, record.created.id]
    case .undone(let correction):
      involved = [correction.identities.0, correction.identities.1]
      aliases = [correction.identities.1]
    case .vetoed, .vetoRemoved: break
    case .forgotten(let id, _):
      involved = [id]
      aliases = contents.aliases.isEmpty ? [] : contents.aliases.keys.filter { contents.resolve($0) == id }
    default: return
    }
    let before = involved.compactMap { contents.identities[$0] }
    // Forgetting is asked of the store and of the gallery; whoever comes second finds nothing left to do.
    if case .forgotten(let id, _) = change, contents.identities[id] == nil { return }
    guard attempt(change) else { return }
    dirty.state = true
    dirty.aliases.formUnion(aliases)
    dirty.vetoes.formUnion(vetoes.symmetricDifference(contents.vetoes))
    dirty.corrections.formUnion(corrections.symmetricDifference(contents.corrections.map(\.id)))
    compare(before, with: involved)
    if case .forgotten(let id, .requested) = change { forgetArchive(of: Set(aliases).union([id])) }
  }

  private mutating func compare(_ before: [GalleryIdentity], with involved: [IdentityID]) {
    var prototypes: [PrototypeID: IdentityID] = [:]
    var sightings: [SightingID: IdentityID] = [:]
    for id in involved {
      guard let record = contents.identities[id] else {
        remove(id)
        continue
      }
      dirty.identities.insert(id)
      for prototype in record.prototypes { prototypes[prototype.id] = id }
      for sighting in record.sightings { sightings[sighting.id] = id }
    }
    for record in before {
      for prototype in record.prototypes where prototypes[prototype.id] == nil { remove(prototype.id) }
      for sighting in record.sightings where sightings[sighting.id] == nil { remove(sighting.id) }
    }
    for (id, owner) in prototypes where prototypeOwners[id] != owner {
      prototypeOwners[id] = owner
      dirty.prototypes.insert(id)
    }
    for (id, owner) in sightings where sightingOwners[id] != owner {
      sightingOwners[id] = owner
      dirty.sightings.insert(id)
    }
  }

  /// Removes what the archive keeps about a person under any of the person's numbers.
  ///
  /// - Returns: how many events and recordings' entries were touched.
  @discardableResult
  mutating func forgetArchive(of numbers: Set<IdentityID>) -> (events: Int, recordings: Int) {
    let events = archive.events.filter { !numbers.isDisjoint(with: $0.value.identities) }.keys
    for id in events { archive.removeEvent(id) }
    var recordings = 0
    for (id, recording) in archive.recordings where !numbers.isDisjoint(with: recording.identities) {
      var changed = recording
      changed.identities.removeAll { numbers.contains($0) }
      archive.update(changed, id: id)
      recordings += 1
    }
    return (events.count, recordings)
  }

  /// Takes other contents as the truth; whatever differs is written.
  mutating func replace(with new: GalleryContents) {
    let old = contents
    contents = new
    prototypeOwners = [:]
    sightingOwners = [:]
    for record in new.identities.values { own(record) }
    dirty.state = true
    for (id, record) in old.identities {
      let now = new.identities[id]
      if now?.identity != record.identity { dirty.identities.insert(id) }
      let prototypes = Set(now?.prototypes ?? [])
      for prototype in record.prototypes where !prototypes.contains(prototype) {
        if prototypeOwners[prototype.id] == nil { remove(prototype.id) }
        dirty.prototypes.insert(prototype.id)
      }
      let sightings = Set(now?.sightings ?? [])
      for sighting in record.sightings where !sightings.contains(sighting) {
        if sightingOwners[sighting.id] == nil { remove(sighting.id) }
        dirty.sightings.insert(sighting.id)
      }
    }
    for (id, record) in new.identities {
      let before = old.identities[id]
      if before?.identity != record.identity { dirty.identities.insert(id) }
      let prototypes = Set(before?.prototypes ?? [])
      for prototype in record.prototypes where !prototypes.contains(prototype) {
        dirty.prototypes.insert(prototype.id)
      }
      let sightings = Set(before?.sightings ?? [])
      for sighting in record.sightings where !sightings.contains(sighting) {
        dirty.sightings.insert(sighting.id)
      }
    }
    dirty.vetoes.formUnion(old.vetoes.symmetricDifference(new.vetoes))
    dirty.corrections.formUnion(Set(old.corrections).symmetricDifference(new.corrections).map(\.id))
    for id in Set(old.aliases.keys).union(new.aliases.keys) where old.aliases[id] != new.aliases[id] {
      dirty.aliases.insert(id)
    }
    for name in Set(old.learnedState.keys).union(new.learnedState.keys)
    where old.learnedState[name] != new.learnedState[name] {
      dirty.settings.insert(name)
    }
  }

  func prototype(_ id: PrototypeID) -> (IdentityID, GalleryPrototype)? {
    guard let owner = prototypeOwners[id], let list = contents.identities[owner]?.prototypes else {
      return nil
    }
    return list.last { $0.id == id }.map { (owner, $0) }
  }

  func sighting(_ id: SightingID) -> GallerySighting? {
    guard let owner = sightingOwners[id] else { return nil }
    return contents.identities[owner]?.sightings.last { $0.id == id }
  }
}
