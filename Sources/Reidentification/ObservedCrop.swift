import ThroughlineCore

/// A detection with everything that the re-ID stage can say about it.
public struct ObservedCrop: Sendable {
  /// The detection in source pixels.
  public var detection: Detection
  /// The person's embedding; `nil` for faces and for boxes of a few pixels.
  public var embedding: Embedding?
  /// The crop's quality, 0...1; 0 where it is refused, `nil` without an embedding.
  public var quality: Double?
  /// The variance of the Laplacian on a 128x256 grey crop; `nil` without an embedding.
  public var sharpness: Double?

  /// A detection that was not looked at.
  public init(detection: Detection) { self.detection = detection }
}
