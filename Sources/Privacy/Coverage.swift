import ThroughlineCore

/// One region that was covered, and why.
public struct CoveredRegion: Hashable, Sendable {
  /// Why a region is covered.
  public enum Cause: String, Hashable, Sendable, Codable {
    /// A face that was found in this frame.
    case face
    /// A face that was found shortly before, moved with its person.
    case heldFace
    /// A person without a face found: the head region of the body.
    case head
    /// The whole of a person.
    case body
    /// Something that was covered shortly before and has not been seen since, at its old place.
    case place
    /// Many small faces near each other, or one that only a closer look has found.
    case crowd
  }

  /// Where, in pixels; it may reach over the picture's edge.
  public let box: BoundingBox
  /// Why.
  public let cause: Cause
  /// The person, where the region belongs to a track.
  public let track: TrackID?
  /// At most one average is left for every so many pixels; `nil` where the region's size says it.
  let grain: Double?

  init(box: BoundingBox, cause: Cause, track: TrackID? = nil, grain: Double? = nil) {
    self.box = box
    self.cause = cause
    self.track = track
    self.grain = grain
  }
}

/// In which way a picture is fit to leave the process.
public enum PrivacyStatus: Hashable, Sendable {
  /// Faces and heads are covered.
  case covered
  /// It was not known where the faces are, so that all of the picture is coarse tiles.
  case withheld(reason: String)
  /// Some or all faces are open by a written choice; the picture says so.
  case open(reason: String)
}
