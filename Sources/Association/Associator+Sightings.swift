import Gallery
import ThroughlineCore

extension Associator {
  mutating func openSighting(of id: TrackID, identity: IdentityID, explanation: String) {
    guard let track = tracks[id] else { return }
    let opened = gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.openSighting(
        of: identity, track: id, begin: track.firstSeen, end: track.lastSeen, confidence: track.confidence,
        explanation: explanation)
    }
    guard let opened else { return }
    tracks[id]?.sighting = opened
    tracks[id]?.sightingWritten = track.lastSeen
    events.append(
      .sightingBegan(
        opened, Sighting(identity: identity, track: id, begin: track.firstSeen, end: track.lastSeen)))
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
        sighting, Sighting(identity: identity, track: id, begin: track.firstSeen, end: track.lastSeen)))
  }

  /// The end of a sighting as far as it is known: the gallery's record lags behind by up to a second.
  func currentEnd(of sighting: Sighting) -> Timestamp {
    max(sighting.end, tracks[sighting.track]?.lastSeen ?? sighting.end)
  }
}
