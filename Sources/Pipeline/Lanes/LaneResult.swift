import Association
import Media
import ThroughlineCore

/// What a lane found out about one frame.
struct LaneResult: Sendable {
  /// The frame itself; its pixels stay in the decoder's memory.
  var frame: VideoFrame
  /// The tracks at the frame's time, predicted ones too.
  var tracks: [Track]
  /// Everything that the detectors found in the frame, weak detections too.
  var detections: [Detection]
  /// New looks of this frame.
  var looks: [TrackID: Look]
  /// Whether the detector ran on this frame.
  var isDetected: Bool
  /// What kept the detector from running, if anything; the frame goes out covered as a whole.
  var failure: String?

  /// All faces found in the frame; those bound to a person are in ``tracks`` as well.
  var faces: [Detection] { detections.filter { $0.category == .face } }
}

/// A frame whose persons have their identities, on its way to the outputs.
struct IdentifiedFrame: Sendable {
  /// What the lane found out.
  var result: LaneResult
  /// Who is who.
  var assignments: [TrackID: IdentityAssignment]
}
