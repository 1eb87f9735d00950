import Association
import Detection
import Imaging
import Media
import Privacy
import ThroughlineCore

/// What a lane found out about one frame.
struct LaneResult: Sendable {
  /// The frame itself; its pixels stay in the decoder's memory.
  var frame: VideoFrame
  /// The tracks at the frame's time, predicted ones too.
  var tracks: [Track] = []
  /// Where the knowledge about faces and persons comes from.
  var evidence: FaceEvidence
  /// What is covered because of small faces that a closer look has found.
  var crowds: [CrowdRegion] = []
  /// New looks of this frame.
  var looks: [TrackID: Look] = [:]

  init(frame: VideoFrame, evidence: FaceEvidence) {
    self.frame = frame
    self.evidence = evidence
  }

  /// A frame of which nothing is known: it goes out covered as a whole.
  static func withheld(_ frame: VideoFrame, reason: String, tracks: [Track] = []) -> LaneResult {
    var result = LaneResult(frame: frame, evidence: .unavailable(reason: reason))
    result.tracks = tracks
    return result
  }

  /// Everything that the detectors found in this very frame, weak detections too.
  var detections: [Detection] { if case .detected(let detections) = evidence { detections } else { [] } }
  /// Whether the detectors ran on this frame.
  var isDetected: Bool { if case .detected = evidence { true } else { false } }
  /// What kept the detectors from running, if anything.
  var failure: String? { if case .unavailable(let reason) = evidence { reason } else { nil } }
  /// All faces found in the frame; those bound to a person are in ``tracks`` as well.
  var faces: [Detection] { detections.believed.filter { $0.category == .face } }
}

/// A frame whose persons have their identities, on its way to the outputs.
struct IdentifiedFrame: Sendable {
  /// What the lane found out.
  var result: LaneResult
  /// Who is who.
  var assignments: [TrackID: IdentityAssignment]
}

extension [Detection] {
  /// Without faces that are so weak that they are covered and nothing more.
  var believed: [Detection] { filter { !$0.isWeakFace } }

  /// Without weak faces that are large: a large face is well seen and scores high, a large weak one is furniture.
  func plausible(in size: PictureSize) -> [Detection] {
    filter { !$0.isWeakFace || $0.box.height <= 0.12 * Double(size.height) }
  }
}

extension Detection {
  /// Whether this is a face below the score from which one is believed; a score that is no number counts as sure.
  fileprivate var isWeakFace: Bool { category == .face && score < DetectorSettings.face.scoreFloor }
}
