import Foundation
import Synchronization
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Imaging
@testable import Media

typealias TemporaryFolder = ThroughlineTestKit.TemporaryFolder

extension TemporaryFolder {
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

/// Videos made on the fly.
enum TestVideo {
  struct Failure: Error {
    let message: String
  }

  /// How a test video is encoded and packed.
  struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let encoder: [(String, [String: String])]
    let muxer: String
    var testDescription: String { name }
  }

  static let h264 = Kind(
    name: "h264.mp4",
    encoder: [("openh264enc", ["gop-size": "10", "bitrate": "400000"]), ("h264parse", [:])], muxer: "mp4mux")
  static let kinds = [
    h264,
    Kind(
      name: "h265.mp4",
      encoder: [
        ("x265enc", ["speed-preset": "ultrafast", "option-string": "log-level=none:pools=1"]),
        ("h265parse", [:]),
      ],
      muxer: "mp4mux"),
    Kind(name: "mjpeg.mkv", encoder: [("jpegenc", [:])], muxer: "matroskamux"),
    Kind(name: "mpeg4.avi", encoder: [("avenc_mpeg4", [:]), ("mpeg4videoparse", [:])], muxer: "avimux"),
    Kind(name: "h264.ts", encoder: h264.encoder, muxer: "mpegtsmux"),
  ]

  /// Writes a video of a picture in one colour per quarter that goes darker from frame to frame.
  @discardableResult
  static func make(
    _ path: String, kind: Kind = h264, frames: Int = 30,
    size: PictureSize = PictureSize(width: 160, height: 120),
    rate: Int = 10, pattern: String = "smpte", hasAudio: Bool = false,
    colorimetry: String? = nil
  ) throws -> String {
    let pipeline = try MediaPipeline()
    var caps = "video/x-raw,format=I420,width=\(size.width),height=\(size.height),framerate=\(rate)/1"
    if let colorimetry { caps += ",colorimetry=\(colorimetry)" }
    var chain: [(String, [String: String])] = [
      ("videotestsrc", ["num-buffers": String(frames), "pattern": pattern]),
      ("capsfilter", ["caps": caps]),
    ]
    chain += kind.encoder
    let muxer = try pipeline.add(kind.muxer)
    let sink = try pipeline.add("filesink", ["location": path])
    var previous: ElementPointer?
    for (factory, properties) in chain {
      let element = try pipeline.add(factory, properties)
      if let previous, !pipeline.link(previous, element) { throw Failure(message: "cannot link \(factory)") }
      previous = element
    }
    guard let previous, pipeline.link(previous, muxer, sink) else {
      throw Failure(message: "cannot link the muxer")
    }
    if hasAudio {
      let audio = try pipeline.add("audiotestsrc", ["num-buffers": "100"])
      let encoder = try pipeline.add("avenc_aac")
      guard pipeline.link(audio, encoder, muxer) else { throw Failure(message: "cannot link the audio") }
    }
    pipeline.play()
    switch pipeline.nextEvent(waitingAtMost: 60) {
    case .endOfStream: return path
    case .failure(let failure): throw Failure(message: failure.line)
    case .missingPlugin, nil: throw Failure(message: "the test video was not finished")
    }
  }
}

extension TestVideo {
  /// Writes a turn into an MP4 file's track header (ISO/IEC 14496-12, 8.3.2), as phones do.
  static func turn(_ path: String, matrix: [Int32]) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: Array("tkhd".utf8)) }) else {
      throw Failure(message: "no track header")
    }
    let encoded = matrix.flatMap { value in
      withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
    bytes.replaceSubrange((start + 44)..<(start + 44 + encoded.count), with: encoded)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}

/// Collects what a source hands over.
final class FrameCollector: Sendable {
  struct Seen: Sendable {
    var number: UInt64
    var time: Timestamp
    var isCut: Bool
    var size: PictureSize
    var matrix: ColorMatrix
    var meanLuma: Double
    /// The mean luma of the quarters: above left, above right, below left, below right.
    var quarters: [Double]
  }

  private let seen = Mutex<[Seen]>([])
  private let statuses = Mutex<[SourceStatus]>([])

  var frames: [Seen] { seen.withLock { $0 } }
  var phases: [SourceStatus.Phase] { statuses.withLock { $0.map(\.phase) } }
  var problems: [SourceProblem] { statuses.withLock { $0.compactMap(\.problem) } }
  var last: SourceStatus? { statuses.withLock { $0.last } }

  func add(_ frame: VideoFrame) {
    let plane = frame.picture.luma
    var sums = [Int](repeating: 0, count: 4)
    var counts = sums
    // All pixels of the small pictures made here, few of real footage, which would take minutes under the thread sanitizer.
    let step = plane.width > 320 ? 16 : 1
    for y in stride(from: 0, to: plane.height, by: step) {
      for x in stride(from: 0, to: plane.width, by: step) {
        let quarter = (2 * y < plane.height ? 0 : 2) + (2 * x < plane.width ? 0 : 1)
        sums[quarter] += Int(plane.address[y * plane.stride + x])
        counts[quarter] += 1
      }
    }
    let entry = Seen(
      number: frame.number, time: frame.captureTime, isCut: frame.isDiscontinuity, size: frame.picture.size,
      matrix: frame.picture.matrix, meanLuma: Double(sums.reduce(0, +)) / Double(counts.reduce(0, +)),
      quarters: zip(sums, counts).map { Double($0) / Double(max(1, $1)) })
    withExtendedLifetime(frame.picture) {}
    seen.withLock { $0.append(entry) }
  }

  func add(_ status: SourceStatus) { statuses.withLock { $0.append(status) } }

  /// Waits for something to become true; the limit only ends a test that has failed anyway.
  func wait(atMost seconds: Double = 20, _ condition: (FrameCollector) -> Bool) -> Bool {
    let deadline = StopSignal.uptime + seconds
    while StopSignal.uptime < deadline {
      if condition(self) { return true }
      Thread.sleep(forTimeInterval: 0.01)
    }
    return condition(self)
  }

  /// A source that hands everything to this collector.
  func source(_ address: SourceAddress, _ options: FrameSourceOptions) -> FrameSource {
    FrameSource(
      camera: CameraName(sanitizing: "test"), address: address, options: options, onStatus: { self.add($0) },
      consumer: { self.add($0) })
  }

  /// Reads a file offline to its end.
  static func read(_ path: String, _ change: (inout FrameSourceOptions) -> Void = { _ in }) -> FrameCollector
  {
    var options = FrameSourceOptions()
    options.pacing = .offline
    change(&options)
    let collector = FrameCollector()
    let source = collector.source(.file(path), options)
    source.start()
    if !source.waitUntilEnded(atMost: 300) { source.stop() }
    return collector
  }
}

/// Footage that is not part of the project, where it lies beside it.
enum SharedFootage {
  static func file(_ path: String) -> String? { SharedData.file("data/" + path) }
}
