import ThroughlineCore

/// What is done to the faces in every picture that leaves the process: `privacy.faces`.
public enum FaceCovering: Hashable, Sendable {
  /// A few averages of the region, blended smoothly.
  case blur
  /// A few averages of the region as flat tiles.
  case pixelate
  /// One grey.
  case solid
  /// The whole person blurred, not only the head.
  case wholeBody
  /// Nothing is covered. That takes a written reason, which is logged and shown in the picture.
  case off(reason: String)

  /// The names that a configuration may use.
  public static let names = ["blur", "pixelate", "solid", "whole-body", "off"]

  /// The covering of a configured name.
  ///
  /// - Parameters:
  ///   - name: one of ``names``.
  ///   - reason: why faces stay open; only used for `off`, and needed there.
  /// - Throws: ``PrivacyError`` for another name, or for `off` without a reason.
  public init(name: String, reason: String? = nil) throws(PrivacyError) {
    switch name {
    case "blur": self = .blur
    case "pixelate": self = .pixelate
    case "solid": self = .solid
    case "whole-body": self = .wholeBody
    case "off":
      self = .off(reason: reason ?? "")
      try validate()
    default: throw .unknownCovering(name)
    }
  }

  /// The name in a configuration.
  public var name: String {
    switch self {
    case .blur: "blur"
    case .pixelate: "pixelate"
    case .solid: "solid"
    case .wholeBody: "whole-body"
    case .off: "off"
    }
  }

  func validate() throws(PrivacyError) {
    if case .off(let reason) = self, reason.allSatisfy({ $0.isWhitespace }) {
      throw .missingReason("privacy.faces: off")
    }
  }
}

/// How a camera's pictures are anonymised.
public struct PrivacySettings: Hashable, Sendable {
  /// What is done to faces.
  public let faces: FaceCovering
  /// How far a covered region reaches beyond the face on every side, as a share of the face's width and height.
  public let margin: Double
  /// For how many seconds a region stays covered after the last detection that supported it.
  public let hold: Double
  /// From which score on a detected person without a track has the head region covered. Tracked persons and faces
  /// are covered whatever their score.
  public let personScore: Double

  /// From which score on the face detector is to report a face; everything that it reports is covered.
  public let faceScore: Double
  /// Within how many seconds of motion every part of the picture is looked at closely for small faces; 0 for never.
  public let crowdInterval: Double

  /// Settings by their parts.
  ///
  /// - Parameters:
  ///   - faces: what is done to faces.
  ///   - margin: 0.1 to 2.
  ///   - hold: 0.1 to 10 seconds.
  ///   - personScore: 0 to 0.5.
  ///   - faceScore: 0.05 to 0.3.
  ///   - crowdInterval: 0 to 60 seconds.
  /// - Throws: ``PrivacyError`` for values out of range, or `off` without a reason.
  public init(
    faces: FaceCovering = .blur, margin: Double = 0.3, hold: Double = 0.5, personScore: Double = 0.3,
    faceScore: Double = 0.15, crowdInterval: Double = 3
  ) throws(PrivacyError) {
    try faces.validate()
    guard (0.1...2).contains(margin) else {
      throw .outOfRange(setting: "privacy.margin", value: margin, range: "0.1 to 2")
    }
    guard (0.1...10).contains(hold) else {
      throw .outOfRange(setting: "privacy.hold", value: hold, range: "0.1 to 10 seconds")
    }
    self.faces = faces
    self.margin = margin
    guard (0...0.5).contains(personScore) else {
      throw .outOfRange(setting: "privacy.person-score", value: personScore, range: "0 to 0.5")
    }
    self.hold = hold
    self.personScore = personScore
    guard (0.05...0.3).contains(faceScore) else {
      throw .outOfRange(setting: "privacy.face-score", value: faceScore, range: "0.05 to 0.3")
    }
    self.faceScore = faceScore
    guard (0...60).contains(crowdInterval) else {
      throw .outOfRange(setting: "privacy.crowd-look", value: crowdInterval, range: "0 to 60 seconds")
    }
    self.crowdInterval = crowdInterval
  }

  private init() {
    faces = .blur
    margin = 0.3
    hold = 0.5
    personScore = 0.3
    faceScore = 0.15
    crowdInterval = 3
  }

  /// Blurred faces, a margin of 0.3, held for half a second.
  public static let standard = PrivacySettings()
}

/// A wish to see some tracks open while everybody else is covered, as a subject-access request needs it.
public struct ShowOnly: Hashable, Sendable {
  /// The tracks of the person who may be seen.
  public let tracks: Set<TrackID>
  /// Why, for the log and the mark in the picture.
  public let reason: String

  /// A wish by its parts.
  ///
  /// - Throws: ``PrivacyError/missingReason(_:)`` where the reason is blank.
  public init(tracks: Set<TrackID>, reason: String) throws(PrivacyError) {
    guard !reason.allSatisfy({ $0.isWhitespace }) else { throw .missingReason("privacy.show-only") }
    self.tracks = tracks
    self.reason = reason
  }
}

/// Why settings of privacy are refused.
public enum PrivacyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Faces are to be shown and nobody has written why.
  case missingReason(String)
  /// A number out of range.
  case outOfRange(setting: String, value: Double, range: String)
  /// No covering has that name.
  case unknownCovering(String)

  /// One line that names the setting and the mend.
  public var description: String {
    switch self {
    case .missingReason(let setting):
      "\(setting) shows faces and needs a written reason; give one, or choose blur, pixelate, solid or whole-body"
    case .outOfRange(let setting, let value, let range): "\(setting) is \(value); it must be \(range)"
    case .unknownCovering(let name):
      "privacy.faces is '\(name)'; it must be one of \(FaceCovering.names.joined(separator: ", "))"
    }
  }
}
