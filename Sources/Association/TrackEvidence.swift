import Foundation
import Gallery
import ThroughlineCore

/// All that the association knows about one track.
struct TrackEvidence: Sendable {
  /// The key in the association's memory: the track's own name, or, for the part of a track before a cut, one that
  /// no tracker gives.
  private(set) var id: TrackID
  /// The track's name as the tracker reports it.
  let reported: TrackID
  var firstSeen: Timestamp
  var lastSeen: Timestamp
  var firstBox: BoundingBox
  var lastBox: BoundingBox
  /// What its looks say together.
  var evidence = LookEvidence()
  /// A few looks far apart in time, for the calibration and for prototypes.
  var samples: [Look] = []
  /// Tracks of the same camera that were seen in the same frame at least once: other people, for certain.
  var companions: Set<TrackID> = []
  /// The latest clear looks, which are watched for a change of person.
  var recent: [RecentLook] = []
  /// Where the person stood.
  var path = TrackPath()
  /// Where it may be several persons, for the reviews.
  var segments = TrackSegments()
  var identity: IdentityID?
  var sighting: SightingID?
  var sightingWritten: Timestamp?
  var confidence: Double = 0
  var isSure = false
  var isLive = true
  /// Whether a person has said whose it is.
  var isPinned = false
  var evidenceChanged = false
  /// When the identity was last changed, so that a track does not swing to and fro.
  var decided: Timestamp?

  /// A look with the weight that it was counted with.
  struct RecentLook: Sendable {
    var look: Look
    var weight: Double
  }

  static let maximumSamples = 6
  static let recentCount = 3
  /// Companions beyond this number mean a crowd over a long time; the oldest are then covered by their
  /// sightings in the gallery.
  static let maximumCompanions = 512

  init(track: Track, at time: Timestamp) {
    id = track.id
    reported = track.id
    firstSeen = time
    lastSeen = time
    firstBox = track.box
    lastBox = track.box
  }

  var camera: CameraName { id.camera }
  var totalWeight: Double { evidence.totalWeight }
  var lookCount: Int { evidence.lookCount }
  var independentLooks: Double { evidence.independentLooks }

  /// The weighted mean of the looks, not normalised: the dot product of two such means is the weighted average
  /// of all pairwise similarities (average linkage), whose expectation does not depend on the number of looks.
  var mean: [Float]? {
    totalWeight > 0 ? VectorMath.scaled(evidence.sum, by: Float(1 / totalWeight)) : nil
  }

  mutating func add(_ look: Look, weight: Double) {
    evidence.add(look, weight: weight)
    evidenceChanged = true
    // Long tracks go on adapting: the past fades once it outweighs some fifty good looks.
    if totalWeight > 50 {
      evidence.sum = VectorMath.scaled(evidence.sum, by: 0.5)
      evidence.totalWeight *= 0.5
    }
    keepSample(look)
    if weight >= 0.25 {
      recent.append(RecentLook(look: look, weight: weight))
      if recent.count > Self.recentCount { recent.removeFirst() }
    }
  }

  /// The evidence without the recent looks; `nil` where nothing is left.
  var meanBeforeRecent: [Float]? {
    var earlier = evidence.sum
    var weight = totalWeight
    for entry in recent {
      earlier = VectorMath.adding(earlier, entry.look.embedding.values, factor: Float(-entry.weight))
      weight -= entry.weight
    }
    return weight > 0.3 ? VectorMath.scaled(earlier, by: Float(1 / weight)) : nil
  }

  func renamed(_ name: TrackID) -> TrackEvidence {
    var copy = self
    copy.id = name
    return copy
  }

  /// Takes in an earlier part of the same track.
  mutating func join(_ part: TrackEvidence) {
    evidence.add(part.evidence)
    samples = Array((part.samples + samples).sorted { $0.time < $1.time }.prefix(Self.maximumSamples))
    path = part.path.appending(path)
  }

  /// When the person of the recent looks came in, as far as the track itself tells.
  var changeover: Timestamp? {
    guard let firstRecent = recent.first?.look.time else { return nil }
    return segments.border(before: firstRecent) ?? firstRecent
  }

  /// Divides the evidence: the recent looks are another person's than those before.
  ///
  /// - Parameters:
  ///   - begin: when the later part begins.
  ///   - key: what the earlier part is called from now on.
  func cut(at begin: Timestamp, key: TrackID) -> (earlier: TrackEvidence, later: TrackEvidence)? {
    guard let mean = meanBeforeRecent else { return nil }
    var earlier = self
    earlier.id = key
    let weight = totalWeight - recent.reduce(0) { $0 + $1.weight }
    earlier.evidence.sum = VectorMath.scaled(mean, by: Float(weight))
    earlier.evidence.totalWeight = weight
    earlier.evidence.lookCount -= recent.count
    earlier.evidence.independentLooks = max(1, independentLooks - Double(recent.count))
    earlier.samples.removeAll { $0.time >= begin }
    (earlier.path, _) = path.divided(at: begin)
    earlier.recent = []
    earlier.segments = segments.earlier(than: begin)
    earlier.lastSeen = max(firstSeen, begin.advanced(bySeconds: -0.001))
    earlier.isLive = false
    var later = self
    later.forgetLooks()
    later.firstSeen = begin
    later.firstBox = recent.first?.look.box ?? lastBox
    (_, later.path) = path.divided(at: begin)
    later.segments = TrackSegments()
    later.decided = nil
    later.sightingWritten = nil
    for entry in recent { later.add(entry.look, weight: entry.weight) }
    return (earlier, later)
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

extension TrackEvidence {
  /// What the places say about two tracks of one camera, as the logarithm of the odds: a track that ended and one
  /// that begins soon after near by are probably one person who was hidden. The walked distance is taken as normally
  /// distributed and widening with time, the place of somebody else as anywhere in the picture.
  ///
  /// - Parameter extent: the size of the picture as far as it is known, in pixels.
  static func placeRatio(
    _ track: TrackEvidence, after before: TrackEvidence, extent: (width: Double, height: Double)
  ) -> Double {
    let gap = track.firstSeen.seconds(since: before.lastSeen)
    guard gap >= 0, gap < 10 else { return 0 }
    let height = max(1, (before.lastBox.height + track.firstBox.height) / 2)
    let dx = (track.firstBox.centerX - before.lastBox.centerX) / height
    let dy = (track.firstBox.maxY - before.lastBox.maxY) / height
    let spread = 0.35 + 0.45 * gap
    let area = max(4, extent.width * extent.height / (height * height))
    let density = exp(-(dx * dx + dy * dy) / (2 * spread * spread)) / (2 * Double.pi * spread * spread)
    return min(3, max(-3, log(max(1e-9, density * area))))
  }
}
