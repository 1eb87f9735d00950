import Foundation
import Gallery
import ThroughlineCore

/// From tracks to identities, across cameras and time.
///
/// Every track gathers evidence from its looks. From time to time all live tracks are assigned to identities,
/// one to one within a camera, at the least total cost; a track stays tentative until the evidence suffices.
/// Decisions are kept under review: later evidence reassigns tracks and merges or splits identities.
///
/// Two tracks that were seen in one frame are two people. That is a hard exclusion everywhere: in assignments,
/// in merges and in what ``update(camera:at:tracks:looks:)`` returns, in which no identity occurs twice.
///
/// Time comes from the frames alone. A frame up to five seconds older than its camera's latest is out of order
/// and left out; a larger jump back ends the camera's live tracks and starts anew. Cameras are known from their
/// first update on.
///
/// Everything is bounded: ended tracks by ``AssociationSettings/maximumEndedTracks``, identities and prototypes
/// by the gallery's limits, statistics by decay.
public struct Associator: Sendable {
  /// How far back a frame may come before the clock counts as reset, in seconds.
  public static let outOfOrderTolerance = 5.0
  static let calibratorStateName = "association.calibrator"
  static let transitionStateName = "association.transitions"
  static let learnedStateInterval = 300.0

  struct CameraState: Sendable {
    /// Counted from 0 in the order of first updates.
    var number: Int
    var latest: Timestamp
    /// Tracks that were reported and have not ended.
    var live: Set<TrackID> = []
    /// The tracks seen in the latest frame.
    var observed: [TrackID] = []
    /// The largest extent of the boxes seen, in pixels; stands for the picture's size.
    var extent = (width: 0.0, height: 0.0)
    /// The picture's size, where the caller says it.
    var picture: PictureSize?
  }

  /// How identities are decided; may be changed at any time.
  public var settings: AssociationSettings
  /// The identities.
  public internal(set) var gallery: Gallery
  /// The network of all looks.
  public let network: EmbeddingNetwork
  /// What is known about the similarity of looks of one and of two persons.
  public internal(set) var calibrator: ThresholdCalibrator
  /// The latest moment of all cameras.
  public internal(set) var now: Timestamp?

  var tracks: [TrackID: TrackEvidence] = [:]
  var cameras: [CameraName: CameraState] = [:]
  /// Cameras by number; also those that only the gallery knows of.
  var cameraNumbers: [CameraName: Int] = [:]
  var members: [IdentityID: Set<TrackID>] = [:]
  var profiles: [IdentityID: IdentityProfile] = [:]
  var alignment = CameraAlignment()
  var cohort = CohortStatistics()
  var transitions: TransitionModel
  /// When recent identities were last compared with those of the whole gallery.
  var comparedWithAll: [IdentityID: Timestamp] = [:]
  var lastDecision: Timestamp?
  var lastConsolidation: Timestamp?
  var lastReview: Timestamp?
  var lastLearnedState: Timestamp?
  /// Pairs of cameras that turned out to see the same floor, and in which review that was last looked for.
  var geometries: [CameraPair: ViewGeometry] = [:]
  var geometryReviews: [CameraPair: Int] = [:]
  var reviewCount = 0
  /// A review that waits for ``takeReview()``.
  var dueReview: AssociationReview?
  var events: [AssociationEvent] = []
  /// How many tracks were cut in two so far.
  var cutCount: UInt64 = 0

  /// An associator over a gallery, which may hold identities from before.
  ///
  /// - Throws: ``GalleryError/wrongNetwork(expected:found:)`` where the gallery holds another network's embeddings.
  public init(
    network: EmbeddingNetwork, settings: AssociationSettings = AssociationSettings(),
    gallery: Gallery = Gallery(), prior: ThresholdCalibrator.Prior = ThresholdCalibrator.Prior()
  ) throws(GalleryError) {
    self.settings = settings
    self.network = network
    self.gallery = gallery
    try self.gallery.setNetwork(network)
    let learned = gallery.contents.learnedState
    calibrator =
      learned[Self.calibratorStateName].flatMap {
        try? JSONDecoder().decode(ThresholdCalibrator.self, from: $0)
      }
      ?? ThresholdCalibrator(prior: prior)
    transitions =
      learned[Self.transitionStateName].flatMap { try? JSONDecoder().decode(TransitionModel.self, from: $0) }
      ?? TransitionModel()
    closeSightingsOfEarlierRun()
  }

