import ThroughlineCore

/// Why a gallery refused an operation. The gallery is unchanged whenever one of these is thrown.
public enum GalleryError: Error, Hashable, CustomStringConvertible {
  /// No identity has this number, nor had one that was merged into another.
  case unknownIdentity(IdentityID)
  /// An identity of this number exists already.
  case identityExists(IdentityID)
  /// The identity keeps no prototype of this number.
  case unknownPrototype(PrototypeID)
  /// The identity keeps no sighting of this number.
  case unknownSighting(SightingID)
  /// The embedding is of another network or length.
  case wrongNetwork(expected: EmbeddingNetwork, found: String)
  /// The gallery has no network yet, so that it cannot hold embeddings.
  case noNetwork
  /// Both numbers mean the same identity.
  case sameIdentity(IdentityID)
  /// A person said that these two are not the same.
  case vetoed(IdentityPair)
  /// Both were seen at once in one camera, so they are two people.
  case seenTogether(IdentityPair, camera: CameraName, time: Timestamp)
  /// A split that would leave one of the two without any record.
  case emptySplit(IdentityID)
  /// There is no such correction to take back.
  case nothingToUndo
  /// A later correction builds on the one that was to be taken back.
  case undoOutOfOrder(CorrectionID)
  /// A name that is empty or too long.
  case invalidName(String)

  /// One line that names the thing and the mend.
  public var description: String {
    switch self {
    case .unknownIdentity(let id):
      "there is no identity \(id) in the gallery; list the gallery to see which exist"
    case .identityExists(let id): "identity \(id) exists already; numbers are given out once"
    case .unknownPrototype(let id): "there is no prototype \(id) at that identity"
    case .unknownSighting(let id): "there is no sighting \(id) at that identity"
    case .wrongNetwork(let expected, let found):
      "an embedding of \(found) does not fit a gallery of \(expected); set reidentification.model to the gallery's network, or use another gallery"
    case .noNetwork: "the gallery has no network yet; set one before adding embeddings"
    case .sameIdentity(let id): "both numbers mean identity \(id); two different ones are needed"
    case .vetoed(let pair):
      "identities \(pair) were declared not to be the same; take that back first "
        + "('gallery not-same \(pair.lower) \(pair.higher) --undo')"
    case .seenTogether(let pair, let camera, let time):
      "identities \(pair) were seen at once in \(camera) at \(time.utcText), so they are two people; 'split' off stays that are somebody else's first"
    case .emptySplit(let id):
      "the split would leave identity \(id) or the new one without records; choose some of each"
    case .nothingToUndo:
      "there is no such merge, split or not-same to undo; 'gallery show ID' lists a person's corrections"
    case .undoOutOfOrder(let id): "a later merge or split builds on correction \(id); undo that one first"
    case .invalidName(let name):
      "'\(String(name.prefix(80).map { $0.isLetter || $0.isNumber || $0.isPunctuation || $0.isSymbol ? $0 : " " }))' is no usable name; use 1 to 200 characters in one line"
    }
  }
}
