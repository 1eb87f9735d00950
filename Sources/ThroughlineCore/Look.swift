/// One look at a tracked person: the embedding of one crop, with its time and quality.
public struct Look: Sendable, Hashable {
  /// The vector.
  public var embedding: Embedding
  /// When the crop was taken.
  public var time: Timestamp
  /// The crop's quality, 0...1.
  public var quality: Double
  /// The person's box in the frame that the crop was cut from, in pixels.
  public var box: BoundingBox

  /// A look by its parts.
  public init(embedding: Embedding, time: Timestamp, quality: Double, box: BoundingBox) {
    self.embedding = embedding
    self.time = time
    self.quality = quality
    self.box = box
  }
}
