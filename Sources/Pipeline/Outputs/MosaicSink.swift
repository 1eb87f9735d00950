import Foundation
import Imaging
import Media
import Privacy
import Synchronization
import ThroughlineCore

/// Puts all cameras side by side at a steady rate, on a thread of its own, for a recording and a window.
final class MosaicSink: FrameSink {
  /// Takes the mosaic's frames, on the mosaic's thread.
  struct Target: Sendable {
    var take: @Sendable (AnonymizedFrame) -> Void
    /// Writes what is left; what went wrong, one line each.
    var finish: @Sendable () -> [String]
    /// Whether so many frames wait that some will soon be missing.
    var isBehind: @Sendable () -> Bool = { false }
  }

  private enum Message: Sendable {
    case frame(AnonymizedFrame)
    case end(CameraName)
  }

  private static let name = CameraName(sanitizing: "mosaic")

  private let cameras: [CameraName]
  private let size: PictureSize
  private let interval: Double
  private let isOrdered: Bool
  private let targets: [Target]
  private let queue: BoundedQueue<Message>
  private let done = DispatchGroup()
  private let failure = Mutex<String?>(nil)

  init(cameras: [CameraName], size: PictureSize, frameRate: Double, isOffline: Bool, targets: [Target]) {
    self.cameras = cameras
    self.size = size
    interval = 1 / max(frameRate, 0.1)
    isOrdered = isOffline
    self.targets = targets
    queue = BoundedQueue(capacity: max(8, cameras.count * 3), policy: isOffline ? .block : .dropOldest)
    done.enter()
    DedicatedThread.start("mosaic", stackSize: 4 << 20) { [self] in
      run()
      done.leave()
    }
  }

  func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) { queue.push(.frame(frame)) }

  func end(_ camera: CameraName) { queue.push(.end(camera)) }

  var isBehind: Bool { targets.contains { $0.isBehind() } }

  func finish() -> [String] {
    queue.close()
    done.wait()
    return targets.flatMap { $0.finish() } + (failure.withLock { $0 }.map { ["the mosaic: \($0)"] } ?? [])
  }

  private func run() {
    var canvas = Canvas(cameras: cameras, mosaic: AnonymizedMosaic(size: size), interval: interval)
    var order = TimeOrder<AnonymizedFrame>(cameras: cameras)
    while let message = queue.pop() {
      switch message {
      case .frame(let frame) where isOrdered:
        order.insert(frame, camera: frame.camera, time: frame.captureTime)
      case .frame(let frame): show(frame, on: &canvas)
      case .end(let camera):
        order.end(camera)
        if !isOrdered { canvas.ended.insert(camera) }
      }
      while let frame = order.next() { show(frame, on: &canvas) }
    }
    emit(&canvas)
  }

  private func show(_ frame: AnonymizedFrame, on canvas: inout Canvas) {
    if canvas.isDue(before: frame.captureTime) { emit(&canvas) }
    canvas.tiles[frame.camera] = frame
    canvas.latest = max(canvas.latest ?? frame.captureTime, frame.captureTime)
  }

  private func emit(_ canvas: inout Canvas) {
    do {
      guard let frame = try canvas.compose(name: Self.name) else { return }
      for target in targets { target.take(frame) }
    } catch {
      failure.withLock { $0 = "\(error)" }
    }
  }

  /// What the mosaic shows now, and when it is due to be emitted.
  private struct Canvas {
    let cameras: [CameraName]
    let mosaic: AnonymizedMosaic
    let interval: Double
    var tiles: [CameraName: AnonymizedFrame] = [:]
    var ended: Set<CameraName> = []
    var latest: Timestamp?
    private var lastEmitted: Timestamp?
    private var number: UInt64 = 0

    init(cameras: [CameraName], mosaic: AnonymizedMosaic, interval: Double) {
      self.cameras = cameras
      self.mosaic = mosaic
      self.interval = interval
    }

    func isDue(before time: Timestamp) -> Bool {
      guard let latest, time > latest else { return false }
      guard let lastEmitted else { return true }
      return time.seconds(since: lastEmitted) >= interval * 0.999
    }

    mutating func compose(name: CameraName) throws -> AnonymizedFrame? {
      guard let latest, latest != lastEmitted else { return nil }
      number += 1
      lastEmitted = latest
      let shown = cameras.map { camera in
        AnonymizedMosaic.Tile(
          frame: tiles[camera], title: ended.contains(camera) ? "\(camera) (ended)" : camera.rawValue)
      }
      return try mosaic.compose(shown, name: name, number: number, captureTime: latest)
    }
  }
}
