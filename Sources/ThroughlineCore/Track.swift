/// The name of one track: the camera and a number that is never used again in that camera while its gallery
/// lives.
public struct TrackID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  /// The camera that the track belongs to.
  public let camera: CameraName
  /// Counted up from 1 within the camera.
  public let number: UInt64

  /// A track's name by its parts.
  public init(camera: CameraName, number: UInt64) {
    self.camera = camera
    self.number = number
  }

  /// `entrance#17`.
  public var description: String { "\(camera)#\(number)" }

  /// Orders by camera, then by number.
  public static func < (left: TrackID, right: TrackID) -> Bool {
    left.camera == right.camera ? left.number < right.number : left.camera < right.camera
  }
}

/// Where a track stands in its life.
public enum TrackState: String, Sendable, Codable {
  /// Seen, but not long enough to be believed.
  case tentative
  /// Believed and seen lately.
  case tracked
  /// Believed, not seen lately; kept for a while so that it can be found again.
  case lost
  /// Over; the number will not be used again.
  case ended
}

/// One person's state within one camera at the time of one frame, as the tracker reports it.
public struct Track: Sendable, Hashable {
  /// The track's name.
  public var id: TrackID
  /// Where it stands in its life.
  public var state: TrackState
  /// The person's box in pixels of the source picture: seen in this frame or predicted for it.
  public var box: BoundingBox
  /// Whether a detection in this very frame supports the box. A box that was only predicted may be drawn and
  /// blurred, and is never cropped.
  public var isObserved: Bool
  /// The score of the latest supporting detection, 0...1.
  public var score: Double
  /// The person's face in this frame, where one was found and bound to this person.
  public var face: Detection?
  /// When the track was first seen.
  public var firstSeen: Timestamp
  /// When a detection last supported it.
  public var lastSeen: Timestamp

  /// A track's state by its parts.
  public init(
    id: TrackID, state: TrackState, box: BoundingBox, isObserved: Bool, score: Double, face: Detection? = nil,
    firstSeen: Timestamp, lastSeen: Timestamp
  ) {
    self.id = id
    self.state = state
    self.box = box
    self.isObserved = isObserved
    self.score = score
    self.face = face
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
  }
}
