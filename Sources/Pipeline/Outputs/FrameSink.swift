import Association
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
  /// Whether so many frames wait that some will soon be missing in what is written.
  var isBehind: Bool { get }
}

extension FrameSink {
  /// What is written at once is never behind.
  var isBehind: Bool { false }
}

/// A person in a frame as outputs see it.
struct ShownPerson: Sendable {
  var track: Track
  var identity: IdentityID?
  var confidence: Double
  /// Whether the identity is sure enough to show the person's face by it.
  var isSure = false

  /// Everybody in a frame.
  static func all(in frame: IdentifiedFrame) -> [ShownPerson] {
    frame.result.tracks.filter { $0.state != .ended }.map { track in
      let assignment = frame.assignments[track.id]
      return ShownPerson(
        track: track, identity: assignment?.identity, confidence: assignment?.confidence ?? 0,
        isSure: assignment?.isSure ?? false)
    }
  }

  /// What is drawn around the person.
  var annotation: Annotation? {
    switch track.state {
    case .ended, .lost: return nil
    case .tentative where !track.isObserved: return nil
    case .tentative, .tracked:
      return Annotation(
        box: track.box, label: identity.map { "\($0)" } ?? "?",
        color: identity.map { Int(truncatingIfNeeded: $0.rawValue) } ?? 0, isDashed: !track.isObserved)
    }
  }
}
