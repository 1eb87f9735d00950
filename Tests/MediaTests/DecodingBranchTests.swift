import CGStreamer
import Imaging
import Synchronization
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Media

/// What lies between the decoder and us.
struct DecodingBranchTests {
  @Test(
    "Nothing copies pictures behind the decoder, whose memory is used again",
    arguments: [
      // Sizes that are coded as they are shown, and sizes that are not.
      PictureSize(width: 160, height: 96), PictureSize(width: 150, height: 90),
      PictureSize(width: 1280, height: 720), PictureSize(width: 1920, height: 1080),
    ])
  func copies(size: PictureSize) throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 5, size: size)
    let decoded = DecodedMemory()
    let pipeline = try MediaPipeline()
    let branch = try DecodingBranch(in: pipeline, decoderThreads: 1, isLive: false, depth: 2)
    let source = try pipeline.add("filesrc", ["location": path])
    let demuxer = try pipeline.add("qtdemux")
    branch.connect(source: demuxer)
    #expect(pipeline.link(source, demuxer))
    decoded.watch(branch.decoder)
    defer {
      branch.end()
      pipeline.end()
    }
    pipeline.play()
    var frames = 0
    while let sample = branch.pull(waitingAtMost: 20) {
      defer { cgst_unref_sample(sample) }
      let buffer = try #require(gst_sample_get_buffer(sample))
      let written = try #require(decoded.address(at: cgst_buffer_pts(buffer)))
      #expect(DecodedMemory.address(of: buffer) == written, "frame \(frames)")
      // What is copied into new memory, also by the decoder itself, comes from no pool.
      #expect(buffer.pointee.pool != nil, "frame \(frames)")
      frames += 1
    }
    #expect(frames == 5)
  }

  @Test("Pictures are turned from a tag on, and back, also in the middle of a stream")
  func tags() throws {
    let pipeline = try MediaPipeline()
    let branch = try DecodingBranch(in: pipeline, decoderThreads: 1, isLive: false, depth: 2)
    let lying = PictureSize(width: 64, height: 32)
    let feed = try PictureFeed(in: pipeline, size: lying, matrix: .bt601Limited, frameRate: 10, isLive: false)
    #expect(pipeline.link(feed.element, branch.decoder))
    defer {
      branch.end()
      pipeline.end()
    }
    pipeline.play()
    let picture = try Self.whiteAtTheLeft(lying)
    let reader = PictureReader()
    let standing = PictureSize(width: 32, height: 64)
    // The tag before a picture, the picture's size, and where the white side is.
    let steps: [(String?, PictureSize, Side)] = [
      (nil, lying, .left), ("rotate-0", lying, .left), (nil, lying, .left), ("rotate-90", standing, .top),
      (nil, standing, .top), ("rotate-0", lying, .left), ("flip-rotate-0", lying, .right),
      ("rotate-270", standing, .bottom), ("rotate-180", lying, .right),
    ]
    for (index, (tag, size, side)) in steps.enumerated() {
      if let tag {
        let tags = gst_tag_list_new_from_string("taglist, image-orientation=(string)\(tag)")
        #expect(gst_element_send_event(feed.element, gst_event_new_tag(tags)) != 0)
      }
      #expect(feed.push(picture, at: UInt64(index) * 100_000_000))
      let sample = try #require(branch.pull(waitingAtMost: 20), "picture \(index)")
      defer { cgst_unref_sample(sample) }
      let turned = try #require(reader.picture(in: sample))
      #expect(turned.size == size, "picture \(index)")
      #expect(Self.whiteSides(of: turned) == [side], "picture \(index)")
      if tag == nil, size == lying {
        #expect(turned.luma.address == picture.luma.address, "picture \(index)")
      }
    }
    feed.finish()
    #expect(branch.pull(waitingAtMost: 20) == nil)
    #expect(branch.isAtEnd)
  }

  /// A black picture with a white column at its left.
  private static func whiteAtTheLeft(_ size: PictureSize) throws -> Picture {
    let buffer = try PictureBuffer(size: size, matrix: .bt601Limited)
    buffer.fill(YUVColor(y: 16, u: 128, v: 128))
    buffer.withMutablePlanes { luma, _, _ in
      for row in 0..<luma.height { luma.address[row * luma.stride] = 235 }
    }
    return buffer.freeze()
  }

  private enum Side {
    case left, right, top, bottom
  }

  /// The sides in whose middle a picture is white.
  private static func whiteSides(of picture: Picture) -> [Side] {
    let plane = picture.luma
    let places: [(Side, x: Int, y: Int)] = [
      (.left, 0, plane.height / 2), (.right, plane.width - 1, plane.height / 2),
      (.top, plane.width / 2, 0), (.bottom, plane.width / 2, plane.height - 1),
    ]
    return withExtendedLifetime(picture) {
      places.filter { plane.address[$0.y * plane.stride + $0.x] == 235 }.map(\.0)
    }
  }
}

/// Where the decoder put each picture, by the picture's time.
private final class DecodedMemory: Sendable {
  private let addresses = Mutex<[UInt64: UInt]>([:])

  func address(at time: GstClockTime) -> UInt? { addresses.withLock { $0[UInt64(time)] } }

  static func address(of buffer: UnsafeMutablePointer<GstBuffer>) -> UInt {
    UInt(bitPattern: gst_buffer_peek_memory(buffer, 0))
  }

  /// Looks at everything that a decodebin gives out. To be kept until the pipeline has ended.
  func watch(_ decoder: ElementPointer) {
    cgst_connect_pad_added(
      decoder,
      { _, pad, data in gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, noteMemory, data, nil) },
      Unmanaged.passUnretained(self).toOpaque())
  }

  fileprivate func note(_ buffer: UnsafeMutablePointer<GstBuffer>) {
    addresses.withLock { $0[UInt64(cgst_buffer_pts(buffer))] = Self.address(of: buffer) }
  }
}

private let noteMemory:
  @convention(c) (UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstPadProbeInfo>?, gpointer?)
    -> GstPadProbeReturn = { _, info, data in
      if let info, let data, let buffer = cgst_probe_buffer(info) {
        Unmanaged<DecodedMemory>.fromOpaque(data).takeUnretainedValue().note(buffer)
      }
      return GST_PAD_PROBE_OK
    }
