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
  public static func text(of time: Timestamp) -> String { time.utcText }
}
