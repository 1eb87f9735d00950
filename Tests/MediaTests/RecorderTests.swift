import Foundation
import Imaging
import Synchronization
import Testing
import ThroughlineCore

@testable import Media

struct RecorderTests {
  static var blocking: VideoRecorderOptions {
    var options = VideoRecorderOptions()
    options.policy = .block
    options.frameRate = 10
    return options
  }

  /// A grey picture with a bar that moves.
  static func picture(
    _ index: Int, size: PictureSize = PictureSize(width: 160, height: 120), grey: UInt8 = 128
  ) throws -> Picture {
    let buffer = try PictureBuffer(size: size, matrix: .bt709Limited)
    buffer.fill(YUVColor(y: grey, u: 128, v: 128))
    buffer.withMutablePlanes { luma, _, _ in
      for row in 0..<luma.height { luma.address[row * luma.stride + index % luma.width] = 235 }
    }
    return buffer.freeze()
  }

  @Test("What is recorded comes back with its times and its grey")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.mp4")
    let recorder = try VideoRecorder(path: path, options: Self.blocking)
    let begin = Timestamp(seconds: 1_700_000_000.125)
    let steps = [0, 0.1, 0.15, 0.4, 0.5, 2.5, 2.6]
    for (index, step) in steps.enumerated() {
      #expect(recorder.append(try Self.picture(index), at: begin.advanced(bySeconds: step)))
    }
    #expect(recorder.finish())
    #expect(recorder.statistics.frames == 7)
    #expect(!recorder.append(try Self.picture(0), at: begin.advanced(bySeconds: 9)))
    let frames = FrameCollector.read(path).frames
    #expect(frames.count == 7)
    for (frame, step) in zip(frames, steps) {
      #expect(abs(frame.time.seconds(since: frames[0].time) - step) < 0.002)
      #expect(abs(frame.meanLuma - 128) < 4)
      #expect(frame.matrix == .bt709Limited)
    }
  }

  @Test("Times that do not rise are left out")
  func badTimes() throws {
    let folder = try TemporaryFolder()
    let recorder = try VideoRecorder(path: folder.file("a.mp4"), options: Self.blocking)
    for time in [5.0, 5.1, 5.1, 4, 5.2] { recorder.append(try Self.picture(1), at: Timestamp(seconds: time)) }
    #expect(recorder.finish())
    #expect(recorder.statistics.frames == 3)
    #expect(recorder.statistics.skipped == 2)
    #expect(FrameCollector.read(folder.file("a.mp4")).frames.count == 3)
  }

  @Test(
    "Odd sizes become even; another size is fitted into the first",
    arguments: [(161, 121), (160, 121), (3, 3), (1, 1)])
  func sizes(width: Int, height: Int) throws {
    let folder = try TemporaryFolder()
    let size = PictureSize(width: width, height: height)
    let recorder = try VideoRecorder(path: folder.file("a.mp4"), options: Self.blocking)
    for index in 0..<5 {
      recorder.append(try Self.picture(index, size: size), at: Timestamp(seconds: Double(index)))
    }
    recorder.append(try Self.picture(5, size: PictureSize(width: 64, height: 48)), at: Timestamp(seconds: 6))
    if width < 16 {
      // The encoder takes no picture under 16 pixels; that is a problem said in a line and not a crash.
      recorder.finish()
      return
    }
    #expect(recorder.finish())
    let frames = FrameCollector.read(folder.file("a.mp4")).frames
    #expect(frames.count == 6)
    #expect(frames.allSatisfy { $0.size == PictureSize(width: width & ~1, height: height & ~1) })
  }

  @Test("A smaller size and rate are kept to")
  func limits() throws {
    let folder = try TemporaryFolder()
    var options = Self.blocking
    options.size = PictureSize(width: 80, height: 60)
    options.maximumFrameRate = 5
    let recorder = try VideoRecorder(path: folder.file("a.mp4"), options: options)
    for index in 0..<20 {
      recorder.append(try Self.picture(index), at: Timestamp(seconds: Double(index) / 10))
    }
    #expect(recorder.finish())
    let frames = FrameCollector.read(folder.file("a.mp4")).frames
    #expect(frames.count == 10)
    #expect(frames.first?.size == options.size)
  }

  @Test("Frames that come too fast take no room in the queue")
  func tooFast() throws {
    let folder = try TemporaryFolder()
    var options = VideoRecorderOptions()
    options.maximumFrameRate = 1
    let recorder = try VideoRecorder(path: folder.file("a.mp4"), options: options)
    for index in 0..<300 {
      recorder.append(try Self.picture(index), at: Timestamp(seconds: Double(index) / 100))
    }
    #expect(recorder.finish())
    #expect(recorder.statistics.frames == 4)
    #expect(recorder.statistics.dropped == 0 && recorder.statistics.skipped == 296)
    #expect(!recorder.append(try Self.picture(0), at: Timestamp(seconds: 3.001)))
  }

  @Test(
    "The encoder of a camera's recording gives way to other threads, that of a whole file after it does not")
  func givesWay() throws {
    let folder = try TemporaryFolder()
    let own = Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))
    for (policy, name, nicer) in [(QueuePolicy.dropOldest, "live", 10), (.block, "whole", 0)] {
      var options = VideoRecorderOptions()
      options.policy = policy
      let recorder = try VideoRecorder(path: folder.file("\(name).mp4"), options: options)
      let deadline = StopSignal.uptime + 20
      var found: Int?
      var index = 0
      while found == nil, StopSignal.uptime < deadline {
        recorder.append(try Self.picture(index), at: Timestamp(seconds: Double(index) / 25))
        index += 1
        found = Self.niceness(ofThread: "encoder \(name)")
        Thread.sleep(forTimeInterval: 0.005)
      }
      #expect(recorder.finish())
      #expect(found == min(19, own + nicer))
    }
  }

  /// The nice value of one of this process's threads, which is field 19 of stat(5); `nil` where none has the name.
  static func niceness(ofThread name: String) -> Int? {
    for task in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
      guard let text = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8),
        let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"),
        text[text.index(after: open)..<close] == name
      else { continue }
      let fields = text[text.index(after: close)...].split(separator: " ")
      if fields.count > 16 { return Int(fields[16]) }
    }
    return nil
  }

  @Test("A recording that was cut off anywhere still plays")
  func killed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.mp4")
    let recorder = try VideoRecorder(path: path, options: Self.blocking)
    for index in 0..<60 {
      recorder.append(try Self.picture(index), at: Timestamp(seconds: Double(index) / 10))
    }
    // What lies on the disk now is what a kill would leave; six seconds were appended, in fragments of one.
    let deadline = StopSignal.uptime + 20
    while recorder.statistics.frames < 60, StopSignal.uptime < deadline {
      Thread.sleep(forTimeInterval: 0.01)
    }
    var left = [UInt8]()
    var frames = 0
    repeat {
      left = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      frames = FrameCollector.read(try folder.write("killed.mp4", left)).frames.count
    } while frames < 35 && StopSignal.uptime < deadline
    #expect(frames >= 35)
    #expect(recorder.finish())
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(FrameCollector.read(path).frames.count == 60)
    for share in [0.35, 0.5, 0.77, 0.99] {
      let cut = Array(whole.prefix(Int(Double(whole.count) * share)))
      let read = FrameCollector.read(try folder.write("cut.mp4", cut))
      #expect(Double(read.frames.count) > 60 * share - 25, "\(share)")
      #expect(read.last?.phase == .ended)
    }
  }

  @Test("Places that cannot be written are refused at once, in a line")
  func unwritable() throws {
    let folder = try TemporaryFolder()
    for (path, part) in [
      (folder.file("none/a.mp4"), "folder does not exist"), (folder.path, "is a folder"),
      ("/proc/a.mp4", "written"),
    ] {
      do {
        _ = try VideoRecorder(path: path)
        Issue.record("\(path) was accepted")
      } catch {
        #expect(error.description.hasPrefix(path))
        #expect(error.description.contains(part) || part == "written", "\(error)")
      }
    }
  }

  @Test("A full disk ends the recording with one line, and nothing else")
  func fullDisk() throws {
    let problems = Mutex<[MediaOutputError]>([])
    let recorder = try VideoRecorder(path: "/dev/full", options: Self.blocking) { problem in
      problems.withLock { $0.append(problem) }
    }
    var taken = 0
    for index in 0..<200
    where recorder.append(try Self.picture(index), at: Timestamp(seconds: Double(index) / 10)) {
      taken += 1
    }
    #expect(!recorder.finish())
    #expect(taken < 200)
    #expect(problems.withLock { $0.map(\.kind) } == [.diskFull])
    #expect(recorder.problem?.description.hasPrefix("/dev/full: the disk is full") == true)
  }

  @Test("An empty recording is no failure")
  func empty() throws {
    let folder = try TemporaryFolder()
    #expect(try VideoRecorder(path: folder.file("a.mp4")).finish())
  }
}
