import Foundation
import Gallery
import ThroughlineCore

extension Associator {
  /// A person says that two identities are one.
  ///
  /// - Throws: ``GalleryError``, among others where both were seen at once in one camera or a veto forbids it.
  @discardableResult
  public mutating func merge(_ absorbed: IdentityID, into survivor: IdentityID, at time: Timestamp)
    throws(GalleryError) -> MergeRecord
  {
    writeLiveSightings(of: [absorbed, survivor].compactMap { gallery.resolve($0) })
    let record = try gallery.merge(
      absorbed, into: survivor, at: time, source: .person, explanation: "merged by a person")
    events.append(.identityMerged(record))
    teach(record.survivor.id, record.absorbed.id, isSame: true)
    moveMembers(of: record.absorbed.id, to: record.survivor.id, confidence: 1)
    pin(record.survivor.id)
    return record
  }

  /// A person says that some sightings of an identity are another person; their prototypes go with them, and
  /// the two are never merged again.
  @discardableResult
  public mutating func split(_ identity: IdentityID, sightings: Set<SightingID>, at time: Timestamp)
    throws(GalleryError) -> SplitRecord
  {
    guard let record = gallery[identity] else { throw .unknownIdentity(identity) }
    let moved = Set(record.sightings.filter { sightings.contains($0.id) }.map(\.sighting.track))
    let prototypes = Set(
      record.prototypes.filter { $0.track.map { moved.contains($0) } ?? false }.map(\.id))
    let split = try gallery.split(
      record.id, prototypes: prototypes, sightings: sightings, at: time, source: .person,
      explanation: "split by a person")
    try gallery.declareNotSame(split.original.id, split.created.id)
    events.append(.identitySplit(split))
    adoptMembership()
    teach(split.original.id, split.created.id, isSame: false)
    return split
  }

  /// A person says that two identities are two people, for good.
  public mutating func declareNotSame(_ one: IdentityID, _ other: IdentityID) throws(GalleryError) {
    try gallery.declareNotSame(one, other)
    if let left = gallery.resolve(one), let right = gallery.resolve(other) {
      teach(left, right, isSame: false)
    }
  }

  /// Takes back a merge or a split; see ``Gallery/undo(_:)``. An undone merge leaves a veto, so that it is not
  /// made again at once.
  @discardableResult
  public mutating func undo(_ id: CorrectionID? = nil) throws(GalleryError) -> GalleryCorrection {
    let correction = try gallery.undo(id)
    if case .merge(let record) = correction {
      try gallery.declareNotSame(record.survivor.id, record.absorbed.id)
    }
    events.append(.correctionUndone(correction))
    adoptMembership()
    return correction
  }

  /// Lets a person correct the gallery as if no association held it, and takes over what became of it: whose every
  /// remembered track is, and what the correction taught.
  public mutating func correct<Value>(
    _ body: (inout Gallery) throws(GalleryError) -> Value
  ) throws(GalleryError) -> Value {
    writeLiveSightings(of: members.keys.sorted())
    gallery.setLearnedState(writtenState().calibrator, name: Self.calibratorStateName)
    let result = try body(&gallery)
    if let learned = gallery.contents.learnedState[Self.calibratorStateName],
      let taught = try? JSONDecoder().decode(ThresholdCalibrator.self, from: learned)
    {
      calibrator = taught
    }
    adoptMembership()
    return result
  }

  /// The changes since the last update, for the store; those of an update are in its own list.
  public mutating func drainChanges() -> [GalleryChange] { gallery.drainChanges() }

  /// Gives an identity a name, or takes it away.
  public mutating func name(_ identity: IdentityID, as name: String?) throws(GalleryError) {
    try gallery.name(identity, as: name)
  }

