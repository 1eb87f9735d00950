import Association
import Gallery
import Media
import Store
import ThroughlineCore

/// The coordinator's state; belongs to its thread.
struct CoordinatorWork {
  private var associator: Associator
  private let isWholeRecording: Bool
  private let writesFrames: Bool
  private let events: EventLog?
  private let keeper: GalleryKeeper?
  private let retention: RetentionPolicy
  private var lastSweep: Timestamp?
  private var outcome = Coordinator.Outcome()
  private var sightings: Set<SightingID> = []
  private var latest: Timestamp?
  private let start: Timestamp
  private var isReviewing = false

  /// How many sightings are remembered for the report; later ones are only counted.
  static let remembered = 200_000

  /// - Parameters:
  ///   - isWholeRecording: whether everybody is decided once more when the recording has been read as a whole.
  ///   - retention: how long somebody is remembered, also where nothing is kept in a file.
  ///   - start: the moment at which the run begins, for what happens before the first frame.
  init(
    associator: Associator, isWholeRecording: Bool, writesFrames: Bool, events: EventLog?,
    gallery: GalleryKeeper?, retention: RetentionPolicy, start: Timestamp
  ) {
    self.isWholeRecording = isWholeRecording
    self.start = start
    self.associator = associator
    self.writesFrames = writesFrames
    self.events = events
    keeper = gallery
    self.retention = retention
  }

  /// Says that the run begins.
  func begin() { events?.write(EventRecord(.runBegan, at: start)) }

  /// Says what became of a camera, or of its main stream.
  mutating func note(_ state: SourceStatus, of camera: CameraName, stream: String? = nil) {
    var record = EventRecord(.cameraState, at: latest ?? start, camera: camera)
    record.state = state.phase.rawValue
    record.stream = stream
    record.reason = state.problem?.message
    events?.write(record)
  }

  /// Says that a camera's picture is frozen or black, or good again.
  mutating func note(_ condition: MotionGate.Condition, of camera: CameraName) {
    var record = EventRecord(.cameraState, at: latest ?? start, camera: camera)
    record.state = SourceStatus.Phase.live.rawValue
    switch condition {
    case .good: record.reason = "the picture is good again"
    case .frozen: record.reason = "the picture is frozen: it has not changed by a bit for too long"
    case .black: record.reason = "the picture is black"
    }
    events?.write(record)
  }

  /// The gallery as it is now.
  var gallery: Gallery { associator.gallery }

  /// Lets a person correct the gallery.
  mutating func correct<Value>(
    _ body: (inout Gallery) throws(GalleryError) -> Value
  ) throws(GalleryError) -> Value {
    defer { hand() }
    return try associator.correct(body)
  }

  /// Hands what has changed to the store.
  mutating func hand() {
    let changes = associator.drainChanges()
    if !changes.isEmpty { keeper?.store.append(changes) }
  }

  /// Forgets a person whom the store has forgotten; a track that is alive is somebody new from now on.
  mutating func forget(_ id: IdentityID) {
    // Where nobody of that number is known any more, there is nothing left to do.
    try? associator.forget(id)
    hand()
  }

  /// Tells of what a person has done.
  mutating func note(_ event: AssociationEvent, at time: Timestamp) {
    events?.write(EventRecord(event, at: time))
    keeper?.note(event, at: time)
  }

  /// Decides who is who in one frame.
  mutating func identify(_ result: LaneResult) -> IdentifiedFrame {
    let time = result.frame.captureTime
    if outcome.begin == nil { outcome.begin = time }
    outcome.end = max(outcome.end ?? time, time)
    latest = time
    outcome.embeddings += result.looks.count
    var assignments: [TrackID: IdentityAssignment] = [:]
    do {
      let update = try associator.update(
        camera: result.frame.camera, at: time, tracks: result.tracks, looks: result.looks,
        picture: result.frame.picture.size)
      assignments = update.assignments
      take(update, at: time)
      sweep(at: time)
    } catch {
      outcome.failure = outcome.failure ?? "\(error)"
    }
    if writesFrames, let events { events.write(frameRecord(result, assignments: assignments)) }
    return IdentifiedFrame(result: result, assignments: assignments)
  }

  /// The review that is due; `nil` while another one is being solved.
  mutating func takeReview() -> AssociationReview? {
    guard !isReviewing, let review = associator.takeReview() else { return nil }
    isReviewing = true
    return review
  }

  /// Takes over what a review found out.
  mutating func adopt(_ solution: AssociationReview.Solution) {
    isReviewing = false
    take(associator.adopt(solution), at: latest ?? start)
  }

  /// Closes everything and says who was seen.
  mutating func finish() -> Coordinator.Outcome {
    let end = latest ?? start
    take(isWholeRecording ? associator.finishRecording(at: end) : associator.finish(at: end), at: end)
    outcome.ways = associator.cameraRelations()
    for record in associator.gallery.contents.identities.values {
      for kept in record.sightings where sightings.contains(kept.id) {
        outcome.sightings.append(kept.sighting)
        outcome.identitiesByCamera[kept.sighting.camera, default: []].insert(record.id)
        outcome.names[record.id] = record.identity.name
      }
    }
    return outcome
  }

  /// Lets go what is older than its retention time, now and then. A recording without a gallery is remembered as a whole
  /// until its end, which is what it is read for.
  private mutating func sweep(at time: Timestamp) {
    guard keeper != nil || !isWholeRecording,
      lastSweep.map({ abs(time.seconds(since: $0)) >= GalleryKeeper.sweepInterval }) ?? true
    else { return }
    lastSweep = time
    associator.sweep(now: time, policy: retention)
    keeper?.sweep(now: time)
  }

  private mutating func take(_ update: AssociationUpdate, at time: Timestamp) {
    // Before the events: a picture is kept only where the gallery knows its sighting.
    if !update.changes.isEmpty { keeper?.store.append(update.changes) }
    for event in update.events {
      events?.write(EventRecord(event, at: time))
      keeper?.note(event, at: time)
      switch event {
      case .sightingBegan(let id, let sighting):
        outcome.sightingCounts[sighting.camera, default: 0] += 1
        if sightings.count < Self.remembered { sightings.insert(id) }
      default: break
      }
    }
  }

  private func frameRecord(
    _ result: LaneResult, assignments: [TrackID: IdentityAssignment]
  ) -> EventRecord {
    var record = EventRecord(.frame, at: result.frame.captureTime, camera: result.frame.camera)
    record.frame = result.frame.number
    let shown = result.tracks.filter { $0.state == .tracked || $0.state == .tentative && $0.isObserved }
    record.persons = shown.map { track in
      let assignment = assignments[track.id]
      return EventRecord.Person(
        track: track.id.number, identity: assignment?.identity, box: .init(track.box),
        score: EventRecord.rounded(track.score),
        confidence: assignment?.identity == nil ? nil : assignment.map { EventRecord.rounded($0.confidence) },
        observed: track.isObserved,
        face: track.face.map { .init(box: .init($0.box), score: EventRecord.rounded($0.score)) })
    }
    let bound = Set(shown.compactMap { $0.face?.box })
    let free = result.faces.filter { !bound.contains($0.box) }
    if !free.isEmpty {
      record.faces = free.map { .init(box: .init($0.box), score: EventRecord.rounded($0.score)) }
    }
    record.reason = result.failure
    return record
  }
}
