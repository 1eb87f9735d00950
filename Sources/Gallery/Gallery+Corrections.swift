import ThroughlineCore

extension Gallery {
  /// Makes two identities one. The records of the absorbed one go to the survivor, its number stays as an alias,
  /// and the merge can be undone.
  ///
  /// - Throws: ``GalleryError`` for unknown or equal identities, for a vetoed pair, and for two that were seen
  ///   at once in one camera.
  @discardableResult
  public mutating func merge(
    _ absorbed: IdentityID, into survivor: IdentityID, at time: Timestamp, source: CorrectionSource,
    confidence: Double = 1, explanation: String
  ) throws(GalleryError) -> MergeRecord {
    let gone = try require(absorbed)
    let kept = try require(survivor)
    guard let pair = IdentityPair(gone.id, kept.id) else { throw .sameIdentity(kept.id) }
    if contents.vetoes.contains(pair) { throw .vetoed(pair) }
    if let proof = seenTogether(gone.id, kept.id) {
      throw .seenTogether(pair, camera: proof.camera, time: proof.time)
    }
    let absorbedVetoes = contents.vetoes.filter { $0.contains(gone.id) }.sorted()
    let inherited = absorbedVetoes.compactMap { veto in
      veto.other(than: gone.id).flatMap { IdentityPair($0, kept.id) }
    }.filter { !contents.vetoes.contains($0) }
    var merged = kept.identity
    merged.name = kept.identity.name ?? gone.identity.name
    merged.firstSeen = min(kept.identity.firstSeen, gone.identity.firstSeen)
    merged.lastSeen = max(kept.identity.lastSeen, gone.identity.lastSeen)
    let record = MergeRecord(
      id: contents.nextCorrection, time: time, source: source, absorbed: gone.identity,
      survivor: kept.identity,
      merged: merged, prototypes: gone.prototypes.map(\.id), sightings: gone.sightings.map(\.id),
      absorbedVetoes: absorbedVetoes, inheritedVetoes: inherited, confidence: confidence,
      explanation: explanation)
    try apply(.merged(record))
    trim(kept.id)
    return record
  }

  private mutating func trim(_ id: IdentityID) {
    trimPrototypes(of: id)
    trimSightings(of: id)
  }

  /// Makes one identity two: the chosen records go to a new identity. The split can be undone.
  ///
  /// - Throws: ``GalleryError`` for an unknown identity, records that it does not have, or a choice that would
  ///   leave one of the two without any record.
  @discardableResult
  public mutating func split(
    _ id: IdentityID, prototypes: Set<PrototypeID>, sightings: Set<SightingID>, at time: Timestamp,
    source: CorrectionSource, confidence: Double = 1, explanation: String
  ) throws(GalleryError) -> SplitRecord {
    let record = try require(id)
    for prototype in prototypes where !record.prototypes.contains(where: { $0.id == prototype }) {
      throw .unknownPrototype(prototype)
    }
    for sighting in sightings where !record.sightings.contains(where: { $0.id == sighting }) {
      throw .unknownSighting(sighting)
    }
    let moved = prototypes.count + sightings.count
    guard moved > 0, moved < record.prototypes.count + record.sightings.count else {
      throw .emptySplit(record.id)
    }
    let split = SplitRecord(
      id: contents.nextCorrection, time: time, source: source, original: record.identity,
      remaining: Self.spanned(record, chosen: { !prototypes.contains($0) }, { !sightings.contains($0) }),
      created: {
        var created = Self.spanned(record, chosen: { prototypes.contains($0) }, { sightings.contains($0) })
        created.id = contents.nextIdentity
        created.name = nil
        return created
      }(), prototypes: prototypes.sorted(), sightings: sightings.sorted(), confidence: confidence,
      explanation: explanation)
    try apply(.split(split))
    return split
  }

  /// The identity with the span of time of the chosen records; unchanged where they have none.
  private static func spanned(
    _ record: GalleryIdentity, chosen prototypes: (PrototypeID) -> Bool, _ sightings: (SightingID) -> Bool
  ) -> Identity {
    var times: [Timestamp] = record.prototypes.filter { prototypes($0.id) }.map(\.prototype.time)
    for sighting in record.sightings where sightings(sighting.id) {
      times.append(sighting.sighting.begin)
      times.append(sighting.sighting.end)
    }
    var identity = record.identity
    identity.firstSeen = times.min() ?? identity.firstSeen
    identity.lastSeen = times.max() ?? identity.lastSeen
    return identity
  }

  /// Declares two identities to be different people, for good, as a correction that can be undone.
  ///
  /// - Returns: `nil` where that was known already.
  @discardableResult
  public mutating func declareNotSame(
    _ one: IdentityID, _ other: IdentityID, at time: Timestamp, source: CorrectionSource, explanation: String
  ) throws(GalleryError) -> VetoRecord? {
    let pair = try pair(one, other)
    guard !contents.vetoes.contains(pair) else { return nil }
    let record = VetoRecord(
      id: contents.nextCorrection, time: time, source: source, pair: pair, explanation: explanation)
    try apply(.vetoed(record))
    return record
  }

  /// Declares two identities to be different people as part of another correction, which takes it back as well.
  public mutating func declareNotSame(_ one: IdentityID, _ other: IdentityID) throws(GalleryError) {
    let pair = try pair(one, other)
    if !contents.vetoes.contains(pair) { try apply(.vetoAdded(pair)) }
  }

  /// Takes back a veto, whoever made it; nothing happens where there was none.
  public mutating func removeVeto(_ one: IdentityID, _ other: IdentityID) throws(GalleryError) {
    let pair = try pair(one, other)
    if contents.vetoes.contains(pair) { try apply(.vetoRemoved(pair)) }
  }

  /// Whether a person declared these two to be different.
  public func isVetoed(_ one: IdentityID, _ other: IdentityID) -> Bool {
    guard let left = resolve(one), let right = resolve(other), let pair = IdentityPair(left, right) else {
      return false
    }
    return contents.vetoes.contains(pair)
  }

  private func pair(_ one: IdentityID, _ other: IdentityID) throws(GalleryError) -> IdentityPair {
    let left = try require(one).id
    let right = try require(other).id
    guard let pair = IdentityPair(left, right) else { throw .sameIdentity(left) }
    return pair
  }

  /// Takes back a merge, a split or a veto: the one with this number, or the latest one that a person made, or else
  /// the latest of all.
  ///
  /// Records that came later stay with the survivor (merge) or go back to the original identity (split).
  ///
  /// - Throws: ``GalleryError/nothingToUndo`` and, where a later correction touches the same identities,
  ///   ``GalleryError/undoOutOfOrder(_:)``.
  @discardableResult
  public mutating func undo(_ id: CorrectionID? = nil) throws(GalleryError) -> GalleryCorrection {
    let chosen =
      id.map { wanted in contents.corrections.last { $0.id == wanted } }
      ?? contents.corrections.last { $0.source == .person } ?? contents.corrections.last
    guard let chosen else { throw .nothingToUndo }
    let touched = Set([chosen.identities.0, chosen.identities.1])
    let blocked = contents.corrections.contains {
      // Only what moved records bars the way: a later veto is about the identities as they were then and stays.
      $0.id > chosen.id && $0.movesRecords
        && (touched.contains($0.identities.0) || touched.contains($0.identities.1))
    }
    if blocked { throw .undoOutOfOrder(chosen.id) }
    try apply(.undone(chosen))
    trim(chosen.identities.0)
    trim(chosen.identities.1)
    return chosen
  }
}
