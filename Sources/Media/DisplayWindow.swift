import CGStreamer
import Foundation
import Imaging
import Privacy
import Synchronization
import ThroughlineCore

/// How a window ended.
public enum DisplayWindowEnd: Sendable, Hashable {
  /// ``DisplayWindow/close()`` was called.
  case closed
  /// Somebody closed the window.
  case closedByUser
  /// The window cannot go on.
  case failed(MediaOutputError)
}

/// Shows anonymised frames in a window, on a thread of its own. A frame that is not shown before the next one comes is
/// left out.
public final class DisplayWindow: Sendable {
  private let core: WindowCore

  /// Opens the window with the first frame.
  ///
  /// - Parameter onEnd: called once, on the window's thread, when the window has ended.
  /// - Throws: ``MediaOutputError`` where there is no display or GStreamer lacks a part.
  public init(
    onEnd: @escaping @Sendable (DisplayWindowEnd) -> Void = { _ in }
  ) throws(MediaOutputError) {
    try Self.checkDisplay()
    core = WindowCore(onEnd: onEnd)
    let core = core
    let thread = Thread { core.run() }
    thread.name = "window"
    thread.start()
  }

  deinit { core.queue.close(discarding: true) }

  /// Shows a frame; its size may change.
  ///
  /// - Returns: `false` where the window has ended.
  @discardableResult
  public func show(_ frame: AnonymizedFrame) -> Bool { show(frame.picture) }

  /// Shows a picture that the caller knows to be anonymous.
  @discardableResult
  func show(_ picture: Picture) -> Bool { core.queue.push(picture) }

  /// Closes the window.
  public func close() {
    core.queue.close(discarding: true)
    core.done.wait(seconds: 1)
  }

  private static func checkDisplay() throws(MediaOutputError) {
    let environment = ProcessInfo.processInfo.environment
    let names = ["DISPLAY", "WAYLAND_DISPLAY"]
    guard names.contains(where: { environment[$0]?.isEmpty == false }) else {
      throw MediaOutputError(
        .noDisplay, output: "the window",
        message: "there is no display (DISPLAY is not set); run it in a desktop session, or record instead")
    }
    for element in ["appsrc", "videoconvert", "ximagesink"] where !GStreamerLibrary.has(element) {
      throw .missing(MissingElement(name: element), output: "the window")
    }
  }
}

/// The thread and the pipeline of a window.
private final class WindowCore: Sendable {
  let queue = BoundedQueue<Picture>(capacity: 1, policy: .dropOldest)
  let done = StopSignal()
  private let onEnd: @Sendable (DisplayWindowEnd) -> Void

  init(onEnd: @escaping @Sendable (DisplayWindowEnd) -> Void) { self.onEnd = onEnd }

  func run() {
    let end = show()
    queue.close(discarding: true)
    done.set()
    onEnd(end)
  }

  private func show() -> DisplayWindowEnd {
    var window: Window?
    var shown: PictureSize?
    while true {
      // The window is looked after also while no frames come.
      guard let picture = queue.pop(waitingAtMost: 0.1) else {
        if queue.isClosed { return .closed }
        if let end = window?.end() { return end }
        continue
      }
      if picture.size != shown {
        do throws(MissingElement) {
          window = try Window(picture)
        } catch {
          return .failed(.missing(error, output: "the window"))
        }
        shown = picture.size
      }
      window?.show(picture)
      if let end = window?.end() { return end }
    }
  }
}

/// The pipeline of a window. Belongs to the window's thread.
private final class Window {
  private let pipeline: MediaPipeline
  private let feed: PictureFeed
  private let begin = StopSignal.uptime
  private let pool = PicturePool()
  private var hasShown = false

  init(_ picture: Picture) throws(MissingElement) {
    pipeline = try MediaPipeline()
    feed = try PictureFeed(
      in: pipeline, size: PictureFeed.even(picture.size), matrix: picture.matrix, frameRate: 25, isLive: true)
    let converter = try pipeline.add("videoconvert")
    // Without extension and hardware this sink works everywhere; others fail on some machines only when they start.
    let sink = try pipeline.add("ximagesink", ["sync": "false", "force-aspect-ratio": "true"])
    guard pipeline.link(feed.element, converter, sink) else { throw MissingElement(name: "ximagesink") }
    pipeline.play()
  }

  func show(_ picture: Picture) {
    guard feed.level < 2 else { return }
    var shown = picture
    if picture.format != .i420 {
      guard let buffer = try? pool.buffer(size: picture.size, matrix: picture.matrix),
        (try? buffer.copy(from: picture)) != nil
      else { return }
      shown = buffer.freeze()
    }
    hasShown = feed.push(shown, at: UInt64(max(0, (StopSignal.uptime - begin) * 1e9))) || hasShown
  }

  /// Whether and how the window has ended.
  func end() -> DisplayWindowEnd? {
    guard case .failure(let failure) = pipeline.nextEvent() else { return nil }
    // The sink's word for a window that somebody closed.
    if failure.isResource(GST_RESOURCE_ERROR_NOT_FOUND) { return .closedByUser }
    let display = ProcessInfo.processInfo.environment["DISPLAY"] ?? ""
    if failure.isResource(GST_RESOURCE_ERROR_OPEN_WRITE)
      || failure.isResource(GST_RESOURCE_ERROR_OPEN_READ_WRITE)
      || failure.message.contains("display") || failure.detail.contains("display")
    {
      return .failed(
        MediaOutputError(
          .noDisplay, output: "the window",
          message: "the display '\(display)' cannot be used; run it in a desktop session, or record instead"))
    }
    return .failed(
      MediaOutputError(.other, output: "the window", message: "cannot go on: \(failure.line)"))
  }
}
