import Gallery
import ThroughlineCore

/// All that the association knows about one track.
struct TrackEvidence: Sendable {
  let id: TrackID
  var firstSeen: Timestamp
  var lastSeen: Timestamp
  var firstBox: BoundingBox
  var lastBox: BoundingBox
  /// The sum of the looks' embeddings, weighted with ``totalWeight``'s parts.
  var sum: [Float] = []
  var totalWeight: Double = 0
  var lookCount = 0
  /// Looks that lie at least a second apart count as independent; others add little.
  var independentLooks: Double = 0
  var lastLook: Timestamp?
  /// A few looks far apart in time, for the calibration and for prototypes.
  var samples: [Look] = []
  /// Tracks of the same camera that were seen in the same frame at least once: other people, for certain.
  var companions: Set<TrackID> = []
  var identity: IdentityID?
  var sighting: SightingID?
  var sightingWritten: Timestamp?
  var confidence: Double = 0
  var isSure = false
  var isLive = true
  var evidenceChanged = false
  /// When the identity was last changed, so that a track does not swing to and fro.
  var decided: Timestamp?

  static let maximumSamples = 6
  /// Companions beyond this number mean a crowd over a long time; the oldest are then covered by their
  /// sightings in the gallery.
  static let maximumCompanions = 512

  init(track: Track, at time: Timestamp) {
    id = track.id
    firstSeen = time
    lastSeen = time
    firstBox = track.box
    lastBox = track.box
  }

  var camera: CameraName { id.camera }

  /// The weighted mean of the looks, not normalised: the dot product of two such means is the weighted average
  /// of all pairwise similarities (average linkage), whose expectation does not depend on the number of looks.
  var mean: [Float]? {
    totalWeight > 0 ? VectorMath.scaled(sum, by: Float(1 / totalWeight)) : nil
  }

  mutating func add(_ look: Look, weight: Double) {
    let embedding = look.embedding.values
    sum =
      sum.isEmpty
      ? VectorMath.scaled(embedding, by: Float(weight))
      : VectorMath.adding(sum, embedding, factor: Float(weight))
    totalWeight += weight
    lookCount += 1
    let gap = lastLook.map { look.time.seconds(since: $0) } ?? .infinity
    independentLooks += min(1, max(0.15, gap)) * min(1, weight / 0.5)
    lastLook = max(lastLook ?? look.time, look.time)
    evidenceChanged = true
    // Long tracks go on adapting: the past fades once it outweighs some fifty good looks.
    if totalWeight > 50 {
      sum = VectorMath.scaled(sum, by: 0.5)
      totalWeight *= 0.5
    }
    keepSample(look)
  }

  private mutating func keepSample(_ look: Look) {
    samples.append(look)
    guard samples.count > Self.maximumSamples else { return }
    // The look whose neighbours in time are nearest goes; the first and the newest stay.
    let victim = (1..<samples.count - 1).min {
      samples[$0 + 1].time.seconds(since: samples[$0 - 1].time)
        < samples[$1 + 1].time.seconds(since: samples[$1 - 1].time)
    }
    if let victim { samples.remove(at: victim) }
  }
}