  /// Removes an identity from the gallery and from the memory of the association. A track of it that lives
  /// loses its looks too and counts as a new person from now on.
  public mutating func forget(_ identity: IdentityID) throws(GalleryError) {
    guard let resolved = gallery.resolve(identity) else { throw .unknownIdentity(identity) }
    try gallery.forget(resolved)
    // It holds copies of looks.
    dueReview = nil
    for id in (members.removeValue(forKey: resolved) ?? []).sorted() {
      tracks[id]?.forgetLooks()
      if tracks[id]?.isLive == false { removeTrack(id) }
    }
    profiles[resolved] = nil
    events.append(.identityForgotten(resolved, reason: .requested))
  }

  /// Applies the retention rules; identities in sight stay.
  @discardableResult
  public mutating func sweep(now moment: Timestamp, policy: RetentionPolicy) -> (
    embeddings: Int, sightings: Int, identities: Int
  ) {
    let visible = Set(members.keys.filter { !liveMembers(of: $0).isEmpty })
    let removed = gallery.sweep(now: moment, policy: policy, protected: visible)
    let cutoff = policy.cutoff(for: .embedding, now: moment)
    for id in tracks.keys.sorted() {
      guard let track = tracks[id], !track.isLive, track.lastSeen < cutoff else { continue }
      removeTrack(id)
    }
    profiles.removeAll()
    dropForgotten()
    return removed
  }

  /// The tracks of an identity stay together from now on, since a person has said so.
  private mutating func pin(_ identity: IdentityID) {
    for id in members[identity] ?? [] { tracks[id]?.isPinned = true }
  }

  /// Puts every remembered track where the gallery says that its sighting is.
  private mutating func adoptMembership() {
    let before = tracks.mapValues(\.identity)
    defer {
      for id in before.keys.sorted() {
        guard let old = before[id] ?? nil, let new = tracks[id]?.identity, old != new else { continue }
        pin(old)
        pin(new)
      }
    }
    var owner: [SightingID: IdentityID] = [:]
    for record in gallery.contents.identities.values {
      for kept in record.sightings { owner[kept.id] = record.id }
    }
    members.removeAll()
    profiles.removeAll()
    for id in tracks.keys.sorted() {
      guard let sighting = tracks[id]?.sighting else { continue }
      guard let identity = owner[sighting] else {
        let resolved = tracks[id]?.identity.flatMap { gallery.resolve($0) }
        tracks[id]?.identity = resolved
        if let resolved { members[resolved, default: []].insert(id) }
        continue
      }
      tracks[id]?.identity = identity
      tracks[id]?.decided = now
      members[identity, default: []].insert(id)
    }
  }

  private mutating func removeTrack(_ id: TrackID) {
    for companion in tracks[id]?.companions ?? [] { tracks[companion]?.companions.remove(id) }
    if let identity = tracks[id]?.identity {
      members[identity]?.remove(id)
      if members[identity]?.isEmpty == true { members[identity] = nil }
    }
    tracks[id] = nil
  }

  /// What a person says teaches the thresholds: pairs of looks of the two identities are counted.
  private mutating func teach(_ one: IdentityID, _ other: IdentityID, isSame: Bool) {
    guard settings.calibratesItself else { return }
    let left = (members[one] ?? []).sorted().prefix(4).compactMap { tracks[$0] }
    let right = (members[other] ?? []).sorted().prefix(4).compactMap { tracks[$0] }
    for mine in left {
      for theirs in right where mine.id != theirs.id {
        for look in mine.samples.prefix(3) {
          for otherLook in theirs.samples.prefix(3) {
            let similarity = Double(look.embedding.similarity(to: otherLook.embedding))
            if isSame {
              calibrator.addPositive(similarity, weight: 3)
            } else {
              calibrator.addNegative(similarity, weight: 3)
            }
          }
        }
      }
    }
  }
}

extension TrackEvidence {
  /// Forgets everything that the crops told.
  mutating func forgetLooks() {
    evidence = LookEvidence()
    samples = []
    recent = []
    identity = nil
    sighting = nil
    confidence = 0
    isSure = false
    isPinned = false
    segments = TrackSegments()
  }
}
