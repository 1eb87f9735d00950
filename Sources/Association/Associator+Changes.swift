import Gallery
import ThroughlineCore

extension Associator {
  /// Moves one track with its sighting and prototypes from its identity to another known one.
  mutating func reassign(_ id: TrackID, to identity: IdentityID, confidence: Double, explanation: String) {
    guard let track = tracks[id], let from = track.identity, from != identity else { return }
    events.append(
      .identityReassigned(
        track: track.reported, from: from, to: identity, at: track.lastSeen, confidence: confidence,
        explanation: explanation))
    if let sighting = track.sighting {
      gallery.attempt { (gallery) throws(GalleryError) in
        try gallery.reassignSighting(
          sighting, from: from, to: identity, confidence: confidence, explanation: explanation)
      }
    }
    for kept in gallery[from]?.prototypes ?? []
    where isOf(track, kept) {
      gallery.attempt { (gallery) throws(GalleryError) in
        try gallery.apply(.prototypeRemoved(kept.id, from: from))
        _ = try gallery.addPrototype(kept.prototype, track: track.reported, to: identity, trusted: true)
      }
    }
    moveMember(id, from: from, to: identity)
    tracks[id]?.decided = now
    updateConfidence(id, confidence)
    forgetIfEmpty(from)
  }

  /// Takes a track out of its identity: its records go to a new identity.
  mutating func detach(_ id: TrackID, explanation: String) {
    guard let track = tracks[id], let from = track.identity else { return }
    let record = gallery[from]
    let prototypes = Set(
      (record?.prototypes ?? []).filter { isOf(track, $0) }.map(\.id))
    let sightings = Set((record?.sightings ?? []).filter { $0.id == track.sighting }.map(\.id))
    let split = gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.split(
        from, prototypes: prototypes, sightings: sightings, at: track.lastSeen, source: .association,
        confidence: 1, explanation: explanation)
    }
    if let split {
      events.append(.identitySplit(split))
      moveMember(id, from: from, to: split.created.id)
      tracks[id]?.decided = now
      updateConfidence(id, min(0.5, track.confidence))
      tracks[id]?.evidenceChanged = true
    } else {
      // The identity has nothing besides this track's records, or none of them is left: it stays undecided.
      members[from]?.remove(id)
      if members[from]?.isEmpty == true { members[from] = nil }
      profiles[from] = nil
      closeSighting(of: id)
      tracks[id]?.identity = nil
      tracks[id]?.sighting = nil
      updateConfidence(id, 0)
    }
  }

  /// Whether a prototype was taken of this track; a track that was cut has its name in common with its other parts.
  private func isOf(_ track: TrackEvidence, _ kept: GalleryPrototype) -> Bool {
    kept.track == track.reported && kept.prototype.time >= track.firstSeen
      && (track.isLive || kept.prototype.time <= track.lastSeen)
  }

  private mutating func moveMember(_ id: TrackID, from: IdentityID, to identity: IdentityID) {
    members[from]?.remove(id)
    if members[from]?.isEmpty == true { members[from] = nil }
    members[identity, default: []].insert(id)
    tracks[id]?.identity = identity
    profiles[from] = nil
    profiles[identity] = nil
  }

  /// An unnamed identity of which nothing is left after a reassignment was never a person of its own.
  private mutating func forgetIfEmpty(_ identity: IdentityID) {
    guard let record = gallery.contents.identities[identity], record.prototypes.isEmpty,
      record.sightings.isEmpty, record.identity.name == nil
    else { return }
    gallery.attempt { (gallery) throws(GalleryError) in try gallery.forget(identity, reason: .expired) }
    events.append(.identityForgotten(identity, reason: .expired))
    profiles[identity] = nil
  }

  /// Whether nothing that is known forbids two identities to be one.
  func canMerge(_ one: IdentityID, _ other: IdentityID) -> Bool {
    guard one != other, !gallery.isVetoed(one, other) else { return false }
    // Who has two names is two people, unless a person says otherwise.
    if gallery[one]?.identity.name != nil, gallery[other]?.identity.name != nil { return false }
    let left = members[one] ?? []
    let right = members[other] ?? []
    for id in left {
      guard let track = tracks[id] else { continue }
      if !track.companions.isDisjoint(with: right) { return false }
      guard hasDisjointCameras else { continue }
      for otherID in right {
        if let otherTrack = tracks[otherID], areDisjoint(track, otherTrack) { return false }
      }
    }
    return gallery.seenTogether(one, other) == nil
  }

  /// Makes two identities one where nothing forbids it; the named or else the older number survives.
  mutating func merge(
    _ one: IdentityID, into other: IdentityID, source: CorrectionSource, confidence: Double,
    explanation: String
  ) {
    guard canMerge(one, other), let left = gallery[one], let right = gallery[other], let now else { return }
    let keepsLeft =
      (left.identity.name == nil ? 1 : 0, left.id) < (right.identity.name == nil ? 1 : 0, right.id)
    let (survivor, absorbed) = keepsLeft ? (left.id, right.id) : (right.id, left.id)
    writeLiveSightings(of: [survivor, absorbed])
    let record = gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.merge(
        absorbed, into: survivor, at: now, source: source, confidence: confidence, explanation: explanation)
    }
    guard let record else { return }
    events.append(.identityMerged(record))
    moveMembers(of: absorbed, to: survivor, confidence: confidence)
  }

  /// Brings the gallery's open sightings up to date, so that it can tell who was seen together.
  func liveMembers(of identity: IdentityID) -> [TrackID] {
    (members[identity] ?? []).filter { tracks[$0]?.isLive == true }.sorted()
  }

  mutating func writeLiveSightings(of identities: [IdentityID]) {
    for identity in identities {
      for id in liveMembers(of: identity) {
        guard let track = tracks[id], let sighting = track.sighting else { continue }
        gallery.attempt { (gallery) throws(GalleryError) in
          try gallery.extendSighting(sighting, of: identity, to: track.lastSeen)
        }
      }
    }
  }

  mutating func moveMembers(of absorbed: IdentityID, to survivor: IdentityID, confidence: Double) {
    for id in (members.removeValue(forKey: absorbed) ?? []).sorted() {
      members[survivor, default: []].insert(id)
      tracks[id]?.identity = survivor
      tracks[id]?.decided = now
      updateConfidence(id, confidence)
    }
    profiles[absorbed] = nil
    profiles[survivor] = nil
  }

  /// Tracks of identities that the gallery has let go become undecided.
  mutating func dropForgotten() {
    for identity in members.keys.sorted() where gallery.contents.identities[identity] == nil {
      for id in members[identity] ?? [] {
        tracks[id]?.identity = nil
        tracks[id]?.sighting = nil
        updateConfidence(id, 0)
      }
      members[identity] = nil
      profiles[identity] = nil
    }
  }
}
