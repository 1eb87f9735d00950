import Foundation
import ThroughlineCore

extension GalleryContents {
  /// Makes one step of the journal.
  ///
  /// - Throws: ``GalleryError`` where the change does not fit the contents (an unknown identity, a number that
  ///   exists already, another network); the contents are unchanged then.
  public mutating func apply(_ change: GalleryChange) throws(GalleryError) {
    switch change {
    case .networkSet(let network): try setNetwork(network)
    case .identityCreated(let identity): try create(identity)
    case .identityUpdated(let identity):
      try require(identity.id)
      identities[identity.id]?.identity = identity
    case .named(let id, let name):
      try require(id)
      identities[id]?.identity.name = name
    case .prototypeAdded(let prototype, let id): try add(prototype, to: id)
    case .prototypeRemoved(let prototype, let id):
      let index = try index(of: prototype, at: id)
      identities[id]?.prototypes.remove(at: index)
    case .sightingOpened(let sighting): try open(sighting)
    case .sightingExtended(let sighting, let id, let end):
      let index = try index(of: sighting, at: id)
      identities[id]?.sightings[index].sighting.end = end
    case .sightingClosed(let sighting, let id, let end):
      let index = try index(of: sighting, at: id)
      identities[id]?.sightings[index].sighting.end = end
      identities[id]?.sightings[index].isOpen = false
    case .sightingReassigned(let sighting, let from, let into, let confidence, let explanation):
      try require(into)
      let index = try index(of: sighting, at: from)
      guard var moved = identities[from]?.sightings.remove(at: index) else { return }
      moved.confidence = confidence
      moved.explanation = explanation
      insert(moved, at: into)
    case .sightingRemoved(let sighting, let id):
      let index = try index(of: sighting, at: id)
      identities[id]?.sightings.remove(at: index)
    case .merged(let record): try merge(record)
    case .split(let record): try split(record)
    case .undone(let correction): try undo(correction)
    case .vetoAdded(let pair):
      try require(pair.lower)
      try require(pair.higher)
      vetoes.insert(pair)
    case .vetoed(let record):
      try require(record.pair.lower)
      try require(record.pair.higher)
      vetoes.insert(record.pair)
      remember(.veto(record))
    case .vetoRemoved(let pair):
      vetoes.remove(pair)
      corrections.removeAll { !$0.movesRecords && $0.identities == (pair.lower, pair.higher) }
    case .forgotten(let id, _): try forget(id)
    case .learnedStateSet(let name, let value): learnedState[name] = value
    case .trackNumberReserved(let camera, let number):
      lastTrackNumbers[camera] = max(lastTrackNumbers[camera] ?? 0, number)
    }
  }

  private func require(_ id: IdentityID) throws(GalleryError) {
    if identities[id] == nil { throw .unknownIdentity(id) }
  }

  private mutating func setNetwork(_ new: EmbeddingNetwork) throws(GalleryError) {
    if let network, network != new, identities.values.contains(where: { !$0.prototypes.isEmpty }) {
      throw .wrongNetwork(expected: network, found: new.description)
    }
    network = new
  }

  private mutating func create(_ identity: Identity) throws(GalleryError) {
    if identities[identity.id] != nil || aliases[identity.id] != nil { throw .identityExists(identity.id) }
    identities[identity.id] = GalleryIdentity(identity: identity)
    nextIdentity = max(nextIdentity, IdentityID(Self.following(identity.id.rawValue)))
  }

  private mutating func add(_ prototype: GalleryPrototype, to id: IdentityID) throws(GalleryError) {
    try require(id)
    guard let network else { throw .noNetwork }
    let dimension = prototype.prototype.embedding.dimension
    guard dimension == network.dimension else {
      throw .wrongNetwork(expected: network, found: "\(dimension) elements")
    }
    insert(prototype, at: id)
    nextPrototype = max(nextPrototype, PrototypeID(Self.following(prototype.id.rawValue)))
  }

  private mutating func open(_ sighting: GallerySighting) throws(GalleryError) {
    let id = sighting.sighting.identity
    try require(id)
    insert(sighting, at: id)
    nextSighting = max(nextSighting, SightingID(Self.following(sighting.id.rawValue)))
  }

  private func index(of prototype: PrototypeID, at id: IdentityID) throws(GalleryError) -> Int {
    try require(id)
    guard let index = identities[id]?.prototypes.firstIndex(where: { $0.id == prototype }) else {
      throw .unknownPrototype(prototype)
    }
    return index
  }

  private func index(of sighting: SightingID, at id: IdentityID) throws(GalleryError) -> Int {
    try require(id)
    // The sighting in question is nearly always one of the latest.
    guard let index = identities[id]?.sightings.lastIndex(where: { $0.id == sighting }) else {
      throw .unknownSighting(sighting)
    }
    return index
  }

  private mutating func insert(_ prototype: GalleryPrototype, at id: IdentityID) {
    let index = identities[id]?.prototypes.lastIndex { $0.id < prototype.id }.map { $0 + 1 } ?? 0
    identities[id]?.prototypes.insert(prototype, at: index)
  }

