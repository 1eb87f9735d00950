import Association
import Gallery
import ThroughlineCore

extension EventRecord {
  /// An association's event as a line of the log.
  init(_ event: AssociationEvent, at now: Timestamp) {
    switch event {
    case .identityCreated(let identity, let track, let time, let explanation):
      self.init(.identityCreated, at: time, camera: track.camera)
      self.identity = identity
      self.track = track.number
      reason = explanation
    case .identityAssigned(let identity, let track, let time, let confidence, let explanation):
      self.init(.identityAssigned, at: time, camera: track.camera)
      self.identity = identity
      self.track = track.number
      self.confidence = Self.rounded(confidence)
      reason = explanation
    case .identityReassigned(let track, let from, let to, let time, let confidence, let explanation):
      self.init(.identityReassigned, at: time, camera: track.camera)
      identity = to
      self.from = from
      self.track = track.number
      self.confidence = Self.rounded(confidence)
      reason = explanation
    case .identityMerged(let record):
      self.init(.identityMerged, at: now)
      identity = record.survivor.id
      from = record.absorbed.id
      confidence = Self.rounded(record.confidence)
      reason = record.explanation
    case .identitySplit(let record):
      self.init(.identitySplit, at: now)
      identity = record.created.id
      from = record.original.id
      confidence = Self.rounded(record.confidence)
      reason = record.explanation
    case .correctionUndone(let correction):
      self.init(.identityRestored, at: now)
      identity = correction.identities.0
      from = correction.identities.1
    case .identityForgotten(let identity, let why):
      self.init(.identityForgotten, at: now)
      self.identity = identity
      reason = why.rawValue
    case .sightingBegan(_, let sighting):
      self.init(.sightingBegan, at: sighting.begin, camera: sighting.camera)
      identity = sighting.identity
      track = sighting.track.number
    case .sightingEnded(_, let sighting):
      self.init(.sightingEnded, at: sighting.end, camera: sighting.camera)
      identity = sighting.identity
      track = sighting.track.number
      began = Self.text(of: sighting.begin)
      duration = Self.rounded(sighting.duration)
    case .timeJumpedBack(let camera, let from, let to):
      self.init(.cameraState, at: to, camera: camera)
      state = "live"
      reason = "its time jumped back by \(Self.rounded(from.seconds(since: to))) s; its tracks were ended"
    case .frameIgnored(let camera, let time):
      self.init(.cameraState, at: time, camera: camera)
      state = "live"
      reason = "a frame that came out of order was left out"
    }
  }

  /// Three digits after the point say all that such numbers know.
  static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
