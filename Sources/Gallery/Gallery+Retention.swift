import ThroughlineCore

extension Gallery {
  /// Removes what is older than its retention time: embeddings, closed sightings (all of an identity where its
  /// journey's time is over), and unnamed identities of which nothing is left. Enrolled photos (prototypes without a track) of named identities stay.
  ///
  /// - Returns: how many records of each kind went.
  @discardableResult
  public mutating func sweep(
    now: Timestamp, policy: RetentionPolicy, protected: Set<IdentityID> = []
  ) -> (embeddings: Int, sightings: Int, identities: Int) {
    let embeddingCutoff = policy.cutoff(for: .embedding, now: now)
    let sightingCutoff = policy.cutoff(for: .sighting, now: now)
    let journeyCutoff = policy.cutoff(for: .journey, now: now)
    var removed = (embeddings: 0, sightings: 0, identities: 0)
    for id in contents.identities.keys.sorted() {
      guard let record = contents.identities[id] else { continue }
      let oldPrototypes = record.prototypes.filter {
        $0.prototype.time < embeddingCutoff && !($0.track == nil && record.identity.name != nil)
      }
      let journeyIsOver = record.sightings.allSatisfy { !$0.isOpen && $0.sighting.end < journeyCutoff }
      let oldSightings = record.sightings.filter {
        !$0.isOpen && (journeyIsOver || $0.sighting.end < sightingCutoff)
      }
      let isEmpty =
        oldPrototypes.count == record.prototypes.count && oldSightings.count == record.sightings.count
      if isEmpty, record.identity.name == nil,
        record.identity.lastSeen < max(embeddingCutoff, sightingCutoff, journeyCutoff),
        !protected.contains(id)
      {
        applyKnown(.forgotten(id, reason: .expired))
        removed.identities += 1
        removed.embeddings += oldPrototypes.count
        removed.sightings += oldSightings.count
        continue
      }
      for prototype in oldPrototypes { applyKnown(.prototypeRemoved(prototype.id, from: id)) }
      for sighting in oldSightings { applyKnown(.sightingRemoved(sighting.id, identity: id)) }
      removed.embeddings += oldPrototypes.count
      removed.sightings += oldSightings.count
    }
    return removed
  }
}
