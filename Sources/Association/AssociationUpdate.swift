import Gallery
import ThroughlineCore

/// What is known about who a track is.
public struct IdentityAssignment: Sendable, Hashable {
  /// Who; `nil` while the evidence does not suffice.
  public var identity: IdentityID?
  /// The probability that it is this person, 0...1.
  public var confidence: Double
  /// Whether the confidence suffices to rely on it.
  public var isSure: Bool

  /// An assignment by its parts.
  public init(identity: IdentityID?, confidence: Double, isSure: Bool) {
    self.identity = identity
    self.confidence = confidence
    self.isSure = isSure
  }

  /// Not decided yet.
  public static let tentative = IdentityAssignment(identity: nil, confidence: 0, isSure: false)
}

/// Something that downstream may want to know or to apply.
public enum AssociationEvent: Sendable, Hashable {
  /// Nobody known resembles the track, so it got a new number.
  case identityCreated(IdentityID, track: TrackID, at: Timestamp, explanation: String)
  /// A track was recognised as a known identity.
  case identityAssigned(
    IdentityID, track: TrackID, at: Timestamp, confidence: Double, explanation: String)
  /// Later evidence: the track belongs to another known identity than was believed.
  case identityReassigned(
    track: TrackID, from: IdentityID, to: IdentityID, at: Timestamp, confidence: Double, explanation: String)
  /// Two identities are one person; the absorbed number means the survivor from now on.
  case identityMerged(MergeRecord)
  /// One identity was two persons; the listed sightings belong to the created one.
  case identitySplit(SplitRecord)
  /// A merge or a split was taken back.
  case correctionUndone(GalleryCorrection)
  /// An identity is gone for good.
  case identityForgotten(IdentityID, reason: ForgetReason)
  /// An identity appeared in a camera.
  case sightingBegan(SightingID, Sighting)
  /// An identity left a camera.
  case sightingEnded(SightingID, Sighting)
  /// A camera's time stamps jumped back, so that its live tracks were ended.
  case timeJumpedBack(CameraName, from: Timestamp, to: Timestamp)
  /// A frame that came out of order was left out.
  case frameIgnored(CameraName, at: Timestamp)
}

/// What one update brought.
public struct AssociationUpdate: Sendable {
  /// For every track that was handed in: who it is. No identity occurs twice.
  public var assignments: [TrackID: IdentityAssignment]
  /// What happened, in order.
  public var events: [AssociationEvent]
  /// What changed in the gallery, in order; for the store.
  public var changes: [GalleryChange]

  /// An update without anything.
  public init() {
    assignments = [:]
    events = []
    changes = []
  }
}
