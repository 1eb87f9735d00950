import ThroughlineCore

/// Why an update was refused. Nothing has changed whenever one of these is thrown.
public enum AssociationError: Error, Hashable, CustomStringConvertible {
  /// A look's embedding has another length than the network's.
  case wrongEmbedding(track: TrackID, expected: Int, found: Int)
  /// A track or a look is of another camera than the update.
  case foreignTrack(TrackID, camera: CameraName)
  /// The same track is reported twice in one update.
  case duplicateTrack(TrackID)
  /// A track's box is not a finite rectangle with two positive sides.
  case invalidBox(TrackID)
  /// More cameras than the settings allow.
  case tooManyCameras(limit: Int)
  /// The gallery refused the operation.
  case gallery(GalleryErrorDescription)

  /// One line that names the thing and the mend.
  public var description: String {
    switch self {
    case .wrongEmbedding(let track, let expected, let found):
      "the look of track \(track) has \(found) elements where \(expected) are needed; one gallery takes one network"
    case .foreignTrack(let track, let camera):
      "track \(track) was reported in an update of camera \(camera); hand each camera's tracks in by themselves"
    case .duplicateTrack(let track): "track \(track) was reported twice in one update"
    case .invalidBox(let track): "the box of track \(track) is not a finite rectangle"
    case .tooManyCameras(let limit): "more than \(limit) cameras; raise maximumCameras"
    case .gallery(let reason): reason.text
    }
  }
}

/// What the gallery said, kept as text so that the error stays a plain value.
public struct GalleryErrorDescription: Hashable, Sendable {
  /// One line.
  public let text: String
}
