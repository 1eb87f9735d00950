import ThroughlineCore

/// A prototype as the gallery keeps it: with its number and, where it came from the live stream, its track.
public struct GalleryPrototype: Sendable, Hashable {
  /// The number; stable until the prototype is removed.
  public var id: PrototypeID
  /// The embedding with camera, time and quality.
  public var prototype: Prototype
  /// The track whose crop it was; `nil` for an enrolled photo.
  public var track: TrackID?

  /// A kept prototype by its parts.
  public init(id: PrototypeID, prototype: Prototype, track: TrackID?) {
    self.id = id
    self.prototype = prototype
    self.track = track
  }
}

/// A sighting as the gallery keeps it: with its number, whether it goes on, and why it was decided so.
public struct GallerySighting: Sendable, Hashable {
  /// The number; stable until the sighting is removed.
  public var id: SightingID
  /// Who, where, from when until when. `sighting.identity` always is the identity that holds this record.
  public var sighting: Sighting
  /// Whether the track still lives.
  public var isOpen: Bool
  /// How sure the assignment is, 0...1.
  public var confidence: Double
  /// One line for a person to read: which looks, which cameras, how similar.
  public var explanation: String

  /// A kept sighting by its parts.
  public init(id: SightingID, sighting: Sighting, isOpen: Bool, confidence: Double, explanation: String) {
    self.id = id
    self.sighting = sighting
    self.isOpen = isOpen
    self.confidence = confidence
    self.explanation = explanation
  }
}

/// An identity with everything the gallery keeps for it.
public struct GalleryIdentity: Sendable, Hashable {
  /// Number, name, first and last time seen.
  public var identity: Identity
  /// Its prototypes, in order of their numbers.
  public var prototypes: [GalleryPrototype]
  /// Its sightings, in order of their numbers.
  public var sightings: [GallerySighting]

  /// An identity with its records.
  public init(identity: Identity, prototypes: [GalleryPrototype] = [], sightings: [GallerySighting] = []) {
    self.identity = identity
    self.prototypes = prototypes
    self.sightings = sightings
  }

  /// The number.
  public var id: IdentityID { identity.id }

  /// The sightings in order of time.
  public var journey: Journey { Journey(identity: id, sightings: sightings.map(\.sighting)) }
}
