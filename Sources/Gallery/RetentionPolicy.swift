import ThroughlineCore

/// The kinds of data that have a retention time of their own.
public enum RetentionClass: String, Sendable, Codable, CaseIterable {
  /// Pictures of persons, faces blurred.
  case crop
  /// Prototypes.
  case embedding
  /// Sightings: who was in which camera from when until when.
  case sighting
  /// Journeys that were put together and kept.
  case journey
  /// Entries of the event log.
  case event
  /// Recorded video, faces blurred.
  case recording
  /// Counts without identities.
  case aggregate
}

/// How long each kind of data is kept.
public struct RetentionPolicy: Sendable, Hashable {
  private var seconds: [RetentionClass: Double]

  /// Short defaults: crops and embeddings 24 hours, sightings, journeys and events 7 days, recordings 3 days,
  /// counts a year.
  public init() {
    let day = 86_400.0
    seconds = [
      .crop: day, .embedding: day, .sighting: 7 * day, .journey: 7 * day, .event: 7 * day,
      .recording: 3 * day,
      .aggregate: 365 * day,
    ]
  }

  /// The retention time of a kind in seconds; setting a negative or non-finite value means 0.
  public subscript(kind: RetentionClass) -> Double {
    get { seconds[kind] ?? 0 }
    set { seconds[kind] = newValue.isFinite ? max(0, newValue) : 0 }
  }

  /// The moment before which data of a kind is to go.
  public func cutoff(for kind: RetentionClass, now: Timestamp) -> Timestamp {
    now.advanced(bySeconds: -self[kind])
  }
}
