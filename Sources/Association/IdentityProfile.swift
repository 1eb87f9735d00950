import Gallery
import ThroughlineCore

/// What the association compares tracks with: one piece of evidence for each track of an identity.
struct IdentityProfile: Sendable {
  /// The mean of one track's looks, its camera's bias removed.
  struct Piece: Sendable {
    var track: TrackID?
    var camera: CameraName
    /// The camera's number within the association.
    var cameraNumber: Int
    var vector: [Float]
    var independentLooks: Double
    var lastSeen: Timestamp
  }

  static let maximumPieces = 12
  /// The nearest so many pieces count: a person seen from behind must not suffer from front views.
  static let nearestPieces = 3

  var pieces: [Piece]
  /// The mean over the pieces, for a first rough comparison.
  var mean: [Float]

  init(pieces all: [Piece]) {
    pieces = Array(all.sorted { $0.lastSeen > $1.lastSeen }.prefix(Self.maximumPieces))
    var sum: [Float] = []
    for piece in pieces {
      sum = sum.isEmpty ? piece.vector : VectorMath.adding(sum, piece.vector, factor: 1)
    }
    mean = pieces.isEmpty ? [] : VectorMath.scaled(sum, by: 1 / Float(pieces.count))
  }
}

/// How similar a track or an identity is to an identity, and on what that rests.
struct ProfileSimilarity: Sendable {
  var similarity: Double
  /// Independent looks on the identity's side.
  var looks: Double
  /// The camera of the nearest piece.
  var camera: CameraName
  /// How many tracks were compared with.
  var pieceCount: Int
}

extension IdentityProfile {
  /// The weighted average similarity to the nearest pieces, camera pairs normalised.
  ///
  /// - Returns: `nil` where no piece is left besides the excluded track's own.
  func similarity(
    to vector: [Float], cameraNumber: Int, excluding track: TrackID?, cohort: CohortStatistics
  ) -> ProfileSimilarity? {
    var found: [(similarity: Double, piece: Int)] = []
    for (place, piece) in pieces.enumerated() where track == nil || piece.track != track {
      let raw = Double(VectorMath.dot(vector, piece.vector))
      found.append((raw - cohort.shift(cameras: cameraNumber, piece.cameraNumber), place))
    }
    guard !found.isEmpty else { return nil }
    found.sort { $0.similarity > $1.similarity }
    var sum = 0.0
    var weight = 0.0
    var looks = 0.0
    for (similarity, place) in found.prefix(Self.nearestPieces) {
      let share = min(3, pieces[place].independentLooks) + 0.2
      sum += similarity * share
      weight += share
      looks += pieces[place].independentLooks
    }
    return ProfileSimilarity(
      similarity: sum / weight, looks: looks, camera: pieces[found[0].piece].camera, pieceCount: found.count)
  }
}
