import ThroughlineCore

/// The reference application's association (TAPPAS, 2022), with its published constants: a track's first accepted
/// crop decides its identity for ever; an identity keeps its last 100 embeddings; the distance is 1 - the greatest
/// cosine similarity; above 0.4 it is somebody new. Nothing keeps two tracks of one picture apart.
public struct ReferenceAssociation: Sendable {
  /// Whether crops are refused by the height of the person (0.3...0.8 of the picture's). Where most people are
  /// smaller, as they are on most cameras, nobody gets an identity with it.
  public var hasSizeRule: Bool
  /// The crop's least variance of the Laplacian; not applied where it was not measured.
  public var minimumSharpness = 400.0
  /// Above this distance a crop is of somebody new.
  public var newIdentityDistance = 0.4
  /// The embeddings kept of each identity.
  public var galleryLength = 100
  /// The first frame of a track whose crop is used.
  public var firstFrame = 7

  /// The rules as they are, or with the rules that leave small and blurred people out removed.
  public init(hasSizeRule: Bool = true) {
    self.hasSizeRule = hasSizeRule
    if !hasSizeRule { minimumSharpness = 0 }
  }

  /// Decides the identities of all tracks, in the order of time.
  public func run(_ cameras: [CameraTracks]) -> [TrackID: Int] {
    var moments: [(time: Timestamp, id: TrackID, age: Int, observation: TrackObservation)] = []
    for camera in cameras {
      for (id, list) in camera.observations {
        for (index, observation) in list.enumerated() {
          moments.append((observation.time, id, index + 1, observation))
        }
      }
    }
    moments.sort { ($0.time, $0.id) < ($1.time, $1.id) }
    var identities: [TrackID: Int] = [:]
    var gallery: [[Embedding]] = []
    for moment in moments where moment.age >= firstFrame {
      guard isAccepted(moment.observation), let values = moment.observation.item?.embedding,
        let embedding = try? Embedding(normalizing: values)
      else { continue }
      let identity = identities[moment.id] ?? closest(to: embedding, in: gallery) ?? gallery.count
      if identity == gallery.count { gallery.append([]) }
      identities[moment.id] = identity
      gallery[identity].append(embedding)
      if gallery[identity].count > galleryLength { gallery[identity].removeFirst() }
    }
    return identities.mapValues { $0 + 1 }
  }

  private func closest(to embedding: Embedding, in gallery: [[Embedding]]) -> Int? {
    var best: (identity: Int, similarity: Float)?
    for (identity, known) in gallery.enumerated() {
      for other in known {
        let similarity = embedding.similarity(to: other)
        if similarity > best?.similarity ?? -2 { best = (identity, similarity) }
      }
    }
    guard let best, 1 - Double(best.similarity) <= newIdentityDistance else { return nil }
    return best.identity
  }

  private func isAccepted(_ observation: TrackObservation) -> Bool {
    let box = observation.track.box
    let width = Double(observation.size.width)
    let height = Double(observation.size.height)
    guard box.width > 0, width > 0, height > 0 else { return false }
    guard (1.7...4.5).contains(box.height / box.width) else { return false }
    if hasSizeRule, !(0.3...0.8).contains(box.height / height) { return false }
    guard box.minX >= 0.05 * width, box.maxX <= 0.95 * width else { return false }
    if let sharpness = observation.item?.sharpness, sharpness <= minimumSharpness { return false }
    return true
  }
}