  private mutating func insert(_ sighting: GallerySighting, at id: IdentityID) {
    var moved = sighting
    moved.sighting.identity = id
    let index = identities[id]?.sightings.lastIndex { $0.id < sighting.id }.map { $0 + 1 } ?? 0
    identities[id]?.sightings.insert(moved, at: index)
  }

  private mutating func remember(_ correction: GalleryCorrection) {
    corrections.append(correction)
    if corrections.count > Self.maximumCorrections {
      corrections.removeFirst(corrections.count - Self.maximumCorrections)
    }
    nextCorrection = max(nextCorrection, CorrectionID(Self.following(correction.id.rawValue)))
  }

  private mutating func merge(_ record: MergeRecord) throws(GalleryError) {
    let survivor = record.survivor.id
    let absorbed = record.absorbed.id
    if survivor == absorbed { throw .sameIdentity(survivor) }
    try require(survivor)
    guard let records = identities.removeValue(forKey: absorbed) else { throw .unknownIdentity(absorbed) }
    for prototype in records.prototypes { insert(prototype, at: survivor) }
    for sighting in records.sightings { insert(sighting, at: survivor) }
    identities[survivor]?.identity = record.merged
    aliases[absorbed] = survivor
    if aliases.count > Self.maximumAliases, let oldest = aliases.keys.min() { aliases[oldest] = nil }
    vetoes.subtract(record.absorbedVetoes)
    vetoes.formUnion(record.inheritedVetoes)
    remember(.merge(record))
  }

  private mutating func split(_ record: SplitRecord) throws(GalleryError) {
    try require(record.original.id)
    try create(record.created)
    move(record.prototypes, record.sightings, from: record.original.id, to: record.created.id)
    identities[record.original.id]?.identity = record.remaining
    remember(.split(record))
  }

  private mutating func undo(_ correction: GalleryCorrection) throws(GalleryError) {
    guard let index = corrections.lastIndex(where: { $0.id == correction.id }) else { throw .nothingToUndo }
    switch correction {
    case .merge(let record):
      let survivor = record.survivor.id
      let absorbed = record.absorbed.id
      try require(survivor)
      if identities[absorbed] != nil { throw .identityExists(absorbed) }
      aliases[absorbed] = nil
      identities[absorbed] = GalleryIdentity(identity: record.absorbed)
      move(record.prototypes, record.sightings, from: survivor, to: absorbed)
      vetoes.subtract(record.inheritedVetoes)
      vetoes.formUnion(
        record.absorbedVetoes.filter { identities[$0.lower] != nil && identities[$0.higher] != nil })
      if var identity = identities[survivor]?.identity {
        if identity.name == record.merged.name { identity.name = record.survivor.name }
        identity.firstSeen = record.survivor.firstSeen
        if identity.lastSeen == record.merged.lastSeen { identity.lastSeen = record.survivor.lastSeen }
        identities[survivor]?.identity = identity
      }
    case .split(let record):
      let original = record.original.id
      try require(original)
      guard let records = identities.removeValue(forKey: record.created.id) else {
        throw .unknownIdentity(record.created.id)
      }
      for prototype in records.prototypes { insert(prototype, at: original) }
      for sighting in records.sightings { insert(sighting, at: original) }
      aliases[record.created.id] = original
      vetoes = vetoes.filter { !$0.contains(record.created.id) }
      if var identity = identities[original]?.identity {
        identity.firstSeen = min(identity.firstSeen, records.identity.firstSeen)
        identity.lastSeen = max(identity.lastSeen, records.identity.lastSeen)
        identities[original]?.identity = identity
      }
    case .veto(let record): vetoes.remove(record.pair)
    }
    corrections.remove(at: index)
    if case .split(let record) = correction {
      // What was said about the part that is no more has nobody to be about.
      corrections.removeAll {
        !$0.movesRecords && ($0.identities.0 == record.created.id || $0.identities.1 == record.created.id)
      }
    }
  }

  private mutating func move(
    _ prototypes: [PrototypeID], _ sightings: [SightingID], from: IdentityID, to other: IdentityID
  ) {
    let movedPrototypes = Set(prototypes)
    let movedSightings = Set(sightings)
    guard let records = identities[from] else { return }
    identities[from]?.prototypes.removeAll { movedPrototypes.contains($0.id) }
    identities[from]?.sightings.removeAll { movedSightings.contains($0.id) }
    for prototype in records.prototypes where movedPrototypes.contains(prototype.id) {
      insert(prototype, at: other)
    }
    for sighting in records.sightings where movedSightings.contains(sighting.id) {
      insert(sighting, at: other)
    }
  }

  private mutating func forget(_ id: IdentityID) throws(GalleryError) {
    try require(id)
    let gone = Set(aliases.keys.filter { resolve($0) == id }).union([id])
    identities[id] = nil
    if gone.count > 1 { aliases = aliases.filter { !gone.contains($0.key) } }
    if !vetoes.isEmpty { vetoes = vetoes.filter { !$0.contains(id) } }
    corrections.removeAll { gone.contains($0.identities.0) || gone.contains($0.identities.1) }
  }
}
