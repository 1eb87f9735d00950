import Gallery
import ThroughlineCore

extension Associator {
  mutating func openSighting(of id: TrackID, identity: IdentityID, explanation: String) {
    guard let track = tracks[id] else { return }
    let opened = gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.openSighting(
        of: identity, track: track.reported, begin: track.firstSeen, end: track.lastSeen,
        confidence: track.confidence,
        explanation: explanation)
    }
    guard let opened else { return }
    tracks[id]?.sighting = opened
    tracks[id]?.sightingWritten = track.lastSeen
    events.append(
      .sightingBegan(
        opened,
        Sighting(identity: identity, track: track.reported, begin: track.firstSeen, end: track.lastSeen)))
  }

  mutating func extendSightings(camera: CameraName, time: Timestamp) {
    for id in cameras[camera]?.observed ?? [] {
      guard let track = tracks[id], let sighting = track.sighting, let identity = track.identity,
        track.sightingWritten.map({ time.seconds(since: $0) >= settings.sightingInterval }) ?? true
      else { continue }
      gallery.attempt { (gallery) throws(GalleryError) in
        try gallery.extendSighting(sighting, of: identity, to: time)
      }
      tracks[id]?.sightingWritten = time
    }
  }

  mutating func closeSighting(of id: TrackID) {
    guard let track = tracks[id], let sighting = track.sighting, let identity = track.identity else { return }
    gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.extendSighting(sighting, of: identity, to: track.lastSeen, closing: true)
    }
    events.append(
      .sightingEnded(
        sighting,
        Sighting(identity: identity, track: track.reported, begin: track.firstSeen, end: track.lastSeen)))
  }

  /// The end of a sighting as far as it is known: the gallery's record lags behind by up to a second.
  func currentEnd(of kept: GallerySighting) -> Timestamp {
    guard kept.isOpen else { return kept.sighting.end }
    return max(kept.sighting.end, tracks[kept.sighting.track]?.lastSeen ?? kept.sighting.end)
  }

  /// Who each track is from when until when, by all that the gallery knows. A track has several spans where the
  /// tracker changed over from one person to another in its midst.
  public func identitySpans() -> [TrackID: [IdentitySpan]] {
    var spans: [TrackID: [IdentitySpan]] = [:]
    for record in gallery.contents.identities.values {
      for kept in record.sightings {
        spans[kept.sighting.track, default: []].append(
          IdentitySpan(
            identity: record.id, begin: kept.sighting.begin, end: currentEnd(of: kept),
            confidence: kept.confidence))
      }
    }
    return spans.mapValues { $0.sorted { $0.begin < $1.begin } }
  }
}

/// Who a track is during a span of time.
public struct IdentitySpan: Sendable, Hashable {
  /// Who.
  public var identity: IdentityID
  /// From when.
  public var begin: Timestamp
  /// Until when.
  public var end: Timestamp
  /// How sure, 0...1.
  public var confidence: Double
}

extension Array where Element == IdentitySpan {
  /// Who it is at a moment: the span that covers it, or else the latest one before, or else the first.
  public func identity(at time: Timestamp) -> IdentityID? {
    (last { $0.begin <= time } ?? first)?.identity
  }
}
