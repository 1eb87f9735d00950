/// The number of one identity. It is given out once and never silently given to another person.
public struct IdentityID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  /// Counted up from 1 within a gallery.
  public let rawValue: UInt64

  /// An identity's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number.
  public var description: String { String(rawValue) }

  /// Orders by number.
  public static func < (left: IdentityID, right: IdentityID) -> Bool { left.rawValue < right.rawValue }

  /// Decodes a plain number.
  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(UInt64.self)
  }

  /// Encodes a plain number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// One person across cameras and time: an anonymous number, with a name only where its owner gave one.
public struct Identity: Sendable, Hashable {
  /// The number.
  public var id: IdentityID
  /// The name, where naming is allowed and one was given.
  public var name: String?
  /// When the person was first seen.
  public var firstSeen: Timestamp
  /// When the person was last seen.
  public var lastSeen: Timestamp

  /// An identity by its parts.
  public init(id: IdentityID, name: String? = nil, firstSeen: Timestamp, lastSeen: Timestamp) {
    self.id = id
    self.name = name
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
  }
}

/// An embedding kept for an identity, with where, when and how good it was.
public struct Prototype: Sendable, Hashable {
  /// The vector.
  public var embedding: Embedding
  /// The camera whose crop it came from.
  public var camera: CameraName
  /// When the crop was taken.
  public var time: Timestamp
  /// The crop's quality, 0...1.
  public var quality: Double

  /// A prototype by its parts.
  public init(embedding: Embedding, camera: CameraName, time: Timestamp, quality: Double) {
    self.embedding = embedding
    self.camera = camera
    self.time = time
    self.quality = quality
  }
}

/// An identity in one camera from a time to a time.
public struct Sighting: Sendable, Hashable {
  /// Who.
  public var identity: IdentityID
  /// The track that made the sighting.
  public var track: TrackID
  /// From when.
  public var begin: Timestamp
  /// Until when; for a sighting that goes on, the latest moment known.
  public var end: Timestamp

  /// A sighting by its parts.
  public init(identity: IdentityID, track: TrackID, begin: Timestamp, end: Timestamp) {
    self.identity = identity
    self.track = track
    self.begin = begin
    self.end = end
  }

  /// Where.
  public var camera: CameraName { track.camera }
  /// How long, in seconds.
  public var duration: Double { end.seconds(since: begin) }
}

/// An identity's sightings in order of time.
public struct Journey: Sendable, Hashable {
  /// Who.
  public var identity: IdentityID
  /// The sightings, earliest beginning first.
  public var sightings: [Sighting]

  /// A journey from sightings in any order; those of other identities are left out.
  public init(identity: IdentityID, sightings: [Sighting]) {
    self.identity = identity
    self.sightings = sightings.filter { $0.identity == identity }.sorted {
      ($0.begin, $0.track) < ($1.begin, $1.track)
    }
  }
}
