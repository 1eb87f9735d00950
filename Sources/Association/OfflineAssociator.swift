import Gallery
import ThroughlineCore

/// Identities over a whole recording, decided at its end with everything known at once.
///
/// Tracks are gathered as they come and never decided early. At the end every pair of tracks has its evidence, from the
/// looks with their k-reciprocal neighbourhoods, from places and, between cameras that see the same floor, from the
/// ways; it is clustered under the same exclusions as live: who was seen at once in one camera stays apart.
public struct OfflineAssociator: Sendable {
  private var live: Associator
  private var limit: Int

  /// An associator for one recording.
  ///
  /// - Parameter maximumTracks: how many tracks are remembered; those beyond it, latest first, stay without
  ///   identity. The memory needed grows with its square: 4000 tracks take about 200 MB.
  public init(
    network: EmbeddingNetwork, settings: AssociationSettings = AssociationSettings(),
    prior: ThresholdCalibrator.Prior = ThresholdCalibrator.Prior(), maximumTracks: Int = 4000
  ) {
    var collecting = settings
    collecting.maximumEndedTracks = .max
    collecting.consolidationWindow = .infinity
    live = Associator(collecting: network, settings: collecting, prior: prior)
    limit = max(1, maximumTracks)
  }

  /// Takes in one frame; see ``Associator/update(camera:at:tracks:looks:)`` for the parameters and errors.
  public mutating func add(
    camera: CameraName, at time: Timestamp, tracks: [Track], looks: [TrackID: Look] = [:]
  ) throws(AssociationError) {
    try live.collect(camera: camera, at: time, tracks: tracks, looks: looks)
  }

  /// What the calibration has found so far.
  public func calibrationReport() -> CalibrationReport { live.calibrationReport() }

  /// Who is who: numbers counted from 1, in order of first appearance. A track has several spans where the tracker
  /// changed over from one person to another in its midst; one without looks has none.
  public mutating func solve() -> [TrackID: [IdentitySpan]] {
    let solved = live.solveRecording(maximumTracks: limit)
    var numbers: [Int: IdentityID] = [:]
    var result: [TrackID: [IdentitySpan]] = [:]
    for (id, owner) in zip(solved.tracks, solved.owners) {
      guard let track = live.tracks[id] else { continue }
      let identity = numbers[owner] ?? IdentityID(UInt64(numbers.count + 1))
      numbers[owner] = identity
      result[track.reported, default: []].append(
        IdentitySpan(identity: identity, begin: track.firstSeen, end: track.lastSeen, confidence: 1))
    }
    return result.mapValues { $0.sorted { $0.begin < $1.begin } }
  }
}

extension Associator {
  /// An associator that only gathers evidence, over an empty gallery, which fits every network.
  init(
    collecting network: EmbeddingNetwork, settings: AssociationSettings, prior: ThresholdCalibrator.Prior
  ) {
    self.settings = settings
    self.network = network
    gallery = Gallery()
    calibrator = ThresholdCalibrator(prior: prior)
    transitions = TransitionModel()
    decidesLive = false
  }

  mutating func collect(
    camera: CameraName, at time: Timestamp, tracks: [Track], looks: [TrackID: Look]
  ) throws(AssociationError) {
    _ = try update(camera: camera, at: time, tracks: tracks, looks: looks)
  }
}
