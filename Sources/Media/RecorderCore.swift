import CGStreamer
import Foundation
import Imaging
import Synchronization
import ThroughlineCore

/// The thread and the pipeline of a recording.
final class RecorderCore: Sendable {
  struct Item: Sendable {
    let picture: Picture
    let time: Timestamp
  }

  struct State {
    var statistics = VideoRecorderStatistics()
    var problem: MediaOutputError?
    var isComplete = false
    /// The time of the newest frame that was taken.
    var last: Timestamp?
    /// After this uptime frames that still wait are thrown away.
    var drainUntil: Double?
  }

  let path: String
  let options: VideoRecorderOptions
  let onProblem: @Sendable (MediaOutputError) -> Void
  let queue: BoundedQueue<Item>
  let state = Mutex(State())
  let done = StopSignal()

  init(
    path: String, options: VideoRecorderOptions, onProblem: @escaping @Sendable (MediaOutputError) -> Void
  ) {
    self.path = path
    self.options = options
    self.onProblem = onProblem
    queue = BoundedQueue(capacity: options.queueCapacity, policy: options.policy)
  }

  static func factory(_ encoder: VideoRecorderOptions.Encoder) -> String {
    switch encoder {
    case .openh264: "openh264enc"
    case .x264: "x264enc"
    }
  }

  /// Puts a frame that is due into the queue, so that only frames that are to be recorded take room in it.
  ///
  /// - Returns: `false` where the recording has ended.
  func offer(_ item: Item) -> Bool {
    // A frame that comes a little early still counts as on time.
    let leastStep = options.maximumFrameRate.map { $0 > 0 ? 0.9 / $0 : 0 } ?? 0
    let isDue = state.withLock { state in
      if let last = state.last {
        let step = item.time.seconds(since: last)
        guard step > 0, step >= leastStep else {
          state.statistics.skipped += 1
          return false
        }
      }
      state.last = item.time
      return true
    }
    return isDue ? queue.push(item) : !queue.isClosed
  }

  /// The thread's work.
  func run() {
    do throws(MediaOutputError) {
      try record()
      state.withLock { $0.isComplete = true }
    } catch {
      queue.close(discarding: true)
      state.withLock { $0.problem = error }
      onProblem(error)
    }
    done.set()
  }

  private func record() throws(MediaOutputError) {
    var writer: RecordingWriter?
    while let item = queue.pop() {
      if let deadline = state.withLock({ $0.drainUntil }), StopSignal.uptime > deadline {
        queue.close(discarding: true)
        break
      }
      let active: RecordingWriter
      if let writer {
        active = writer
      } else {
        active = try RecordingWriter(path: path, first: item, options: options)
        writer = active
      }
      let isWritten = try active.write(item)
      state.withLock {
        if isWritten { $0.statistics.frames += 1 } else { $0.statistics.skipped += 1 }
      }
    }
    try writer?.finish()
  }
}

/// The pipeline of a recording. Belongs to the recorder's thread.
private final class RecordingWriter {
  private let path: String
  private let pipeline: MediaPipeline
  private let feed: PictureFeed
  private let matrix: ColorMatrix
  private let pool = PicturePool()
  private let scaler = PictureScaler()
  private let begin: Timestamp

  init(path: String, first: RecorderCore.Item, options: VideoRecorderOptions) throws(MediaOutputError) {
    self.path = path
    let size = PictureFeed.even(options.size ?? first.picture.size)
    matrix = first.picture.matrix
    begin = first.time
    do throws(MissingElement) {
      pipeline = try MediaPipeline()
      feed = try PictureFeed(
        in: pipeline, size: size, matrix: matrix, frameRate: options.frameRate, isLive: false)
      let encoder = try pipeline.add(
        RecorderCore.factory(options.encoder), Self.settings(options, size: size))
      if options.encoder == .openh264 { Self.endBehind(encoder) }
      let file = URL(filePath: path).deletingPathExtension().lastPathComponent
      DedicatedTaskPool(name: "encoder \(file)", yields: options.policy == .dropOldest).adopt(pipeline)
      let parser = try pipeline.add("h264parse")
      let muxer = try pipeline.add(
        "mp4mux", ["fragment-duration": String(Int(max(0.1, min(options.fragmentDuration, 60)) * 1000))])
      let sink = try pipeline.add("filesink", ["buffer-mode": "unbuffered", "async": "false"])
      cgst_set_string(sink, "location", path)
      guard pipeline.link(feed.element, encoder, parser, muxer, sink) else {
        throw MissingElement(name: RecorderCore.factory(options.encoder))
      }
    } catch {
      throw .missing(error, output: path)
    }
    pipeline.play()
  }

