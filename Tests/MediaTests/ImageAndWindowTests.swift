import Foundation
import Imaging
import Synchronization
import Testing
import ThroughlineCore

@testable import Media

struct ImageFileTests {
  private static func make(_ path: String, encoder: String) throws {
    let pipeline = try MediaPipeline()
    let source = try pipeline.add("videotestsrc", ["num-buffers": "1", "pattern": "white"])
    let filter = try pipeline.add("capsfilter", ["caps": "video/x-raw,width=101,height=77"])
    let converter = try pipeline.add("videoconvert")
    let encode = try pipeline.add(encoder)
    let sink = try pipeline.add("filesink", ["location": path])
    #expect(pipeline.link(source, filter, converter, encode, sink))
    pipeline.play()
    guard case .endOfStream = pipeline.nextEvent(waitingAtMost: 20) else {
      throw TestVideo.Failure(message: "no \(encoder)")
    }
  }

  @Test("Pictures of several kinds are read", arguments: ["pngenc", "jpegenc", "avenc_bmp"])
  func read(encoder: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.picture")
    try Self.make(path, encoder: encoder)
    let picture = try ImageFile.read(path)
    #expect(picture.size == PictureSize(width: 101, height: 77))
    #expect(picture.luma.address[38 * picture.luma.stride + 50] >= 234)
  }

  @Test("What is no picture is refused in a line")
  func bad() throws {
    let folder = try TemporaryFolder()
    let text = try folder.write("a.png", Array("no picture, but a text that is long enough for a look".utf8))
    try Self.make(folder.file("b.png"), encoder: "pngenc")
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("b.png"))))
    let cut = try folder.write("c.png", Array(whole.prefix(60)))
    // The header of a PNG file with 16 bits a colour.
    var deep = whole
    (deep[24], deep[25]) = (16, 2)
    let red = try folder.write("d.png", deep)
    #expect(
      #expect(throws: SourceProblem.self) { try ImageFile.read(red) }?.description.contains("16 bits") == true
    )
    for path in [folder.file("none.png"), folder.path, text, cut] {
      do {
        _ = try ImageFile.read(path)
        Issue.record("\(path) was read")
      } catch {
        #expect(error.description.hasPrefix(path))
        #expect(!error.description.contains("\n"))
      }
    }
  }
}

struct DisplayWindowTests {
  private static let hasDisplay = ProcessInfo.processInfo.environment["DISPLAY"]?.isEmpty == false

  @Test("Without a display there is one line", .disabled(if: hasDisplay))
  func noDisplay() {
    do {
      _ = try DisplayWindow()
      Issue.record("a window without a display")
    } catch {
      #expect(error.kind == .noDisplay)
      #expect(error.description.contains("DISPLAY"))
    }
  }

  @Test(
    "Frames are shown until the window is closed",
    .enabled(if: hasDisplay, "needs a display, for example Xvfb"))
  func show() throws {
    let ends = Mutex<[DisplayWindowEnd]>([])
    let window = try DisplayWindow { end in ends.withLock { $0.append(end) } }
    for index in 0..<10 {
      #expect(
        window.show(try RecorderTests.picture(index, size: PictureSize(width: 161, height: 120 + index / 5))))
      Thread.sleep(forTimeInterval: 0.03)
    }
    window.close()
    #expect(!window.show(try RecorderTests.picture(0)))
    let deadline = StopSignal.uptime + 5
    while ends.withLock({ $0.isEmpty }), StopSignal.uptime < deadline { Thread.sleep(forTimeInterval: 0.01) }
    #expect(ends.withLock { $0 } == [.closed])
  }
}
