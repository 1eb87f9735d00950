import Privacy
import ThroughlineCore

/// Something that takes frames out of the process. It can only be given what the anonymiser made.
protocol FrameSink: Sendable {
  /// Takes a frame; may block offline, drops live. Called from the output lane of the frame's camera.
  func take(_ frame: AnonymizedFrame, persons: [ShownPerson])
  /// Says that a camera will send no more.
  func end(_ camera: CameraName)
  /// Writes what is left and closes; what went wrong, one line each.
  func finish() -> [String]
}

/// A person in a frame as outputs see it.
struct ShownPerson: Sendable {
  var track: Track
  var identity: IdentityID?
  var confidence: Double
}
