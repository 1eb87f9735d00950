import Gallery
import ThroughlineCore

/// Identities over a whole recording, decided at its end with everything known at once.
///
/// Tracks are gathered as they come and never decided early. At the end their average similarities, camera
/// biases and cohort differences removed, are blended with the similarity of their k-reciprocal neighbourhoods and
/// clustered under the same exclusions as live: who was seen at once in one camera stays apart.
public struct OfflineAssociator: Sendable {
  /// How much the neighbourhoods count beside the looks, 0...1.
  public static let neighbourhoodShare: Float = 0.3

  private var live: Associator
  private var order: [TrackID] = []
  private var limit: Int

  /// An associator for one recording.
  ///
  /// - Parameter maximumTracks: how many tracks are remembered; those beyond it, latest first, stay without
  ///   identity. The memory needed grows with its square: 4000 tracks take about 200 MB.
  public init(
    network: EmbeddingNetwork, settings: AssociationSettings = AssociationSettings(),
    maximumTracks: Int = 4000
  ) {
    var collecting = settings
    collecting.maximumEndedTracks = .max
    live = Associator(collecting: network, settings: collecting)
    limit = max(1, maximumTracks)
  }

  /// Takes in one frame; see ``Associator/update(camera:at:tracks:looks:)`` for the parameters and errors.
  public mutating func add(
    camera: CameraName, at time: Timestamp, tracks: [Track], looks: [TrackID: Look] = [:]
  ) throws(AssociationError) {
    try live.collect(camera: camera, at: time, tracks: tracks, looks: looks)
  }

  /// Who is who: for every track with looks a number counted from 1, in order of first appearance.
  public mutating func solve() -> [TrackID: IdentityID] {
    live.alignment.refresh()
    let chosen = live.tracks.values.filter { $0.lookCount > 0 }
      .sorted { ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id) }.prefix(limit)
    let tracks = Array(chosen)
    for track in tracks { live.calibrateOffline(with: track.id) }
    let model = live.similarityModel
    let count = tracks.count
    var similarity = [Float](repeating: -.infinity, count: count * count)
    let vectors = tracks.map { live.alignment.aligned($0.mean ?? [], camera: $0.camera) }
    // Most pairs are of different people, so that the mean over all pairs of two cameras tells their level.
    var sums: [CameraPair: (sum: Double, count: Double)] = [:]
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) {
        let value = VectorMath.dot(vectors[row], vectors[column])
        similarity[row * count + column] = value
        let pair = CameraPair(tracks[row].camera, tracks[column].camera)
        let sum = sums[pair] ?? (0, 0)
        sums[pair] = (sum.sum + Double(value), sum.count + 1)
      }
    }
    let total = sums.values.reduce((0.0, 0.0)) { ($0.0 + $1.sum, $0.1 + $1.count) }
    let level = total.1 > 0 ? total.0 / total.1 : 0
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) {
        var value = similarity[row * count + column]
        if let pair = sums[CameraPair(tracks[row].camera, tracks[column].camera)] {
          let trust = pair.count / (pair.count + 4 * CohortStatistics.shrinkage)
          value -= Float(trust * (pair.sum / pair.count - level))
        }
        if isExcluded(tracks[row], tracks[column]) { value = -.infinity }
        similarity[row * count + column] = value
        similarity[column * count + row] = value
      }
    }
    let neighbourhoods = KReciprocal.jaccard(similarity: similarity, count: count, neighbours: 12)
    let share = Self.neighbourhoodShare
    let low = Float(model.negativeMean)
    let high = Float(model.positiveMean)
    for place in similarity.indices where similarity[place] > -.infinity {
      similarity[place] =
        (1 - share) * similarity[place] + share * (low + (high - low) * min(1, 1.5 * neighbourhoods[place]))
    }
    let owners = ConstrainedClustering.clusters(
      similarity: similarity, weights: tracks.map { Float(min(8, $0.independentLooks) + 0.2) },
      threshold: Float(model.threshold))
    var numbers: [Int: IdentityID] = [:]
    var result: [TrackID: IdentityID] = [:]
    for (place, owner) in owners.enumerated() {
      let identity = numbers[owner] ?? IdentityID(UInt64(numbers.count + 1))
      numbers[owner] = identity
      result[tracks[place].id] = identity
    }
    return result
  }

  private func isExcluded(_ one: TrackEvidence, _ other: TrackEvidence) -> Bool {
    one.companions.contains(other.id) || live.areDisjoint(one, other)
  }
}

extension Associator {
  /// An associator that only gathers evidence, over an empty gallery, which fits every network.
  init(collecting network: EmbeddingNetwork, settings: AssociationSettings) {
    self.settings = settings
    self.network = network
    gallery = Gallery()
    calibrator = ThresholdCalibrator()
    transitions = TransitionModel()
    decidesLive = false
  }

  mutating func collect(
    camera: CameraName, at time: Timestamp, tracks: [Track], looks: [TrackID: Look]
  ) throws(AssociationError) {
    _ = try update(camera: camera, at: time, tracks: tracks, looks: looks)
  }

  mutating func calibrateOffline(with id: TrackID) {
    guard let track = tracks[id], track.isLive else { return }
    calibrate(with: id)
  }
}