  /// Sightings that were open when an earlier run ended are over.
  private mutating func closeSightingsOfEarlierRun() {
    for record in gallery.contents.identities.values {
      for open in record.sightings where open.isOpen {
        gallery.attempt { (gallery) throws(GalleryError) in
          try gallery.extendSighting(open.id, of: record.id, to: open.sighting.end, closing: true)
        }
      }
    }
  }

  /// Takes in one frame's tracks of one camera, and the looks that were taken since its last update.
  ///
  /// - Parameters:
  ///   - camera: which camera; unknown ones are added.
  ///   - time: the frame's capture time.
  ///   - frameTracks: all tracks that the tracker reports; ended ones once.
  ///   - looks: at most one new look per track.
  ///   - picture: the size of the camera's picture, which ``AssociationSettings/regions`` refer to.
  /// - Returns: who each of the tracks is, what happened, and the changes for the store.
  /// - Throws: ``AssociationError``; nothing has changed then.
  public mutating func update(
    camera: CameraName, at time: Timestamp, tracks frameTracks: [Track], looks: [TrackID: Look] = [:],
    picture: PictureSize? = nil
  ) throws(AssociationError) -> AssociationUpdate {
    try validate(camera: camera, tracks: frameTracks, looks: looks)
    guard takeTime(camera: camera, time: time) else {
      events.append(.frameIgnored(camera, at: time))
      return finishUpdate(for: frameTracks)
    }
    if let picture { cameras[camera]?.picture = picture }
    observe(camera: camera, time: time, tracks: frameTracks)
    for (id, look) in looks.sorted(by: { $0.key < $1.key }) { add(look, to: id, among: frameTracks) }
    for track in frameTracks where track.state == .ended { endTrack(track.id) }
    runPeriodicWork()
    extendSightings(camera: camera, time: time)
    return finishUpdate(for: frameTracks)
  }

  /// Lets time pass without a frame: undecided tracks are decided, silent ones end.
  public mutating func tick(now moment: Timestamp) -> AssociationUpdate {
    now = max(now ?? moment, moment)
    runPeriodicWork()
    return finishUpdate(for: [])
  }

  /// Ends all tracks: decides what is undecided, consolidates a last time and closes all sightings.
  public mutating func finish(at moment: Timestamp) -> AssociationUpdate {
    close(at: moment)
    reviewRecentTracks(isLast: true)
    return finishUpdate(for: [])
  }

  mutating func close(at moment: Timestamp) {
    now = max(now ?? moment, moment)
    decide(isFinal: true)
    consolidate()
    for id in tracks.keys.sorted() where tracks[id]?.isLive == true { endTrack(id) }
    consolidate()
    writeLearnedState()
  }

  /// Who a track is by all that is known now; also for tracks that ended lately.
  public func assignment(of id: TrackID) -> IdentityAssignment {
    guard let track = tracks[id], let identity = track.identity else { return .tentative }
    return IdentityAssignment(identity: identity, confidence: track.confidence, isSure: track.isSure)
  }

  /// What confident matches have told so far about who can come from where.
  public func cameraRelations() -> [CameraRelation] { transitions.relations() }

  /// What the calibration has found so far.
  public func calibrationReport() -> CalibrationReport { calibrator.report() }

