import ThroughlineCore

extension Gallery {
  /// Notes that a track was recognised as an identity.
  public mutating func openSighting(
    of id: IdentityID, track: TrackID, begin: Timestamp, end: Timestamp, confidence: Double,
    explanation: String
  ) throws(GalleryError) -> SightingID {
    let record = try require(id)
    let sighting = GallerySighting(
      id: contents.nextSighting,
      sighting: Sighting(identity: record.id, track: track, begin: begin, end: max(begin, end)), isOpen: true,
      confidence: confidence, explanation: explanation)
    try apply(.sightingOpened(sighting))
    try noteSeen(record.id, at: begin)
    try noteSeen(record.id, at: max(begin, end))
    trimSightings(of: record.id)
    return sighting.id
  }

  /// Notes that a sighting goes on, or (`closing`) that it is over.
  public mutating func extendSighting(
    _ sighting: SightingID, of id: IdentityID, to end: Timestamp, closing: Bool = false
  ) throws(GalleryError) {
    let record = try require(id)
    guard let known = record.sightings.last(where: { $0.id == sighting }) else {
      throw .unknownSighting(sighting)
    }
    let latest = max(known.sighting.end, end)
    if closing {
      try apply(.sightingClosed(sighting, identity: record.id, end: latest))
    } else if latest > known.sighting.end {
      try apply(.sightingExtended(sighting, identity: record.id, end: latest))
    }
    try noteSeen(record.id, at: latest)
  }

  /// Moves a sighting to the identity that it really belongs to.
  public mutating func reassignSighting(
    _ sighting: SightingID, from: IdentityID, to other: IdentityID, confidence: Double, explanation: String
  ) throws(GalleryError) {
    let source = try require(from)
    let target = try require(other)
    guard let known = source.sightings.last(where: { $0.id == sighting }) else {
      throw .unknownSighting(sighting)
    }
    try apply(
      .sightingReassigned(
        sighting, from: source.id, to: target.id, confidence: confidence, explanation: explanation))
    try noteSeen(target.id, at: known.sighting.begin)
    try noteSeen(target.id, at: known.sighting.end)
    trimSightings(of: target.id)
  }

  /// Removes closed sightings until the limit holds.
  mutating func trimSightings(of id: IdentityID) {
    while let record = contents.identities[id], record.sightings.count > limits.maximumSightingsPerIdentity,
      let oldest = record.sightings.filter({ !$0.isOpen }).min(by: { $0.sighting.end < $1.sighting.end })
    {
      applyKnown(.sightingRemoved(oldest.id, identity: id))
    }
  }

  /// The first moment at which both identities were seen at once in one camera, which proves that they are two
  /// people.
  public func seenTogether(_ one: IdentityID, _ other: IdentityID) -> (camera: CameraName, time: Timestamp)? {
    guard let left = self[one], let right = self[other], left.id != right.id else { return nil }
    var first: (camera: CameraName, time: Timestamp)?
    for mine in left.sightings {
      for theirs in right.sightings where theirs.sighting.camera == mine.sighting.camera {
        let begin = max(mine.sighting.begin, theirs.sighting.begin)
        let end = min(mine.sighting.end, theirs.sighting.end)
        if begin <= end, begin < first?.time ?? Timestamp(nanoseconds: .max) {
          first = (mine.sighting.camera, begin)
        }
      }
    }
    return first
  }
}
