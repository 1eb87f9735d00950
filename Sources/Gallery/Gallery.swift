import Foundation
import ThroughlineCore

/// All identities with their prototypes and sightings: in memory, bounded, searchable and correctable.
///
/// A gallery knows no clock and no disk. Every operation is made of ``GalleryChange``s, which
/// ``drainChanges()`` hands to whoever persists them; applying them to the same ``GalleryContents`` gives the
/// same gallery. Each operation either succeeds or throws a ``GalleryError`` and changes nothing.
public struct Gallery: Sendable {
  /// How many undelivered changes are kept for ``drainChanges()``. A gallery whose changes nobody drains
  /// forgets the oldest of them and says so in ``droppedChanges``.
  public static let maximumUndrainedChanges = 100_000

  /// Everything the gallery consists of.
  public private(set) var contents: GalleryContents
  /// How large it may become.
  public let limits: GalleryLimits
  /// How many changes were dropped since nobody drained them; a store that sees this rise writes
  /// ``contents`` as a whole.
  public private(set) var droppedChanges = 0
  let scanner: any SimilarityScanner
  /// One row per identity: the direction of its prototypes' mean. The index proposes candidates; whoever asks scores
  /// them again on the prototypes themselves.
  private(set) var index = VectorIndex<IdentityID>()
  private var journal: [GalleryChange] = []

  /// A gallery with contents, empty ones by default.
  public init(
    contents: GalleryContents = GalleryContents(), limits: GalleryLimits = GalleryLimits(),
    scanner: any SimilarityScanner = VectorScanner()
  ) {
    self.contents = contents
    self.limits = limits
    self.scanner = scanner
    for id in contents.identities.keys.sorted() { reindex(id) }
  }

  /// Applies one change, keeps the index in step and notes the change for ``drainChanges()``.
  ///
  /// - Throws: ``GalleryError`` where the change does not fit; nothing changes then.
  public mutating func apply(_ change: GalleryChange) throws(GalleryError) {
    try contents.apply(change)
    if journal.count >= Self.maximumUndrainedChanges {
      journal.removeFirst(Self.maximumUndrainedChanges / 10)
      droppedChanges += Self.maximumUndrainedChanges / 10
    }
    journal.append(change)
    switch change {
    case .prototypeAdded(_, let id): reindex(id)
    case .prototypeRemoved(_, let id): reindex(id)
    case .merged(let record): reindex([record.survivor.id, record.absorbed.id])
    case .split(let record): reindex([record.original.id, record.created.id])
    case .undone(let correction): reindex([correction.identities.0, correction.identities.1])
    case .forgotten(let id, _): reindex(id)
    default: break
    }
  }

  /// The changes since the last call, in order.
  public mutating func drainChanges() -> [GalleryChange] {
    defer { journal.removeAll(keepingCapacity: true) }
    return journal
  }

  /// The living identity of a number, also of one that was merged away.
  public func resolve(_ id: IdentityID) -> IdentityID? { contents.resolve(id) }

  /// An identity with its records, also by a number that was merged away.
  public subscript(id: IdentityID) -> GalleryIdentity? {
    contents.resolve(id).flatMap { contents.identities[$0] }
  }

  /// The number of identities.
  public var count: Int { contents.identities.count }

  /// The network of the gallery's embeddings, as soon as there is one.
  public var network: EmbeddingNetwork? { contents.network }

  /// Makes the gallery one of this network.
  ///
  /// - Throws: ``GalleryError/wrongNetwork(expected:found:)`` where it holds embeddings of another one.
  public mutating func setNetwork(_ network: EmbeddingNetwork) throws(GalleryError) {
    if contents.network != network { try apply(.networkSet(network)) }
  }

  /// Says that track numbers up to this one may be in use in a camera.
  public mutating func reserveTrackNumbers(_ camera: CameraName, upTo number: UInt64) {
    if contents.lastTrackNumbers[camera] ?? 0 < number {
      applyKnown(.trackNumberReserved(camera, number: number))
    }
  }

  /// Keeps what some part learned, under that part's name; `nil` removes it.
  public mutating func setLearnedState(_ value: Data?, name: String) {
    if contents.learnedState[name] != value { applyKnown(.learnedStateSet(name: name, value: value)) }
  }

  /// Applies a change whose preconditions the caller has checked.
  mutating func applyKnown(_ change: GalleryChange) {
    do { try apply(change) } catch { assertionFailure("\(change): \(error)") }
  }

  func require(_ id: IdentityID) throws(GalleryError) -> GalleryIdentity {
    guard let record = self[id] else { throw .unknownIdentity(id) }
    return record
  }

  private mutating func reindex(_ ids: [IdentityID]) {
    for id in ids { reindex(id) }
  }

  private mutating func reindex(_ id: IdentityID) {
    guard let record = contents.identities[id] else {
      index.set(id, to: nil)
      return
    }
    let parts = record.prototypes.map {
      (embedding: $0.prototype.embedding, weight: Float(max(0.05, $0.prototype.quality)))
    }
    index.set(id, to: Embedding.weightedMean(parts))
  }
}