  private func validate(camera: CameraName, tracks frameTracks: [Track], looks: [TrackID: Look])
    throws(AssociationError)
  {
    if cameras[camera] == nil, cameras.count >= settings.maximumCameras {
      throw .tooManyCameras(limit: settings.maximumCameras)
    }
    var seen = Set<TrackID>()
    for track in frameTracks {
      if track.id.camera != camera { throw .foreignTrack(track.id, camera: camera) }
      if !seen.insert(track.id).inserted { throw .duplicateTrack(track.id) }
      if !track.box.isValid { throw .invalidBox(track.id) }
    }
    for (id, look) in looks {
      if id.camera != camera { throw .foreignTrack(id, camera: camera) }
      if look.embedding.dimension != network.dimension {
        throw .wrongEmbedding(track: id, expected: network.dimension, found: look.embedding.dimension)
      }
    }
  }

  /// - Returns: whether the frame is to be used.
  private mutating func takeTime(camera: CameraName, time: Timestamp) -> Bool {
    if let state = cameras[camera], time < state.latest {
      if state.latest.seconds(since: time) <= Self.outOfOrderTolerance { return false }
      events.append(.timeJumpedBack(camera, from: state.latest, to: time))
      for id in state.live.sorted() { endTrack(id) }
      cameras[camera]?.observed = []
    }
    if let moment = now, moment.seconds(since: time) > settings.consolidationWindow {
      // All clocks were set back (a recording starts over): what is scheduled must not wait for the old time.
      now = time
      comparedWithAll = [:]
      lastDecision = nil
      lastConsolidation = nil
      lastReview = nil
      lastLearnedState = nil
    } else {
      now = max(now ?? time, time)
    }
    let number = number(of: camera)
    cameras[camera, default: CameraState(number: number, latest: time)].latest = time
    return true
  }

  /// A small number that stands for a camera where it is looked up very often.
  mutating func number(of camera: CameraName) -> Int {
    if let known = cameraNumbers[camera] { return known }
    let number = cameraNumbers.count
    cameraNumbers[camera] = number
    return number
  }

  private mutating func runPeriodicWork() {
    guard let now else { return }
    if lastDecision.map({ now.seconds(since: $0) >= settings.decisionInterval }) ?? true {
      lastDecision = now
      endSilentTracks(now: now)
      decide(isFinal: false)
    }
    guard let last = lastConsolidation else {
      lastConsolidation = now
      lastReview = now
      lastLearnedState = now
      return
    }
    if now.seconds(since: last) >= settings.consolidationInterval {
      lastConsolidation = now
      consolidate()
    }
    if lastReview.map({ now.seconds(since: $0) >= settings.reviewInterval }) ?? true {
      lastReview = now
      reviewRecentTracks()
    }
    if let written = lastLearnedState, now.seconds(since: written) >= Self.learnedStateInterval {
      lastLearnedState = now
      writeLearnedState()
    }
  }

  private mutating func endSilentTracks(now: Timestamp) {
    for (camera, state) in cameras.sorted(by: { $0.key < $1.key }) {
      for id in state.live.sorted() {
        guard let track = tracks[id] else { continue }
        // The camera's own clock counts while it runs; `now` where the whole camera has gone silent.
        let silence = max(
          state.latest.seconds(since: track.lastSeen),
          now.seconds(since: state.latest) - settings.clockTolerance)
        if silence > settings.trackTimeout { endTrack(id) }
      }
      if cameras[camera]?.live.isEmpty == true { cameras[camera]?.observed = [] }
    }
  }

  func writtenState() -> (calibrator: Data?, transitions: Data?) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(calibrator), try? encoder.encode(transitions))
  }

  private mutating func writeLearnedState() {
    let state = writtenState()
    gallery.setLearnedState(state.calibrator, name: Self.calibratorStateName)
    gallery.setLearnedState(state.transitions, name: Self.transitionStateName)
  }

  mutating func finishUpdate(for frameTracks: [Track]) -> AssociationUpdate {
    var update = AssociationUpdate()
    update.assignments = assignments(for: frameTracks)
    update.events = events
    update.changes = gallery.drainChanges()
    events.removeAll()
    return update
  }
}

extension Gallery {
  /// Runs an operation whose failure means only that there is nothing to do.
  @discardableResult
  mutating func attempt<Result>(_ operation: (inout Gallery) throws(GalleryError) -> Result) -> Result? {
    try? operation(&self)
  }
}