  /// Lets the end of the stream pass the encoder by. OpenH264 holds no frame back, and being asked for the rest it prints
  /// an error that is none.
  private static func endBehind(_ encoder: ElementPointer) {
    guard let pad = gst_element_get_static_pad(encoder, "sink") else { return }
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, passEndBy, nil, nil)
    gst_object_unref(pad)
  }

  private static func settings(_ options: VideoRecorderOptions, size: PictureSize) -> [String: String] {
    let rate = min(options.maximumFrameRate ?? options.frameRate, options.frameRate)
    // About 0.08 bits per pixel: 4.1 Mbit/s for 1920x1080 at 25 frames per second.
    let bits = options.bitRate ?? Int(Double(size.width * size.height) * max(rate, 1) * 0.08)
    let keyInterval = String(max(1, Int(rate * 2)))
    switch options.encoder {
    case .openh264:
      return [
        "bitrate": String(max(bits, 50_000)), "rate-control": "bitrate", "complexity": "low",
        "gop-size": keyInterval, "multi-thread": "1", "enable-frame-skip": "false",
        "scene-change-detection": "false", "background-detection": "true", "adaptive-quantization": "false",
      ]
    case .x264:
      return [
        "bitrate": String(max(bits / 1000, 50)), "speed-preset": "ultrafast", "tune": "zerolatency",
        "key-int-max": keyInterval, "threads": "1",
      ]
    }
  }

  /// - Returns: `false` where the frame was left out.
  func write(_ item: RecorderCore.Item) throws(MediaOutputError) -> Bool {
    guard let picture = fitted(item.picture) else { return false }
    // Waiting for a message is waiting for the encoder, too.
    repeat { try check(waiting: feed.level > 1 ? 0.004 : 0) } while feed.level > 1
    let time = max(0, item.time.nanoseconds &- begin.nanoseconds)
    return feed.push(picture, at: UInt64(time))
  }

  /// The picture in the recording's size, as it is where it fits.
  private func fitted(_ picture: Picture) -> Picture? {
    let size = feed.size
    if picture.format == .i420, (0...1).contains(picture.size.width - size.width),
      (0...1).contains(picture.size.height - size.height)
    {
      return picture
    }
    guard let buffer = try? pool.buffer(size: size, matrix: matrix) else { return nil }
    buffer.fill(matrix.color(red: 0, green: 0, blue: 0))
    guard (try? scaler.draw(picture, into: buffer, rectangle: PixelRectangle(size))) != nil else {
      return nil
    }
    return buffer.freeze()
  }

  private func check(waiting seconds: Double) throws(MediaOutputError) {
    if case .failure(let failure) = pipeline.nextEvent(waitingAtMost: seconds) {
      throw .recording(path, failure)
    }
  }

  /// Writes what is left and closes the file.
  func finish() throws(MediaOutputError) {
    feed.finish()
    switch pipeline.nextEvent(waitingAtMost: 2) {
    case .failure(let failure): throw .recording(path, failure)
    case .endOfStream: break
    case .missingPlugin, nil:
      throw MediaOutputError(
        .other, output: path, message: "the recording's last moment could not be written")
    }
    pipeline.end()
  }
}

private let passEndBy:
  @convention(c) (UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstPadProbeInfo>?, gpointer?)
    -> GstPadProbeReturn = { pad, info, _ in
      guard let pad, let info, cgst_probe_is_end(info) != 0, let encoder = gst_pad_get_parent_element(pad)
      else {
        return GST_PAD_PROBE_OK
      }
      defer { gst_object_unref(encoder) }
      guard let output = gst_element_get_static_pad(encoder, "src") else { return GST_PAD_PROBE_OK }
      gst_pad_push_event(output, gst_event_new_eos())
      gst_object_unref(output)
      return GST_PAD_PROBE_DROP
    }
