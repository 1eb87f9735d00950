import Association
import Foundation
import Gallery
import Media
import Store
import Synchronization
import ThroughlineCore

/// Hears the results of all lanes on one thread, decides who is who, writes events, and hands the frames on to the
/// outputs.
///
/// Live results are heard as they come. Offline ones are heard in the order of their capture times, so that two runs
/// over the same files give the same result.
final class Coordinator: Sendable {
  /// What a lane says.
  enum Message: Sendable {
    case result(LaneResult)
    case state(CameraName, SourceStatus)
    case condition(CameraName, MotionGate.Condition)
    /// The same of the main stream of a camera whose persons are found in its sub-stream.
    case mainState(CameraName, SourceStatus)
    case ended(CameraName)
    /// Something that is done on the coordinator's thread between two frames.
    case request(@Sendable (inout CoordinatorWork) -> Void)
  }

  /// What the coordinator has done, and who was seen; complete when it has finished.
  struct Outcome: Sendable {
    var sightings: [Sighting] = []
    var identitiesByCamera: [CameraName: Set<IdentityID>] = [:]
    var names: [IdentityID: String] = [:]
    var sightingCounts: [CameraName: Int] = [:]
    var embeddings = 0
    var ways: [CameraRelation] = []
    var begin: Timestamp?
    var end: Timestamp?
    var failure: String?
  }

  private let inbox: BoundedQueue<Message>
  private let cameras: [CameraName]
  let isOrdered: Bool
  private let events: EventLog?
  private let writesFrames: Bool
  private let gallery: GalleryKeeper?
  private let retention: RetentionPolicy
  private let deliver: @Sendable (IdentifiedFrame) -> Void
  private let finished: @Sendable (Outcome) -> Void
  private let initial: Mutex<Associator>
  private let start: Timestamp

  /// - Parameters:
  ///   - cameras: all cameras of the run.
  ///   - isOrdered: whether results are put into the order of their capture times.
  ///   - associator: who was known before.
  ///   - events: where events go.
  ///   - writesFrames: whether every frame is an event.
  ///   - start: the moment at which the run begins.
  ///   - gallery: keeps what becomes known, where it is to be kept.
  ///   - retention: how long somebody is remembered.
  ///   - deliver: called on the coordinator's thread with every frame; may block offline.
  ///   - finished: called once on the coordinator's thread after the last camera has ended.
  init(
    cameras: [CameraName], isOrdered: Bool, associator: Associator, events: EventLog?, writesFrames: Bool,
    start: Timestamp, gallery: GalleryKeeper?, retention: RetentionPolicy = RetentionPolicy(),
    deliver: @escaping @Sendable (IdentifiedFrame) -> Void,
    finished: @escaping @Sendable (Outcome) -> Void
  ) {
    self.cameras = cameras
    self.isOrdered = isOrdered
    self.events = events
    self.writesFrames = writesFrames
    self.gallery = gallery
    self.retention = retention
    self.start = start
    self.deliver = deliver
    self.finished = finished
    initial = Mutex(associator)
    // Room for a few frames of every camera: the lanes, not this queue, are where a live camera drops frames.
    inbox = BoundedQueue(capacity: max(16, cameras.count * 4), policy: .block)
  }

  /// Takes a lane's message; blocks while the inbox is full.
  ///
  /// - Returns: whether it was taken; not after the end.
  @discardableResult
  func take(_ message: Message) -> Bool { inbox.push(message) }

  func begin() {
    DedicatedThread.start("coordinator", stackSize: 8 << 20) { [self] in run() }
  }

  private func run() {
    var work = CoordinatorWork(
      associator: initial.withLock { $0 }, isWholeRecording: isOrdered, writesFrames: writesFrames,
      events: events, gallery: gallery, retention: retention, start: start)
    work.begin()
    var order = TimeOrder<LaneResult>(cameras: cameras)
    var open = Set(cameras)
    while !open.isEmpty, let message = inbox.pop() {
      switch message {
      case .state(let camera, let state): work.note(state, of: camera)
      case .condition(let camera, let condition): work.note(condition, of: camera)
      case .mainState(let camera, let state): work.note(state, of: camera, stream: "main")
      case .ended(let camera):
        open.remove(camera)
        order.end(camera)
      case .result(let result) where isOrdered:
        order.insert(result, camera: result.frame.camera, time: result.frame.captureTime)
      case .result(let result):
        deliver(work.identify(result))
      case .request(let body): body(&work)
      }
      while let result = order.next() { deliver(work.identify(result)) }
      review(&work)
    }
    // Whoever asked something in the last moment gets an answer.
    inbox.close()
    while let message = inbox.pop() { if case .request(let body) = message { body(&work) } }
    finished(work.finish())
  }

  /// Has a review solved that is due, on a thread of its own: frames go on being decided meanwhile. There is one at a time.
  private func review(_ work: inout CoordinatorWork) {
    guard let review = work.takeReview() else { return }
    DedicatedThread.start("review", stackSize: 8 << 20) { [self] in
      let solution = review.solve()
      // Refused after the end, when the last review has been made anyway.
      take(.request { work in work.adopt(solution) })
    }
  }
}
