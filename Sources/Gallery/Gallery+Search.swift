import ThroughlineCore

/// One identity that a search found.
public struct GalleryMatch: Sendable, Hashable {
  /// Who.
  public var identity: IdentityID
  /// Cosine similarity of the best pair of query and prototype, -1...1.
  public var similarity: Double
  /// The prototype of that pair.
  public var prototype: PrototypeID
}

/// What a search is restricted to.
public struct GallerySearchFilter: Sendable, Hashable, Codable {
  /// Only prototypes of these cameras; `nil` for all.
  public var cameras: Set<CameraName>?
  /// Only prototypes from this moment on; `nil` for no limit.
  public var from: Timestamp?
  /// Only prototypes until this moment; `nil` for no limit.
  public var to: Timestamp?

  /// A filter by its parts; without any, it lets everything through.
  public init(cameras: Set<CameraName>? = nil, from: Timestamp? = nil, to: Timestamp? = nil) {
    self.cameras = cameras
    self.from = from
    self.to = to
  }

  /// Whether a prototype passes.
  public func admits(_ prototype: Prototype) -> Bool {
    if let cameras, !cameras.contains(prototype.camera) { return false }
    if let from, prototype.time < from { return false }
    if let to, prototype.time > to { return false }
    return true
  }
}

extension Gallery {
  /// The identities most similar to an embedding, best first.
  ///
  /// The index proposes `max(64, 8 * limit)` identities by the mean of their prototypes; these are then scored
  /// by their best prototype.
  ///
  /// - Throws: ``GalleryError/wrongNetwork(expected:found:)`` for an embedding of another length.
  public func search(
    _ query: Embedding, limit: Int = 10, filter: GallerySearchFilter = GallerySearchFilter()
  ) throws(GalleryError) -> [GalleryMatch] {
    try search([query], limit: limit, filter: filter)
  }

  /// The identities most similar to a set of embeddings of one person, best first.
  public func search(
    _ queries: [Embedding], limit: Int = 10, filter: GallerySearchFilter = GallerySearchFilter()
  ) throws(GalleryError) -> [GalleryMatch] {
    guard limit > 0, let network else { return [] }
    for query in queries where query.dimension != network.dimension {
      throw .wrongNetwork(expected: network, found: "\(query.dimension) elements")
    }
    let isFiltered = filter != GallerySearchFilter()
    // A filter may reject most of what the index proposes, so it is asked for everything then.
    let width = isFiltered ? index.count : max(64, 8 * limit)
    var candidates = Set<IdentityID>()
    for found in index.nearest(to: queries, limit: width, scanner: scanner) {
      for entry in found { candidates.insert(entry.key) }
    }
    var matches: [GalleryMatch] = []
    for id in candidates {
      var best: GalleryMatch?
      for kept in contents.identities[id]?.prototypes ?? [] where filter.admits(kept.prototype) {
        for query in queries {
          let similarity = Double(query.similarity(to: kept.prototype.embedding))
          if similarity > best?.similarity ?? -.infinity {
            best = GalleryMatch(identity: id, similarity: similarity, prototype: kept.id)
          }
        }
      }
      if let best { matches.append(best) }
    }
    matches.sort {
      $0.similarity != $1.similarity ? $0.similarity > $1.similarity : $0.identity < $1.identity
    }
    return Array(matches.prefix(limit))
  }

  /// For each embedding, the identities whose mean prototype is most similar to it: fast, and without any second look.
  public func candidates(for queries: [Embedding], limit: Int) -> [[IdentityID]] {
    index.nearest(to: queries, limit: limit, certainty: .likely, scanner: scanner).map { $0.map(\.key) }
  }
}
