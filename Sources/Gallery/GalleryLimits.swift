/// How large a gallery may become.
public struct GalleryLimits: Sendable, Hashable {
  /// The most identities. When it is reached, the unnamed identity that was not seen for longest is evicted
  /// (a named one only where all are named).
  public var maximumIdentities: Int
  /// The most prototypes per identity. When it is reached, one of the two most similar prototypes of the
  /// camera that has most of them goes: the one of lower quality.
  public var maximumPrototypesPerIdentity: Int
  /// The most sightings per identity. When it is reached, the one that ended first goes.
  public var maximumSightingsPerIdentity: Int
  /// Two prototypes of one camera that are at least this similar count as the same view; the better one stays.
  public var redundantSimilarity: Float
  /// An embedding that is less similar than this to every prototype of an identity that has at least
  /// ``outlierMinimumPrototypes`` is an outlier (a wrong crop, another person) and is not kept.
  public var outlierSimilarity: Float
  /// From how many prototypes on outliers are recognised.
  public var outlierMinimumPrototypes: Int

  /// Limits, with defaults for a building: 100,000 identities of up to 12 prototypes.
  public init(
    maximumIdentities: Int = 100_000, maximumPrototypesPerIdentity: Int = 12,
    maximumSightingsPerIdentity: Int = 512, redundantSimilarity: Float = 0.92,
    outlierSimilarity: Float = 0.15,
    outlierMinimumPrototypes: Int = 3
  ) {
    self.maximumIdentities = max(1, maximumIdentities)
    self.maximumPrototypesPerIdentity = max(1, maximumPrototypesPerIdentity)
    self.maximumSightingsPerIdentity = max(1, maximumSightingsPerIdentity)
    self.redundantSimilarity = redundantSimilarity
    self.outlierSimilarity = outlierSimilarity
    self.outlierMinimumPrototypes = outlierMinimumPrototypes
  }
}
