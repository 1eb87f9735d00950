/// Why a tracker refuses an update. Nothing has changed then.
public enum TrackerError: Error, Hashable, CustomStringConvertible {
  /// There is not one appearance (or `nil`) for every detection.
  case appearanceCount(detections: Int, appearances: Int)
  /// An appearance comes from another network than those before it.
  case appearanceDimension(expected: Int, found: Int)

  /// One line: the thing and the mend.
  public var description: String {
    switch self {
    case .appearanceCount(let detections, let appearances):
      "\(appearances) appearances for \(detections) detections; hand in one for each (nil where there is none), or none at all"
    case .appearanceDimension(let expected, let found):
      "an appearance of \(found) elements where the earlier ones have \(expected); embeddings of two networks cannot be compared, so cut the tracks first"
    }
  }
}
