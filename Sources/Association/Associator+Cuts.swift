import Gallery
import ThroughlineCore

extension Associator {
  /// From this log-likelihood ratio down the recent looks of a track are another person than the earlier ones.
  static let cutRatio = -2.5

  /// Cuts a track in two where the tracker changed over to another person, as it may when two people meet: the
  /// latest looks resemble each other, but no longer those before. The earlier part keeps its identity and ends;
  /// what follows is decided anew.
  mutating func cutWhereThePersonChanged(_ id: TrackID) {
    guard let track = tracks[id], track.recent.count == TrackEvidence.recentCount,
      track.lookCount >= 2 * TrackEvidence.recentCount - 1, let before = track.meanBeforeRecent
    else { return }
    let looks = track.recent.map(\.look.embedding.values)
    var mean = looks[0]
    var mutual = 0.0
    for place in 1..<looks.count {
      mean = VectorMath.adding(mean, looks[place], factor: 1)
      for other in 0..<place { mutual += Double(VectorMath.dot(looks[place], looks[other])) }
    }
    mutual /= Double(looks.count * (looks.count - 1) / 2)
    let across = Double(VectorMath.dot(before, mean)) / Double(looks.count)
    let model = similarityModel
    let ratio = model.logRatio(
      across, looks: (max(1, track.independentLooks - Double(looks.count)), Double(looks.count) / 2))
    guard ratio < Self.cutRatio, mutual > model.threshold, mutual > across + 0.2 else { return }
    guard let changeover = track.changeover else { return }
    let begin = max(track.firstSeen, exchange(of: [id], near: changeover, countsBorders: true))
    cutCount += 1
    let key = TrackID(camera: id.camera, number: UInt64.max - cutCount)
    guard var parts = track.cut(at: begin, key: key) else { return }
    // Companions are known without their times: who was still seen since the cut counts for the later part, who
    // appeared after it does not count for the earlier one.
    parts.later.companions = track.companions.filter { tracks[$0].map { $0.lastSeen >= begin } ?? false }
    parts.earlier.companions = track.companions.filter { tracks[$0].map { $0.firstSeen < begin } ?? true }
    for companion in parts.earlier.companions { tracks[companion]?.companions.insert(key) }
    for companion in track.companions.subtracting(parts.later.companions) {
      tracks[companion]?.companions.remove(id)
    }
    tracks[key] = parts.earlier
    tracks[id] = parts.later
    calibrate(with: key)
    guard let identity = track.identity else { return }
    members[identity]?.remove(id)
    members[identity, default: []].insert(key)
    profiles[identity] = nil
    closeEarlierPart(parts.earlier, identity: identity, from: begin, tells: true)
  }

  /// Cuts a track into parts that follow each other; the last one keeps the track's key, and goes on if the track does.
  /// All of them stay with the track's identity, each with a sighting of its own.
  mutating func cut(_ id: TrackID, into parts: [TrackEvidence]) {
    guard let whole = tracks[id], let first = parts.first, let last = parts.last, last.id == id else {
      return
    }
    for part in parts {
      tracks[part.id] = part
      if part.id != first.id { tracks[part.id]?.sighting = nil }
    }
    guard let identity = whole.identity else { return }
    // Of a track that is over it was told that its sighting has ended.
    closeEarlierPart(first, identity: identity, from: parts[1].firstSeen, tells: whole.isLive)
    for part in parts {
      members[identity, default: []].insert(part.id)
      guard part.id != first.id else { continue }
      openSighting(of: part.id, identity: identity, explanation: "the track goes on where persons crossed")
      if !part.isLive { closeSighting(of: part.id) }
      for look in part.samples { offerPrototype(look, track: part.reported, to: identity) }
    }
    profiles[identity] = nil
  }

  private mutating func closeEarlierPart(
    _ part: TrackEvidence, identity: IdentityID, from begin: Timestamp, tells: Bool
  ) {
    if let sighting = part.sighting {
      gallery.attempt { (gallery) throws(GalleryError) in
        try gallery.apply(.sightingClosed(sighting, identity: identity, end: part.lastSeen))
      }
      if tells {
        events.append(
          .sightingEnded(
            sighting,
            Sighting(identity: identity, track: part.reported, begin: part.firstSeen, end: part.lastSeen)))
      }
    }
    for kept in gallery[identity]?.prototypes ?? []
    where kept.track == part.reported && kept.prototype.time >= begin {
      gallery.attempt { (gallery) throws(GalleryError) in
        try gallery.apply(.prototypeRemoved(kept.id, from: identity))
      }
    }
  }
}
