import Association
import Foundation
import Gallery
import Logging
import Store
import Synchronization
import ThroughlineCore

/// What a run does for its gallery besides the identities themselves: events, counts, pictures, the index of
/// recordings, and the end of their time.
///
/// Nothing here waits for the disk on a camera's or the coordinator's thread: the store takes things into memory, and
/// the sweep has a thread of its own.
final class GalleryKeeper: Sendable {
  /// Seconds between two sweeps.
  static let sweepInterval = 60.0

  let store: GalleryStore
  let crops: GalleryCrops
  let retention: RetentionPolicy
  private let logger: Logger
  private let wake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private let request = Mutex<(now: Timestamp?, isClosed: Bool)>((nil, false))
  private let recordings = Mutex<[StoredRecording]>([])

  init(store: GalleryStore, retention: RetentionPolicy, logger: Logger) {
    self.store = store
    self.retention = retention
    self.logger = logger
    crops = GalleryCrops(store: store)
    let thread = Thread { [self] in work() }
    thread.name = "gallery sweep"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Keeps what an association's event says.
  func note(_ event: AssociationEvent, at time: Timestamp) {
    switch event {
    case .sightingBegan(let id, let sighting):
      crops.note(id, of: sighting.track, at: sighting.begin)
      store.count("\(sighting.camera).sightings", at: sighting.begin)
    case .identityCreated(_, let track, let moment, _): store.count("\(track.camera).new", at: moment)
    // The receipt and the audit log tell of it; an event would outlive the person.
    case .identityForgotten(_, .requested): return
    default: break
    }
    store.keep(StoredEvent(event, at: time))
  }

  /// Asks for a sweep of all that is older than its retention time; returns at once.
  func sweep(now: Timestamp) {
    request.withLock { $0.now = now }
    wake.signal()
  }

  /// Notes the files that a run begins to record, so that they are deleted in time even where the run is killed. Until
  /// the run ends, nobody is known to be in them; each sweep notes that they are still being written.
  func begin(recordings files: [(path: String, camera: CameraName)]) {
    let now = StoreOptions.wallClock()
    let entries = files.map { path, camera in
      StoredRecording(
        path: URL(filePath: path).standardizedFileURL.path, camera: camera, begin: now, end: now,
        identities: [])
    }
    recordings.withLock { $0 = entries }
    for entry in entries { store.keep(entry) }
  }

  private func extendRecordings() {
    let now = StoreOptions.wallClock()
    let entries = recordings.withLock { entries in
      for index in entries.indices { entries[index].end = now }
      return entries
    }
    for entry in entries { store.keep(entry) }
  }

  /// Notes the files that a run has recorded, so that they can be found, forgotten and deleted in time.
  func note(recordings: [(path: String, camera: CameraName)], outcome: Coordinator.Outcome) {
    self.recordings.withLock { $0 = [] }
    guard let begin = outcome.begin, let end = outcome.end else { return }
    // The later of the footage's time and the time of writing: footage that was read slower than it was taken must not
    // seem older than its file is.
    let written = max(end, StoreOptions.wallClock())
    let everybody = outcome.identitiesByCamera.values.reduce(into: Set<IdentityID>()) { $0.formUnion($1) }
    for (path, camera) in recordings where FileManager.default.fileExists(atPath: path) {
      store.keep(
        StoredRecording(
          path: URL(filePath: path).standardizedFileURL.path, camera: camera, begin: begin, end: written,
          identities: (outcome.identitiesByCamera[camera] ?? everybody).sorted()))
    }
  }

  /// Ends the sweeps, waits for one that goes on, writes what waits and lets the file go.
  ///
  /// - Parameter isWritten: becomes whether the file has everything.
  /// - Returns: what went wrong, one line each.
  func close(isWritten: inout Bool) -> [String] {
    request.withLock { $0.isClosed = true }
    wake.signal()
    ended.wait()
    let dropped = store.status.dropped
    var problems =
      dropped == 0 ? [] : ["the gallery: \(dropped) pictures and events were given up for want of room"]
    let waiting = store.status.pending
    do {
      try store.close()
      isWritten = true
    } catch {
      isWritten = false
      problems.append("the gallery lacks what this run learned at its end (\(waiting) records): \(error)")
    }
    return problems
  }

  private func work() {
    while true {
      wake.wait()
      let (now, isClosed) = request.withLock { request in
        defer { request.now = nil }
        return (request.now, request.isClosed)
      }
      if isClosed { break }
      guard let now else { continue }
      extendRecordings()
      do {
        let report = try store.sweep(policy: retention, now: now)
        for path in ExpiredRecordings.remove(report.recordings) {
          logger.info("\(path): its time is over; it was deleted")
        }
      } catch {
        logger.warning("the gallery could not be swept and is tried again: \(error)")
      }
    }
    ended.signal()
  }
}
