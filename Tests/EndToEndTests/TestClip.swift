import Foundation

@testable import Media

/// A short H.264 video with something that moves.
enum TestClip {
  struct Failure: Error { let message: String }

  /// Writes a video of 15 frames per second.
  static func make(
    _ path: String, frames: Int = 60, width: Int = 320, height: Int = 240, pattern: String = "ball"
  ) throws -> String {
    let pipeline = try MediaPipeline()
    let elements = try [
      ("videotestsrc", ["num-buffers": String(frames), "pattern": pattern]),
      ("capsfilter", ["caps": "video/x-raw,format=I420,width=\(width),height=\(height),framerate=15/1"]),
      ("openh264enc", ["gop-size": "15", "bitrate": "300000"]), ("h264parse", [:]), ("mp4mux", [:]),
      ("filesink", ["location": path]),
    ].map { try pipeline.add($0.0, $0.1) }
    for (left, right) in zip(elements, elements.dropFirst()) where !pipeline.link(left, right) {
      throw Failure(message: "the test clip's elements cannot be linked")
    }
    pipeline.play()
    guard case .endOfStream = pipeline.nextEvent(waitingAtMost: 60) else {
      throw Failure(message: "the test clip was not finished")
    }
    return path
  }

  /// Writes a video that shows a photo and nothing else.
  static func still(_ photo: String, as path: String, frames: Int, width: Int, height: Int) throws -> String {
    let pipeline = try MediaPipeline()
    let elements = try [
      ("filesrc", ["location": photo]), ("jpegdec", [:]), ("imagefreeze", ["num-buffers": String(frames)]),
      ("videoconvert", [:]), ("videoscale", ["add-borders": "true"]),
      ("capsfilter", ["caps": "video/x-raw,format=I420,width=\(width),height=\(height),framerate=10/1"]),
      ("openh264enc", ["bitrate": "8000000"]), ("h264parse", [:]), ("mp4mux", [:]),
      ("filesink", ["location": path]),
    ].map { try pipeline.add($0.0, $0.1) }
    for (left, right) in zip(elements, elements.dropFirst()) where !pipeline.link(left, right) {
      throw Failure(message: "the clip's elements cannot be linked")
    }
    pipeline.play()
    guard case .endOfStream = pipeline.nextEvent(waitingAtMost: 60) else {
      throw Failure(message: "the clip of '\(photo)' was not finished")
    }
    return path
  }

  /// The same video with its pictures overwritten by noise, its frame headers and tables left alone.
  static func damaged(_ path: String, copy: String) throws -> String {
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    guard let data = bytes.indices.first(where: { bytes[$0...].starts(with: Array("mdat".utf8)) }) else {
      throw Failure(message: "the test clip has no data")
    }
    var state: UInt32 = 12345
    for index in stride(from: data + 600, to: bytes.count - 3000, by: 37) {
      state = state &* 1_664_525 &+ 1_013_904_223
      bytes[index] = UInt8(truncatingIfNeeded: state >> 16)
    }
    try Data(bytes).write(to: URL(filePath: copy))
    return copy
  }
}
