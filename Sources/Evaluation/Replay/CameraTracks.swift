import ThroughlineCore
import Tracking

/// One observation of a track in a replay.
public struct TrackObservation: Sendable, Hashable {
  /// The frame, counted from 1.
  public var frame: Int
  /// Its time.
  public var time: Timestamp
  /// The size of the picture.
  public var size: PictureSize
  /// The track as it was reported.
  public var track: Track
  /// The detection with its embedding; `nil` where the tracker changed the box.
  public var item: ObservedFrame.Item?
}

/// The tracks of one camera in a replay, all frames together.
public struct CameraTracks: Sendable {
  /// The camera.
  public var camera: CameraName
  /// All frames, for what needs them in order.
  public var frames: [ObservedFrame]
  /// What each frame's tracker reported, as the frames.
  public var reports: [[Track]]
  /// The observations of each believed track, in order.
  public var observations: [TrackID: [TrackObservation]]

  /// Which embeddings a replayed tracker sees.
  public enum Appearance: Sendable {
    /// Motion alone.
    case never
    /// Where the tracker asks for one, as in a live run.
    case ambiguous
    /// Every one, as in a run over a recording.
    case always
  }

  /// Runs a tracker over a camera's frames.
  ///
  /// - Parameter usesAppearance: which cached embeddings the tracker sees: none, those that it asks for, or all.
  public init(
    camera: CameraName, frames: [ObservedFrame], settings: TrackerSettings = TrackerSettings(),
    usesAppearance: Appearance = .always
  ) throws(TrackerError) {
    var tracker = Tracker(camera: camera, settings: settings)
    var reports: [[Track]] = []
    for frame in frames {
      if frame.isCut { tracker.cut(at: frame.time) }
      let input = frame.detectionFrame
      var appearances = usesAppearance == .never ? [] : input.appearances
      if usesAppearance == .ambiguous {
        let wanted = tracker.wantsAppearance(input.detections, at: frame.time)
        for (place, isWanted) in wanted.enumerated() where !isWanted { appearances[place] = nil }
      }
      var tracks = try tracker.update(
        detections: input.detections, at: frame.time, appearances: appearances)
      tracks += tracker.takeEnded()
      reports.append(tracks)
    }
    self.init(camera: camera, frames: frames, reports: reports)
  }

  /// Runs the reference's tracker over a camera's frames.
  public init(reference camera: CameraName, frames: [ObservedFrame], scoreThreshold: Double) {
    var tracker = ReferenceTracker(camera: camera, scoreThreshold: scoreThreshold)
    let reports = frames.map { tracker.update(detections: $0.items.map(\.detection), at: $0.time) }
    self.init(camera: camera, frames: frames, reports: reports)
  }

  private init(camera: CameraName, frames: [ObservedFrame], reports: [[Track]]) {
    self.camera = camera
    self.frames = frames
    self.reports = reports
    observations = [:]
    var believed = Set<TrackID>()
    for (frame, tracks) in zip(frames, reports) {
      for track in tracks {
        if track.state == .tracked { believed.insert(track.id) }
        guard track.isObserved else { continue }
        let item = frame.items.first { $0.detection.category == .person && $0.detection.box == track.box }
        observations[track.id, default: []].append(
          TrackObservation(frame: frame.number, time: frame.time, size: frame.size, track: track, item: item))
      }
    }
    observations = observations.filter { believed.contains($0.key) }
  }

  /// The camera's result: one entry per observation of a track that has an identity.
  ///
  /// - Parameters:
  ///   - filling: which gaps in the presence of an identity are filled.
  ///   - identity: who a track is; tracks without an identity are left out.
  public func entries(
    filling: GapFilling = GapFilling(longest: 0), identity: (TrackID) -> Int?
  ) -> [MOTEntry] {
    let owners = Dictionary(
      observations.keys.map { ($0, identity($0)) }, uniquingKeysWith: { first, _ in first })
    return entries(filling: filling) { id, _ in owners[id] ?? nil }
  }

  /// The same where a track may be one person first and another one later.
  public func entries(
    filling: GapFilling = GapFilling(longest: 0), identityAt identity: (TrackID, Timestamp) -> Int?
  ) -> [MOTEntry] {
    var entries: [MOTEntry] = []
    for (id, list) in observations {
      for observation in list {
        guard let identity = identity(id, observation.time) else { continue }
        entries.append(
          MOTEntry(
            frame: observation.frame, id: identity, box: observation.track.box,
            score: observation.track.score))
      }
    }
    let times = Dictionary(frames.map { ($0.number, $0.time) }, uniquingKeysWith: { first, _ in first })
    return entries.fillingGaps(filling, cuts: frames.filter(\.isCut).map(\.number)) { times[$0] }
  }
}
