import ThroughlineCore

/// What became of an embedding that was offered as a prototype.
public enum PrototypeOutcome: Sendable, Hashable {
  /// It is kept under this number.
  case added(PrototypeID)
  /// It is too similar to one that is kept already and no better.
  case redundant(with: PrototypeID)
  /// It resembles nothing that is known of the identity.
  case outlier
}

extension Gallery {
  /// Makes a new identity with the next number.
  ///
  /// Where the gallery is full, the identity that was not seen for longest is forgotten first.
  ///
  /// - Parameter protected: identities that must not be evicted now, since they are visible.
  public mutating func createIdentity(at time: Timestamp, protected: Set<IdentityID> = []) -> IdentityID {
    while count >= limits.maximumIdentities, let victim = evictionVictim(protected: protected) {
      applyKnown(.forgotten(victim, reason: .evicted))
    }
    let id = contents.nextIdentity
    applyKnown(.identityCreated(Identity(id: id, firstSeen: time, lastSeen: time)))
    return id
  }

  private func evictionVictim(protected: Set<IdentityID>) -> IdentityID? {
    let candidates = contents.identities.values.lazy.filter { !protected.contains($0.id) }
    return candidates.min {
      ($0.identity.name == nil ? 0 : 1, $0.identity.lastSeen, $0.id)
        < ($1.identity.name == nil ? 0 : 1, $1.identity.lastSeen, $1.id)
    }?.id
  }

  /// Widens the span of time in which an identity was seen.
  public mutating func noteSeen(_ id: IdentityID, at time: Timestamp) throws(GalleryError) {
    var identity = try require(id).identity
    let before = identity
    identity.firstSeen = min(identity.firstSeen, time)
    identity.lastSeen = max(identity.lastSeen, time)
    if identity != before { try apply(.identityUpdated(identity)) }
  }

  /// Gives an identity a name, or takes it away.
  ///
  /// - Throws: ``GalleryError`` for an unknown identity or a name that is blank, longer than 200 characters, or with
  ///   characters that steer a terminal.
  public mutating func name(_ id: IdentityID, as name: String?) throws(GalleryError) {
    let record = try require(id)
    if let name,
      name.allSatisfy(\.isWhitespace) || name.count > 200
        || name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        || name.contains(where: \.isNewline)
    {
      throw .invalidName(name)
    }
    if record.identity.name != name { try apply(.named(record.id, name: name)) }
  }

  /// Removes an identity with everything that the gallery keeps for it. Its number is never given out again.
  public mutating func forget(_ id: IdentityID, reason: ForgetReason = .requested) throws(GalleryError) {
    try apply(.forgotten(try require(id).id, reason: reason))
  }

  /// Offers an embedding as a prototype of an identity. The set stays bounded and diverse: at most one of two
  /// like views per camera, room for every camera, no outliers.
  ///
  /// - Parameters:
  ///   - prototype: the embedding with camera, time and quality.
  ///   - track: the track that it came from; `nil` for an enrolled photo.
  ///   - trusted: whether it is known to be this person, so that it cannot be an outlier.
  public mutating func addPrototype(
    _ prototype: Prototype, track: TrackID?, to id: IdentityID, trusted: Bool = false
  ) throws(GalleryError) -> PrototypeOutcome {
    let record = try require(id)
    guard let network else { throw .noNetwork }
    guard prototype.embedding.dimension == network.dimension else {
      throw .wrongNetwork(expected: network, found: "\(prototype.embedding.dimension) elements")
    }
    let similarities = record.prototypes.map { $0.prototype.embedding.similarity(to: prototype.embedding) }
    if !trusted, record.prototypes.count >= limits.outlierMinimumPrototypes,
      similarities.allSatisfy({ $0 < limits.outlierSimilarity })
    {
      return .outlier
    }
    let sameCamera = record.prototypes.indices.filter {
      record.prototypes[$0].prototype.camera == prototype.camera
    }
    if let nearest = sameCamera.max(by: { similarities[$0] < similarities[$1] }),
      similarities[nearest] >= limits.redundantSimilarity
    {
      let known = record.prototypes[nearest]
      guard prototype.quality > known.prototype.quality else { return .redundant(with: known.id) }
      try apply(.prototypeRemoved(known.id, from: record.id))
    }
    let kept = GalleryPrototype(id: contents.nextPrototype, prototype: prototype, track: track)
    try apply(.prototypeAdded(kept, to: record.id))
    trimPrototypes(of: record.id)
    return .added(kept.id)
  }

  /// Removes prototypes until the limit holds.
  mutating func trimPrototypes(of id: IdentityID) {
    while let record = contents.identities[id], record.prototypes.count > limits.maximumPrototypesPerIdentity,
      let victim = Self.leastUseful(of: record.prototypes)
    {
      applyKnown(.prototypeRemoved(victim, from: id))
    }
  }

  /// Of the two most similar prototypes in the camera that has most, the one of lower quality, or the older.
  static func leastUseful(of prototypes: [GalleryPrototype]) -> PrototypeID? {
    let byCamera = Dictionary(grouping: prototypes) { $0.prototype.camera }
    let crowded = byCamera.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.value ?? []
    guard crowded.count > 1 else {
      return prototypes.min { ($0.prototype.quality, $0.id) < ($1.prototype.quality, $1.id) }?.id
    }
    var best: (similarity: Float, victim: PrototypeID)?
    for left in crowded.indices {
      for right in crowded.indices where right > left {
        let similarity = crowded[left].prototype.embedding.similarity(to: crowded[right].prototype.embedding)
        if similarity > best?.similarity ?? -.infinity {
          let leftIsBetter = crowded[left].prototype.quality > crowded[right].prototype.quality
          best = (similarity, leftIsBetter ? crowded[right].id : crowded[left].id)
        }
      }
    }
    return best?.victim
  }
}
