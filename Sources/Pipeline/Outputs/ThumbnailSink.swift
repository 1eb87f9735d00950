import Privacy
import Synchronization
import ThroughlineCore

/// Keeps the best picture of each track, faces covered, for the report.
///
/// Identities may be corrected until the run ends, so pictures are kept by track and handed out by identity at the
/// end. Bounded: the tracks with the best pictures stay.
final class ThumbnailSink: FrameSink {
  private struct Best {
    var worth: Double
    var thumbnail: JourneyReport.Thumbnail
  }

  private struct State {
    var best: [TrackID: Best] = [:]
    var failure: String?
  }

  /// How many tracks have a picture at most.
  static let limit = 2000
  /// The size of a picture at most, in pixels.
  private static let size = PictureSize(width: 160, height: 320)

  private let state = Mutex(State())

  func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) {
    guard !frame.isWithheld else { return }
    for person in persons where person.track.isObserved && person.track.state == .tracked {
      let track = person.track
      let visible = track.box.clipped(to: frame.picture.size)
      let overlap = persons.reduce(0.0) { sum, other in
        other.track.id == track.id ? sum : sum + track.box.coverage(by: other.track.box)
      }
      let worth = visible.area.squareRoot() * track.score * max(0.05, 1 - overlap)
      let known = state.withLock { $0.best[track.id]?.worth } ?? 0
      guard visible.isValid, worth > known * 1.15 else { continue }
      keep(track, worth: worth, in: frame)
    }
  }

  private func keep(_ track: Track, worth: Double, in frame: AnonymizedFrame) {
    do {
      guard let crop = try frame.crop(track.box)?.scaled(toFit: Self.size) else { return }
      let thumbnail = JourneyReport.Thumbnail(
        camera: frame.camera, time: frame.captureTime, quality: track.score, jpeg: try crop.jpeg())
      state.withLock { state in
        state.best[track.id] = Best(worth: worth, thumbnail: thumbnail)
        if state.best.count > Self.limit, let worst = state.best.min(by: { $0.value.worth < $1.value.worth })
        {
          state.best[worst.key] = nil
        }
      }
    } catch {
      state.withLock { $0.failure = "\(error)" }
    }
  }

  func end(_ camera: CameraName) {}

  func finish() -> [String] {
    state.withLock { $0.failure.map { ["a thumbnail could not be made: \($0)"] } ?? [] }
  }

  /// The best pictures of an identity: one of each camera, best first, at most `limit`.
  func thumbnails(of tracks: Set<TrackID>, limit: Int = 8) -> [JourneyReport.Thumbnail] {
    let best = state.withLock { state in
      tracks.compactMap { state.best[$0] }.sorted {
        $0.worth != $1.worth ? $0.worth > $1.worth : $0.thumbnail.time < $1.thumbnail.time
      }
    }
    var seen: Set<CameraName> = []
    let firstOfEach = best.filter { seen.insert($0.thumbnail.camera).inserted }
    return firstOfEach.prefix(limit).map(\.thumbnail).sorted { ($0.camera, $0.time) < ($1.camera, $1.time) }
  }
}
