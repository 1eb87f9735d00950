import ThroughlineCore

/// Who each track was at each moment, by all that was known at the end of a run.
///
/// A track is mostly one person; where the tracker changed over to another one, its sightings say when.
struct FinalIdentities {
  private var sightings: [TrackID: [Sighting]]

  init(_ sightings: [Sighting]) {
    self.sightings = Dictionary(grouping: sightings, by: \.track).mapValues {
      $0.sorted { $0.begin < $1.begin }
    }
  }

  /// The identity of a track at a moment: that of the sighting which covers it, or else of the nearest one.
  func identity(of track: TrackID, at time: Timestamp) -> IdentityID? {
    func distance(_ sighting: Sighting) -> Double {
      max(0, sighting.begin.seconds(since: time), time.seconds(since: sighting.end))
    }
    // Of two that cover the moment the later one has seen more.
    return sightings[track]?.reversed().min { distance($0) < distance($1) }?.identity
  }
}
