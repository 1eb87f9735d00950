import Foundation
import Imaging
import Synchronization
import ThroughlineCore

/// One camera: reads a file, a camera on the network or one at this machine on a thread of its own and hands over its
/// frames. A camera that fails is connected again; nothing that happens here touches other sources.
public final class FrameSource: Sendable {
  private let core: SourceCore

  /// A source that is not started yet.
  ///
  /// - Parameters:
  ///   - camera: the name under which the frames go.
  ///   - address: where they come from.
  ///   - options: how they are read.
  ///   - onStatus: called on the source's thread whenever the status changes.
  ///   - consumer: called on the source's thread with every frame. With ``FrameSourceOptions/Pacing/offline`` it may
  ///     block, and the file waits; otherwise it must not.
  public init(
    camera: CameraName, address: SourceAddress, options: FrameSourceOptions = FrameSourceOptions(),
    onStatus: @escaping @Sendable (SourceStatus) -> Void = { _ in },
    consumer: @escaping @Sendable (VideoFrame) -> Void
  ) {
    core = SourceCore(
      camera: camera, address: address, options: options, onStatus: onStatus, consumer: consumer)
  }

  deinit { core.stop.set() }

  /// The name under which the frames go.
  public var camera: CameraName { core.camera }
  /// Where the frames come from.
  public var address: SourceAddress { core.address }
  /// How the source is.
  public var status: SourceStatus { core.state.withLock { $0.status } }
  /// What the source has done so far.
  public var statistics: SourceStatistics { core.state.withLock { $0.statistics } }

  /// Starts the source's thread; does nothing the second time.
  public func start() {
    guard core.markStarted() else { return }
    let core = core
    DedicatedThread.start("source \(core.camera)") { core.run() }
  }

  /// Ends the source. Waits until its thread is done, but no longer than a moment: where a camera or a consumer holds
  /// the thread up, it ends by itself later and hands over no further frame.
  public func stop() {
    core.stop.set()
    guard core.state.withLock({ $0.isStarted }), Thread.current.name != "source \(core.camera)" else {
      return
    }
    core.done.wait(seconds: 0.8)
  }

  /// Waits until the source has ended by itself or by ``stop()``.
  ///
  /// - Returns: whether it has.
  @discardableResult
  public func waitUntilEnded(atMost seconds: Double = .infinity) -> Bool { core.done.wait(seconds: seconds) }
}

/// What the source's thread works with.
final class SourceCore: Sendable {
  struct State {
    var isStarted = false
    var status = SourceStatus(.idle)
    var statistics = SourceStatistics()
  }

  let camera: CameraName
  let address: SourceAddress
  let options: FrameSourceOptions
  let onStatus: @Sendable (SourceStatus) -> Void
  let consumer: @Sendable (VideoFrame) -> Void
  let state = Mutex(State())
  let stop = StopSignal()
  let done = StopSignal()

  init(
    camera: CameraName, address: SourceAddress, options: FrameSourceOptions,
    onStatus: @escaping @Sendable (SourceStatus) -> Void, consumer: @escaping @Sendable (VideoFrame) -> Void
  ) {
    self.camera = camera
    self.address = address
    self.options = options
    self.onStatus = onStatus
    self.consumer = consumer
  }

  func markStarted() -> Bool {
    state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
  }

  func report(_ status: SourceStatus) {
    let isNew = state.withLock { state in
      defer { state.status = status }
      return state.status != status
    }
    if isNew { onStatus(status) }
  }

  func count(_ change: (inout SourceStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

  /// The thread's work.
  func run() {
    var run = SourceRun(core: self)
    run.work()
    done.set()
  }
}
