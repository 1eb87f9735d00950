import Foundation
import ThroughlineCore

/// One line of the event log: schema version 1, described in `Documentation/events.md`.
///
/// Every event carries `version`, `event` and `time`; what else it carries depends on its kind. Fields that
/// do not apply are left out.
public struct EventRecord: Sendable, Codable, Hashable {
  /// The version of the schema that this program writes.
  public static let schemaVersion = 1

  /// What happened.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// The program began to read its cameras.
    case runBegan = "run.began"
    /// The program ended; nothing follows.
    case runEnded = "run.ended"
    /// A camera's state changed.
    case cameraState = "camera.state"
    /// One frame of one camera was analysed.
    case frame
    /// An identity came into a camera.
    case sightingBegan = "sighting.began"
    /// An identity left a camera.
    case sightingEnded = "sighting.ended"
    /// A person who was not known got a number.
    case identityCreated = "identity.created"
    /// A track got its identity.
    case identityAssigned = "identity.assigned"
    /// Later evidence: a track belongs to another known identity than was believed.
    case identityReassigned = "identity.reassigned"
    /// Two identities turned out to be one person.
    case identityMerged = "identity.merged"
    /// An identity turned out to be two persons.
    case identitySplit = "identity.split"
    /// A merge or a split was taken back.
    case identityRestored = "identity.restored"
    /// An identity is gone for good.
    case identityForgotten = "identity.forgotten"
  }

  /// A box in source pixels: left, top, width, height; written as a list of four numbers.
  public struct Box: Sendable, Codable, Hashable {
    /// The box.
    public var box: BoundingBox

    /// Wraps a box.
    public init(_ box: BoundingBox) { self.box = box }

    /// Reads a list of four numbers.
    public init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      box = BoundingBox(
        x: try list.decode(Double.self), y: try list.decode(Double.self), width: try list.decode(Double.self),
        height: try list.decode(Double.self))
    }

    /// Writes a list of four numbers, rounded to a tenth of a pixel.
    public func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      for value in [box.x, box.y, box.width, box.height] { try list.encode((value * 10).rounded() / 10) }
    }
  }

  /// A face in a frame.
  public struct Face: Sendable, Codable, Hashable {
    /// Where.
    public var box: Box
    /// The detector's score, 0...1.
    public var score: Double

    /// A face by its parts.
    public init(box: Box, score: Double) {
      self.box = box
      self.score = score
    }
  }

  /// A person in a frame.
  public struct Person: Sendable, Codable, Hashable {
    /// The track's number within the camera.
    public var track: UInt64
    /// The identity, once it is decided.
    public var identity: IdentityID?
    /// Where.
    public var box: Box
    /// The detector's score, 0...1.
    public var score: Double
    /// How sure the identity is, 0...1.
    public var confidence: Double?
    /// Whether the person was seen in this very frame; otherwise the box is a prediction.
    public var observed: Bool
    /// The person's face, where one was found.
    public var face: Face?

    /// A person by its parts.
    public init(
      track: UInt64, identity: IdentityID?, box: Box, score: Double, confidence: Double? = nil,
      observed: Bool,
      face: Face? = nil
    ) {
      self.track = track
      self.identity = identity
      self.box = box
      self.score = score
      self.confidence = confidence
      self.observed = observed
      self.face = face
    }
  }

  /// The schema's version.
  public var version = EventRecord.schemaVersion
  /// What happened.
  public var event: Kind
  /// When: the capture time of the frame that brought it about, RFC 3339 in UTC with milliseconds.
  public var time: String
  /// Where.
  public var camera: CameraName?
  /// The frame's number within its camera, from 1.
  public var frame: UInt64?
  /// The persons in the frame.
  public var persons: [Person]?
  /// Faces in the frame that belong to no person.
  public var faces: [Face]?
  /// The track concerned.
  public var track: UInt64?
  /// The identity concerned; after a merge the one that stays.
  public var identity: IdentityID?
  /// Of a merge: the number that is given up. Of a split: the number that the part left.
  public var from: IdentityID?
  /// How sure, 0...1.
  public var confidence: Double?
  /// Of a sighting that ended: when it began.
  public var began: String?
  /// Of a sighting that ended: how long it was, in seconds.
  public var duration: Double?
  /// Of a camera: its state.
  public var state: String?
  /// Of a camera's state: `main` where it is that of the main stream, and persons are found in a sub-stream.
  public var stream: String?
  /// Why, for a person to read.
  public var reason: String?

  /// An event without particulars.
  public init(_ event: Kind, at time: Timestamp, camera: CameraName? = nil) {
    self.event = event
    self.time = Self.text(of: time)
    self.camera = camera
  }

  /// A moment as the log writes it: `2026-03-01T12:00:00.250Z`.
  public static func text(of time: Timestamp) -> String {
    let milliseconds = Int64((Double(time.nanoseconds) / 1e6).rounded())
    let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    let (wholeSeconds, fraction) = rest < 0 ? (seconds - 1, rest + 1000) : (seconds, rest)
    let (day, second) = (
      Int64((Double(wholeSeconds) / 86400).rounded(.down)),
      (wholeSeconds % 86400 + 86400) % 86400
    )
    let (year, month, dayOfMonth) = date(daysSince1970: day)
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(dayOfMonth, 2) + "T"
      + digits(second / 3600, 2) + ":" + digits(second / 60 % 60, 2) + ":" + digits(second % 60, 2) + "."
      + digits(fraction, 3) + "Z"
  }

  /// The date in the Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013): with a calendar
  /// of the system, the time of an event takes longer than the rest of its line.
  private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // Years begin in March here, so that a leap day is a year's last one; 146,097 days are four centuries.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
  }
}
