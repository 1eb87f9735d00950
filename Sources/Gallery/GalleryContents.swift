import Foundation
import ThroughlineCore

/// Everything that a gallery consists of: what a store writes, and all that is needed to restore.
public struct GalleryContents: Sendable, Hashable {
  /// How many corrections are remembered for undo; the oldest are dropped.
  public static let maximumCorrections = 256
  /// How many numbers of absorbed identities are remembered; those of the smallest numbers are dropped.
  public static let maximumAliases = 1_000_000

  /// The network of all embeddings; `nil` until the first one comes.
  public internal(set) var network: EmbeddingNetwork?
  /// The identities with their prototypes and sightings.
  public internal(set) var identities: [IdentityID: GalleryIdentity]
  /// Pairs that are never the same person.
  public internal(set) var vetoes: Set<IdentityPair>
  /// Numbers of absorbed identities, each with the one that it was merged into (which may be absorbed too).
  public internal(set) var aliases: [IdentityID: IdentityID]
  /// The latest corrections, oldest first, as far as they can be undone.
  public internal(set) var corrections: [GalleryCorrection]
  /// What other parts learned, under their names.
  public internal(set) var learnedState: [String: Data]
  /// For each camera a number at or above every track number in use.
  public internal(set) var lastTrackNumbers: [CameraName: UInt64]
  /// The number of the next identity.
  public internal(set) var nextIdentity: IdentityID
  /// The number of the next prototype.
  public internal(set) var nextPrototype: PrototypeID
  /// The number of the next sighting.
  public internal(set) var nextSighting: SightingID
  /// The number of the next correction.
  public internal(set) var nextCorrection: CorrectionID

  /// An empty gallery.
  public init() {
    identities = [:]
    vetoes = []
    aliases = [:]
    corrections = []
    learnedState = [:]
    lastTrackNumbers = [:]
    nextIdentity = IdentityID(1)
    nextPrototype = PrototypeID(1)
    nextSighting = SightingID(1)
    nextCorrection = CorrectionID(1)
  }

  /// Restores a gallery from its parts, as a store reads them.
  ///
  /// The next numbers are raised where the parts hold larger ones, records are put in order of their numbers,
  /// and records that contradict the rest (an alias for a living identity or into nothing, a veto or correction
  /// that names an unknown identity) are left out.
  public init(
    network: EmbeddingNetwork?, identities: [GalleryIdentity], vetoes: [IdentityPair] = [],
    aliases: [IdentityID: IdentityID] = [:], corrections: [GalleryCorrection] = [],
    learnedState: [String: Data] = [:], lastTrackNumbers: [CameraName: UInt64] = [:],
    nextIdentity: IdentityID = IdentityID(1), nextPrototype: PrototypeID = PrototypeID(1),
    nextSighting: SightingID = SightingID(1), nextCorrection: CorrectionID = CorrectionID(1)
  ) {
    self.init()
    self.network = network
    self.learnedState = learnedState
    self.lastTrackNumbers = lastTrackNumbers
    var largestIdentity: UInt64 = 0
    var largestPrototype: UInt64 = 0
    var largestSighting: UInt64 = 0
    var largestCorrection: UInt64 = 0
    for var record in identities {
      let id = record.id
      record.prototypes.sort { $0.id < $1.id }
      record.sightings.sort { $0.id < $1.id }
      for index in record.sightings.indices { record.sightings[index].sighting.identity = id }
      largestIdentity = max(largestIdentity, id.rawValue)
      largestPrototype = max(largestPrototype, record.prototypes.last?.id.rawValue ?? 0)
      largestSighting = max(largestSighting, record.sightings.last?.id.rawValue ?? 0)
      self.identities[id] = record
    }
    for (from, into) in aliases where self.identities[from] == nil {
      largestIdentity = max(largestIdentity, from.rawValue)
      self.aliases[from] = into
    }
    self.aliases = self.aliases.filter { resolve($0.key) != nil }
    self.vetoes = Set(vetoes.filter { self.identities[$0.lower] != nil && self.identities[$0.higher] != nil })
    self.corrections = corrections.sorted { $0.id < $1.id }.filter {
      largestCorrection = max(largestCorrection, $0.id.rawValue)
      return resolve($0.identities.0) != nil && resolve($0.identities.1) != nil
    }
    self.corrections.removeFirst(max(0, self.corrections.count - Self.maximumCorrections))
    self.nextIdentity = max(nextIdentity, IdentityID(Self.following(largestIdentity)))
    self.nextPrototype = max(nextPrototype, PrototypeID(Self.following(largestPrototype)))
    self.nextSighting = max(nextSighting, SightingID(Self.following(largestSighting)))
    self.nextCorrection = max(nextCorrection, CorrectionID(Self.following(largestCorrection)))
  }

  /// The number after this one; the largest of all stays, since a stored number may be any.
  static func following(_ number: UInt64) -> UInt64 { number == .max ? number : number + 1 }

  /// The living identity that a number means: itself, or the one that it was merged into.
  public func resolve(_ id: IdentityID) -> IdentityID? {
    var current = id
    var steps = 0
    while identities[current] == nil {
      guard let next = aliases[current], steps <= aliases.count else { return nil }
      current = next
      steps += 1
    }
    return current
  }
}
