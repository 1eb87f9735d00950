import Gallery
import Imaging
import Privacy
import Store
import Synchronization
import ThroughlineCore

/// Keeps the best pictures of persons in the gallery, faces covered.
///
/// It is a sink like all others, so that it can only get what the anonymiser made; a frame with open faces
/// (`privacy.faces: off`, `privacy.show-only`) or one that was withheld gives no picture. A track's first picture waits
/// until its sighting is decided; afterwards a picture is kept where it is clearly better than the last one or that is
/// old. Both the waiting pictures and those of one sighting are bounded.
final class GalleryCrops: FrameSink {
  /// The size of a picture at most, in pixels.
  static let size = PictureSize(width: 192, height: 384)
  /// The quality of the JPEG pictures, 1...100.
  static let quality = 85
  /// How many tracks are remembered at most.
  static let limit = 2000
  /// How many pictures of one sighting are kept at most.
  static let perSighting = 6
  /// A picture this much better than the last one is kept.
  private static let betterFactor = 1.25
  /// A picture is kept again after this time, in seconds.
  private static let refresh = 20.0

  private struct Candidate {
    var time: Timestamp
    var quality: Double
    var image: [UInt8]
  }

  private struct Memory {
    var sighting: SightingID?
    var best = 0.0
    var last: Timestamp
    var kept = 0
    var waiting: Candidate?
  }

  private struct State {
    var tracks: [TrackID: Memory] = [:]
    var failure: String?
  }

  private let store: GalleryStore
  private let state = Mutex(State())

  init(store: GalleryStore) { self.store = store }

  /// Says which sighting a track belongs to from now on.
  func note(_ sighting: SightingID, of track: TrackID, at time: Timestamp) {
    let waiting = state.withLock { state -> Candidate? in
      var memory = state.tracks[track] ?? Memory(last: time)
      defer { state.tracks[track] = memory }
      let waiting = memory.waiting
      memory.waiting = nil
      if memory.sighting != sighting { memory.kept = 0 }
      memory.sighting = sighting
      if waiting != nil { memory.kept += 1 }
      return waiting
    }
    if let waiting { keep(waiting, sighting: sighting, camera: track.camera) }
  }

  func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) {
    guard case .covered = frame.status else { return }
    for person in persons where person.track.isObserved && person.track.state == .tracked {
      let track = person.track
      let visible = track.box.clipped(to: frame.picture.size)
      guard visible.isValid else { continue }
      let overlap = persons.reduce(0.0) { sum, other in
        other.track.id == track.id ? sum : sum + track.box.coverage(by: other.track.box)
      }
      let share = visible.area / max(1, track.box.area)
      let quality =
        min(1, visible.area.squareRoot() / 200) * track.score * max(0.05, 1 - overlap) * share
      if isWorthKeeping(quality, of: track.id, at: frame.captureTime) {
        keep(track, quality: quality, in: frame)
      }
    }
  }

  private func isWorthKeeping(_ quality: Double, of track: TrackID, at time: Timestamp) -> Bool {
    state.withLock { state in
      guard let memory = state.tracks[track] else { return true }
      guard memory.kept < Self.perSighting else { return false }
      return quality > memory.best * Self.betterFactor
        || memory.sighting != nil && time.seconds(since: memory.last) >= Self.refresh
          && quality > memory.best / 2
    }
  }

  private func keep(_ track: Track, quality: Double, in frame: AnonymizedFrame) {
    let image: [UInt8]
    do {
      guard let crop = try frame.crop(track.box)?.scaled(toFit: Self.size) else { return }
      image = try crop.jpeg(quality: Self.quality)
    } catch {
      state.withLock { $0.failure = "\(error)" }
      return
    }
    let candidate = Candidate(time: frame.captureTime, quality: quality, image: image)
    let sighting = state.withLock { state -> SightingID? in
      var memory = state.tracks[track.id] ?? Memory(last: candidate.time)
      memory.best = max(memory.best, quality)
      memory.last = candidate.time
      if memory.sighting == nil { memory.waiting = candidate } else { memory.kept += 1 }
      state.tracks[track.id] = memory
      if state.tracks.count > Self.limit,
        let oldest = state.tracks.min(by: { $0.value.last < $1.value.last })?.key
      {
        state.tracks[oldest] = nil
      }
      return memory.sighting
    }
    if let sighting { keep(candidate, sighting: sighting, camera: track.id.camera) }
  }

  private func keep(_ candidate: Candidate, sighting: SightingID, camera: CameraName) {
    store.keep(
      StoredCrop(
        owner: .sighting(sighting), camera: camera, time: candidate.time, quality: candidate.quality,
        image: candidate.image))
  }

  func end(_ camera: CameraName) {}

  func finish() -> [String] {
    state.withLock { $0.failure.map { ["a picture for the gallery could not be made: \($0)"] } ?? [] }
  }
}
