import Foundation
import Imaging
import Privacy
import Synchronization
import ThroughlineCore

/// How a recording is made.
public struct VideoRecorderOptions: Sendable {
  /// What encodes H.264.
  public enum Encoder: String, Sendable, Hashable, CaseIterable {
    /// Cisco's OpenH264 (BSD licence).
    case openh264
    /// x264 (GPL); only where somebody chose it.
    case x264
  }

  /// The size of the recorded pictures; `nil` takes the first picture's. Odd sides become even.
  public var size: PictureSize?
  /// The usual rate, for the encoder's planning; frames keep their own times.
  public var frameRate = 25.0
  /// Frames that come faster than this are left out.
  public var maximumFrameRate: Double?
  /// Bits per second; `nil` chooses by size and rate.
  public var bitRate: Int?
  /// What encodes.
  public var encoder = Encoder.openh264
  /// After a kill at most so many seconds of the recording are lost.
  public var fragmentDuration = 1.0
  /// How many pictures may wait for the encoder.
  public var queueCapacity = 16
  /// What happens when the encoder is late: ``QueuePolicy/dropOldest`` for cameras, whose encoder also has only what the
  /// other threads leave of the processor, since nobody waits for a recording; ``QueuePolicy/block`` where nothing may be
  /// lost.
  public var policy = QueuePolicy.dropOldest

  /// The usual settings.
  public init() {}
}

/// What a recording has done so far.
public struct VideoRecorderStatistics: Sendable, Hashable {
  /// Frames handed to the encoder.
  public var frames: UInt64 = 0
  /// Frames that were dropped because the encoder was late.
  public var dropped: UInt64 = 0
  /// Frames left out because their time did not rise, they came faster than the recording's rate, or they could not be
  /// encoded.
  public var skipped: UInt64 = 0

  /// Nothing yet.
  public init() {}
}

/// Writes anonymised frames to an MP4 file with H.264 video on a thread of its own. The file is fragmented
/// (ISO/IEC 14496-12, movie fragments): what is on the disk can be played, even after the program was killed.
public final class VideoRecorder: Sendable {
  private let core: RecorderCore

  /// Begins a recording. A file that exists is replaced.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - options: how it is recorded.
  ///   - onProblem: called at most once, on the recorder's thread, when the recording cannot go on.
  /// - Throws: ``MediaOutputError`` where the file cannot be written, or GStreamer lacks the encoder.
  public init(
    path: String, options: VideoRecorderOptions = VideoRecorderOptions(),
    onProblem: @escaping @Sendable (MediaOutputError) -> Void = { _ in }
  ) throws(MediaOutputError) {
    try Self.prepare(path)
    for element in ["appsrc", RecorderCore.factory(options.encoder), "h264parse", "mp4mux", "filesink"]
    where !GStreamerLibrary.has(element) {
      throw .missing(MissingElement(name: element), output: path)
    }
    core = RecorderCore(path: path, options: options, onProblem: onProblem)
    let core = core
    DedicatedThread.start("recorder") { core.run() }
  }

  deinit { core.queue.close() }

  /// The file.
  public var path: String { core.path }
  /// What the recording has done so far.
  public var statistics: VideoRecorderStatistics {
    var statistics = core.state.withLock { $0.statistics }
    statistics.dropped = core.queue.dropped
    return statistics
  }
  /// Whether more than half of the room for pictures that wait for the encoder is taken.
  public var isBehind: Bool { core.queue.count * 2 > core.queue.capacity }
  /// Why the recording ended before its time.
  public var problem: MediaOutputError? { core.state.withLock { $0.problem } }

  /// Records a frame at its capture time.
  ///
  /// - Returns: `false` where the recording has ended.
  @discardableResult
  public func append(_ frame: AnonymizedFrame) -> Bool { append(frame.picture, at: frame.captureTime) }

  /// Records a picture that the caller knows to be anonymous.
  @discardableResult
  func append(_ picture: Picture, at time: Timestamp) -> Bool {
    core.offer(RecorderCore.Item(picture: picture, time: time))
  }

  /// Ends the recording and closes the file within a second. Frames that wait are still encoded as long as that takes
  /// less than half a second; with ``QueuePolicy/block`` all of them are, however long it takes, up to half a minute.
  ///
  /// - Returns: whether the file is complete; otherwise ``problem`` says why, or its last moment is missing.
  @discardableResult
  public func finish() -> Bool {
    let patience = core.options.policy == .block ? 30.0 : 1.0
    core.state.withLock { $0.drainUntil = $0.drainUntil ?? StopSignal.uptime + patience / 2 }
    core.queue.close()
    return core.done.wait(seconds: patience) && core.state.withLock { $0.isComplete }
  }

  private static func prepare(_ path: String) throws(MediaOutputError) {
    func fail(_ message: String) -> MediaOutputError {
      MediaOutputError(.unwritable, output: path, message: message)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: throw fail("its folder does not exist; make it first")
      case EACCES, EPERM: throw fail("may not be written; check the folder's rights or name another one")
      case EROFS: throw fail("the disk is read-only; name a folder on another one")
      case EISDIR: throw fail("is a folder; name a file")
      case ENOSPC:
        throw MediaOutputError(
          .diskFull, output: path, message: "the disk is full; make room or name another one")
      default: throw fail("cannot be written (\(String(cString: strerror(errno))))")
      }
    }
    close(descriptor)
  }
}
