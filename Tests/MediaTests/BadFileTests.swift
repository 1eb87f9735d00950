import Foundation
import Testing
import ThroughlineCore

@testable import Media

struct BadFileTests {
  private static func check(
    _ read: FrameCollector, _ kind: SourceProblem.Kind, phase: SourceStatus.Phase = .failed, frames: Int = 0,
    says part: String
  ) {
    #expect(read.last?.phase == phase)
    #expect(read.last?.problem?.kind == kind)
    #expect(read.frames.count == frames)
    let line = read.last?.problem?.description ?? ""
    #expect(line.contains(part), "\(line)")
    #expect(!line.contains("\n"))
    #expect(read.last?.isFinal == true)
  }

  @Test("Files that are none")
  func noFiles() throws {
    let folder = try TemporaryFolder()
    Self.check(FrameCollector.read(folder.file("no.mp4")), .missing, says: "no.mp4: no such file")
    Self.check(FrameCollector.read(folder.path), .directory, says: "is a folder")
    Self.check(FrameCollector.read("/dev/null"), .unreadable, says: "no regular file")
    Self.check(FrameCollector.read(try folder.write("a.mp4", [])), .notVideo, says: "empty")
    let text = Array("This is a text and no video at all, whatever its name says.\n".utf8)
    Self.check(FrameCollector.read(try folder.write("b.mp4", text)), .notVideo, says: "no video file")
    var random = SplitMix64(seed: 1)
    let noise = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    Self.check(FrameCollector.read(try folder.write("c.mp4", noise)), .notVideo, says: "no video file")
  }

  @Test("A file that may not be read")
  func rights() throws {
    guard getuid() != 0 else {
      print("SKIPPED: a file without rights can be read by root")
      return
    }
    let folder = try TemporaryFolder()
    let path = try folder.write("a.mp4", [1, 2, 3])
    chmod(path, 0)
    Self.check(FrameCollector.read(path), .unreadable, says: "rights")
  }

  @Test("Sound only, and a video without frames")
  func nothingToSee() throws {
    let folder = try TemporaryFolder()
    let pipeline = try MediaPipeline()
    let source = try pipeline.add("audiotestsrc", ["num-buffers": "20"])
    let encoder = try pipeline.add("avenc_aac")
    let muxer = try pipeline.add("mp4mux")
    let sink = try pipeline.add("filesink", ["location": folder.file("a.m4a")])
    #expect(pipeline.link(source, encoder, muxer, sink))
    pipeline.play()
    guard case .endOfStream = pipeline.nextEvent(waitingAtMost: 20) else {
      Issue.record("no audio file")
      return
    }
    Self.check(FrameCollector.read(folder.file("a.m4a")), .notVideo, says: "no video track")

    // A Matroska file that ends after its track list.
    let whole = try TestVideo.make(folder.file("a.mkv"), kind: TestVideo.kinds[2], frames: 3)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: whole)))
    let cluster: [UInt8] = [0x1F, 0x43, 0xB6, 0x75]
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: cluster) }) else {
      Issue.record("no cluster")
      return
    }
    bytes.removeSubrange(start...)
    let read = FrameCollector.read(try folder.write("b.mkv", bytes))
    #expect(read.last?.phase == .failed)
    #expect(read.frames.isEmpty)
    #expect([.truncated, .noFrames].contains(read.last?.problem?.kind))
  }

  @Test("A file that is cut short gives its frames and a warning", arguments: [1, 2, 3])
  func cut(kindIndex: Int) throws {
    let folder = try TemporaryFolder()
    let kind = [TestVideo.h264, TestVideo.h264, TestVideo.kinds[2], TestVideo.kinds[3]][kindIndex]
    var bytes: [UInt8]
    if kindIndex == 1 {
      // A fragmented file, as the recorder makes it: its structure lies before the pictures.
      let path = folder.file("whole.mp4")
      let recorder = try VideoRecorder(path: path, options: RecorderTests.blocking)
      for index in 0..<40 {
        recorder.append(try RecorderTests.picture(index), at: Timestamp(seconds: Double(index) / 10))
      }
      #expect(recorder.finish())
      bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } else {
      bytes = [UInt8](
        try Data(
          contentsOf: URL(
            fileURLWithPath: try TestVideo.make(folder.file(kind.name), kind: kind, pattern: "snow"))))
    }
    bytes.removeLast(bytes.count * 2 / 5)
    let read = FrameCollector.read(try folder.write("cut-" + kind.name, bytes))
    #expect(read.frames.count > 3 && read.frames.count < 39)
    Self.check(
      read, .truncated, phase: .ended, frames: read.frames.count,
      says: "the \(read.frames.count) frames before")
  }

  @Test("An MP4 file without its table of contents")
  func cutBeforeTable() throws {
    let folder = try TemporaryFolder()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try TestVideo.make(folder.file("a.mp4")))))
    bytes.removeLast(bytes.count / 2)
    Self.check(FrameCollector.read(try folder.write("b.mp4", bytes)), .truncated, says: "cut short")
  }

  @Test("A video of an unknown kind names what is missing")
  func unknownCodec() throws {
    let folder = try TemporaryFolder()
    let kind = TestVideo.Kind(name: "h264.mkv", encoder: TestVideo.h264.encoder, muxer: "matroskamux")
    var bytes = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: try TestVideo.make(folder.file("a.mkv"), kind: kind))))
    let codec = Array("V_MPEG4/ISO/AVC".utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: codec) }) else {
      Issue.record("no codec in the file")
      return
    }
    bytes[start + 12] = UInt8(ascii: "X")
    Self.check(
      FrameCollector.read(try folder.write("b.mkv", bytes)), .missingPlugin, phase: .unsupported,
      says: "apt-get install")
  }

  @Test("Flipped bits never stop the program")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let whole = [UInt8](
      try Data(contentsOf: URL(fileURLWithPath: try TestVideo.make(folder.file("a.mp4"), pattern: "ball"))))
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    for round in 0..<8 {
      var bytes = whole
      for _ in 0..<(1 << round) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << Int.random(in: 0...7, using: &random)
      }
      let read = FrameCollector.read(try folder.write("b.mp4", bytes)) {
        $0.readTimeout = 1
        $0.connectionTimeout = 1
      }
      #expect(read.last?.isFinal == true)
      #expect(read.frames.count <= 60)
    }
  }
}
