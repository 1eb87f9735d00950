import ThroughlineCore

/// Who decided a correction.
public enum CorrectionSource: String, Sendable, Codable {
  /// The association, from later evidence.
  case association
  /// The periodic consolidation over recent tracks.
  case consolidation
  /// A person, by a command or a call.
  case person
}

/// One merge: everything of the absorbed identity now belongs to the survivor.
public struct MergeRecord: Sendable, Hashable {
  /// The correction's number.
  public var id: CorrectionID
  /// When.
  public var time: Timestamp
  /// Who decided.
  public var source: CorrectionSource
  /// The identity that went away, as it was before.
  public var absorbed: Identity
  /// The identity that remains, as it was before.
  public var survivor: Identity
  /// The identity that remains, as it is afterwards: the wider span of time, its own name or else the other's.
  public var merged: Identity
  /// The prototypes that moved to the survivor.
  public var prototypes: [PrototypeID]
  /// The sightings that moved to the survivor.
  public var sightings: [SightingID]
  /// The vetoes of the absorbed identity; they are handed on to the survivor.
  public var absorbedVetoes: [IdentityPair]
  /// The vetoes that the survivor did not have before.
  public var inheritedVetoes: [IdentityPair]
  /// How sure, 0...1.
  public var confidence: Double
  /// One line for a person to read: which looks, which cameras, how similar.
  public var explanation: String

  /// A merge by its parts.
  public init(
    id: CorrectionID, time: Timestamp, source: CorrectionSource, absorbed: Identity, survivor: Identity,
    merged: Identity, prototypes: [PrototypeID], sightings: [SightingID], absorbedVetoes: [IdentityPair],
    inheritedVetoes: [IdentityPair], confidence: Double, explanation: String
  ) {
    self.id = id
    self.time = time
    self.source = source
    self.absorbed = absorbed
    self.survivor = survivor
    self.merged = merged
    self.prototypes = prototypes
    self.sightings = sightings
    self.absorbedVetoes = absorbedVetoes
    self.inheritedVetoes = inheritedVetoes
    self.confidence = confidence
    self.explanation = explanation
  }
}

/// One split: some records of an identity now belong to another one, which is new.
public struct SplitRecord: Sendable, Hashable {
  /// The correction's number.
  public var id: CorrectionID
  /// When.
  public var time: Timestamp
  /// Who decided.
  public var source: CorrectionSource
  /// The identity that lost records, as it was before.
  public var original: Identity
  /// The identity that lost records, as it is afterwards.
  public var remaining: Identity
  /// The new identity.
  public var created: Identity
  /// The prototypes that moved to the new identity.
  public var prototypes: [PrototypeID]
  /// The sightings that moved to the new identity.
  public var sightings: [SightingID]
  /// How sure, 0...1.
  public var confidence: Double
  /// One line for a person to read.
  public var explanation: String

  /// A split by its parts.
  public init(
    id: CorrectionID, time: Timestamp, source: CorrectionSource, original: Identity, remaining: Identity,
    created: Identity, prototypes: [PrototypeID], sightings: [SightingID], confidence: Double,
    explanation: String
  ) {
    self.id = id
    self.time = time
    self.source = source
    self.original = original
    self.remaining = remaining
    self.created = created
    self.prototypes = prototypes
    self.sightings = sightings
    self.confidence = confidence
    self.explanation = explanation
  }
}

/// One veto: a person said that two identities are two people.
public struct VetoRecord: Sendable, Hashable {
  /// The correction's number.
  public var id: CorrectionID
  /// When.
  public var time: Timestamp
  /// Who decided.
  public var source: CorrectionSource
  /// The two identities.
  public var pair: IdentityPair
  /// One line for a person to read.
  public var explanation: String

  /// A veto by its parts.
  public init(
    id: CorrectionID, time: Timestamp, source: CorrectionSource, pair: IdentityPair, explanation: String
  ) {
    self.id = id
    self.time = time
    self.source = source
    self.pair = pair
    self.explanation = explanation
  }
}

/// A merge, a split or a veto, with everything that is needed to take it back.
public enum GalleryCorrection: Sendable, Hashable {
  /// Two identities became one.
  case merge(MergeRecord)
  /// One identity became two.
  case split(SplitRecord)
  /// Two identities were said to be two people.
  case veto(VetoRecord)

  /// The correction's number.
  public var id: CorrectionID {
    switch self {
    case .merge(let record): record.id
    case .split(let record): record.id
    case .veto(let record): record.id
    }
  }

  /// When.
  public var time: Timestamp {
    switch self {
    case .merge(let record): record.time
    case .split(let record): record.time
    case .veto(let record): record.time
    }
  }

  /// Who decided.
  public var source: CorrectionSource {
    switch self {
    case .merge(let record): record.source
    case .split(let record): record.source
    case .veto(let record): record.source
    }
  }

  /// The two identities: the survivor and the absorbed one, the original and the new one, or the two that differ.
  public var identities: (IdentityID, IdentityID) {
    switch self {
    case .merge(let record): (record.survivor.id, record.absorbed.id)
    case .split(let record): (record.original.id, record.created.id)
    case .veto(let record): (record.pair.lower, record.pair.higher)
    }
  }

  /// Whether records moved from one identity to another.
  var movesRecords: Bool {
    switch self {
    case .merge, .split: true
    case .veto: false
    }
  }
}
