import ThroughlineCore

/// What is known about the faces and persons of one frame.
///
/// There is no default: whoever sends a frame out has to say where its knowledge comes from.
public enum FaceEvidence: Sendable, Hashable {
  /// The detectors ran on this very frame and found this: faces, and persons whether or not a track has taken
  /// them up.
  case detected([Detection])
  /// The detectors were left out for this frame on purpose; tracks are predicted. Regions move with their persons.
  /// Where the frame waited for the next detection, what that one found may be handed in and is covered too.
  ///
  /// Longer than the hold time after the last detection, such frames are withheld.
  case bridged(ahead: [Detection])
  /// Nothing in the picture has moved since the last frame with evidence, so what was found there still holds.
  case unchanged
  /// Detection failed, or the model is not there: the whole picture is withheld.
  case unavailable(reason: String)
}
