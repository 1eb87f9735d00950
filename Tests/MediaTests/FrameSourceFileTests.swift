import Foundation
import Imaging
import Synchronization
import Testing
import ThroughlineCore

@testable import Media

struct FrameSourceFileTests {
  @Test("Every frame of a file comes, with its time", arguments: TestVideo.kinds)
  func kinds(kind: TestVideo.Kind) throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file(kind.name), kind: kind)
    let read = FrameCollector.read(path)
    let frames = read.frames
    #expect(frames.count == 30)
    #expect(frames.map(\.number) == Array(1...30))
    #expect(frames.allSatisfy { $0.size == PictureSize(width: 160, height: 120) && !$0.isCut })
    #expect(zip(frames, frames.dropFirst()).allSatisfy { abs($1.time.seconds(since: $0.time) - 0.1) < 0.002 })
    #expect(read.phases == [.connecting, .live, .ended])
    #expect(read.problems.isEmpty)
  }

  @Test("Read twice, a file gives the same times and pixels")
  func reproducible() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), pattern: "snow")
    let one = FrameCollector.read(path).frames
    let two = FrameCollector.read(path).frames
    #expect(one.map(\.time) == two.map(\.time))
    #expect(one.map(\.meanLuma) == two.map(\.meanLuma))
    #expect(one.first?.time == FrameSourceOptions.offlineEpoch)
    let later = FrameCollector.read(path) { $0.startTime = Timestamp(seconds: 1000) }.frames
    #expect(later.first?.time == Timestamp(seconds: 1000))
  }

  @Test("Pixels arrive as they are", arguments: [("white", 235.0), ("black", 16.0)])
  func pixels(pattern: String, luma: Double) throws {
    let folder = try TemporaryFolder()
    // A width that no decoder's rows have.
    let path = try TestVideo.make(
      folder.file("a.mp4"), frames: 5, size: PictureSize(width: 150, height: 90), pattern: pattern)
    let frames = FrameCollector.read(path).frames
    #expect(frames.count == 5)
    for frame in frames { #expect(abs(frame.meanLuma - luma) < 2) }
  }

  @Test("A source that never pauses looks at its pipeline's messages, which would pile up otherwise")
  func messagesDoNotPileUp() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 100)
    let session = try SourceSession(.file(path), options: FrameSourceOptions(), usesUDP: false)
    defer { session.end() }
    var frames = 0
    while frames < 96 {
      guard case .frame = session.next(waitingAtMost: 5) else { break }
      frames += 1
    }
    #expect(frames == 96)
    #expect(!session.hasMessages)
  }

  @Test("A loop is a cut, and time goes on")
  func loop() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 10)
    let read = FrameCollector.read(path) { $0.loopCount = 3 }
    let frames = read.frames
    #expect(frames.count == 30)
    #expect(frames.filter(\.isCut).map(\.number) == [11, 21])
    #expect(zip(frames, frames.dropFirst()).allSatisfy { abs($1.time.seconds(since: $0.time) - 0.1) < 0.002 })
    #expect(read.phases == [.connecting, .live, .ended])
  }

  @Test("A file tells how much of all its plays is done", arguments: [1, 3])
  func share(plays: Int) throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 10)
    let shares = Mutex<[Double?]>([])
    let reading = Mutex<FrameSource?>(nil)
    var options = FrameSourceOptions()
    options.pacing = .offline
    options.loopCount = plays
    let source = FrameSource(
      camera: CameraName(sanitizing: "a"), address: .file(path), options: options,
      consumer: { _ in
        let share = reading.withLock { $0?.statistics.share }
        shares.withLock { $0.append(share) }
      })
    reading.withLock { $0 = source }
    source.start()
    #expect(source.waitUntilEnded(atMost: 20))
    reading.withLock { $0 = nil }
    #expect(source.statistics.share == 1)
    let seen = shares.withLock { $0 }
    #expect(seen.count == 10 * plays && seen[0] == nil)
    // Before a frame its predecessor's share holds: that of the tenth of ten frames is 0.9 of its play.
    for (index, share) in seen.enumerated().dropFirst() {
      let share = try #require(share)
      let done = index % 10 == 0 ? Double(index / 10) : Double(index / 10) + Double(index % 10 - 1) / 10
      #expect(abs(share - done / Double(plays)) < 0.02, "frame \(index)")
    }
  }

  @Test("A recorded frame rate replaces the file's")
  func recordedFrameRate() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 8)
    let frames = FrameCollector.read(path) { $0.recordedFrameRate = 7 }.frames
    #expect(frames.count == 8)
    #expect(abs((frames.last?.time.seconds(since: frames[0].time) ?? 0) - 1) < 1e-6)
  }

  @Test(
    "A turned phone video comes upright, from its first picture on",
    arguments: [
      // By a quarter clockwise, by a half, and by a quarter the other way: where each quarter of the picture comes from.
      ([0, 65536, 0, -65536, 0, 0], [2, 0, 3, 1]), ([-65536, 0, 0, 0, -65536, 0], [3, 2, 1, 0]),
      ([0, -65536, 0, 65536, 0, 0], [1, 3, 0, 2]),
    ] as [([Int32], [Int])])
  func rotation(matrix: [Int32], origins: [Int]) throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 4)
    let asRecorded = FrameCollector.read(path).frames
    try TestVideo.turn(path, matrix: matrix)
    let swaps = matrix[0] == 0
    let frames = FrameCollector.read(path).frames
    #expect(frames.count == 4)
    let expected = swaps ? PictureSize(width: 120, height: 160) : PictureSize(width: 160, height: 120)
    for (frame, before) in zip(frames, asRecorded) {
      #expect(frame.size == expected)
      for (quarter, origin) in origins.enumerated() {
        #expect(abs(frame.quarters[quarter] - before.quarters[origin]) < 1, "quarter \(quarter)")
      }
      let isTold = origins.enumerated().contains { abs(before.quarters[$0] - before.quarters[$1]) > 5 }
      #expect(isTold, "pictures that were not turned look otherwise")
    }
  }

  @Test("Sound is left aside")
  func audio() throws {
    let folder = try TemporaryFolder()
    let read = FrameCollector.read(try TestVideo.make(folder.file("a.mp4"), hasAudio: true))
    #expect(read.frames.count == 30)
    #expect(read.last == SourceStatus(.ended))
  }

  @Test("JPEG is full range, small pictures are BT.601, large ones BT.709")
  func matrices() throws {
    let folder = try TemporaryFolder()
    let jpeg = try TestVideo.make(folder.file("a.mkv"), kind: TestVideo.kinds[2], frames: 2)
    #expect(FrameCollector.read(jpeg).frames.first?.matrix == .bt601Full)
    let small = try TestVideo.make(folder.file("a.mp4"), frames: 2)
    #expect(FrameCollector.read(small).frames.first?.matrix == .bt601Limited)
    let large = try TestVideo.make(
      folder.file("b.mp4"), frames: 2, size: PictureSize(width: 1280, height: 720))
    #expect(FrameCollector.read(large).frames.first?.matrix == .bt709Limited)
  }

  @Test("Offline, a slow consumer gets every frame")
  func backPressure() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 40)
    let queue = BoundedQueue<VideoFrame>(capacity: 2, policy: .block)
    var options = FrameSourceOptions()
    options.pacing = .offline
    let source = FrameSource(camera: CameraName(sanitizing: "a"), address: .file(path), options: options) {
      queue.push($0)
    }
    source.start()
    var numbers: [UInt64] = []
    // Keeping frames must not starve the decoder.
    var kept: [VideoFrame] = []
    while numbers.count < 40, let frame = queue.pop(waitingAtMost: 20) {
      #expect(queue.count <= 2)
      numbers.append(frame.number)
      kept.append(frame)
    }
    #expect(numbers == Array(1...40))
    #expect(source.waitUntilEnded(atMost: 20))
    #expect(source.statistics.frames == 40)
    #expect(Set(kept.map(\.picture.luma.address)).count == 40)
  }

  @Test("In real time the wall clock and the file's time go together")
  func realTime() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 6, rate: 20)
    let began = StopSignal.uptime
    let read = FrameCollector.read(path) {
      $0.pacing = .realTime
      $0.now = { Timestamp(seconds: 5000) }
    }
    #expect(StopSignal.uptime - began >= 0.25)
    let offsets = read.frames.map { $0.time.seconds(since: Timestamp(seconds: 5000)) }
    #expect(offsets.count == 6)
    for (index, offset) in offsets.enumerated() { #expect(abs(offset - Double(index) * 0.05) < 0.001) }
  }

  @Test("Stopping is prompt, also while a consumer blocks")
  func stop() throws {
    let folder = try TemporaryFolder()
    let path = try TestVideo.make(folder.file("a.mp4"), frames: 100)
    let gate = StopSignal()
    var options = FrameSourceOptions()
    options.pacing = .offline
    let counted = Mutex(0)
    let source = FrameSource(camera: CameraName(sanitizing: "a"), address: .file(path), options: options) {
      _ in
      counted.withLock { $0 += 1 }
      gate.wait(seconds: 30)
    }
    source.start()
    while counted.withLock({ $0 }) == 0 { Thread.sleep(forTimeInterval: 0.01) }
    source.stop()
    #expect(source.status.phase != .ended)
    gate.set()
    #expect(source.waitUntilEnded(atMost: 20))
    #expect(counted.withLock { $0 } == 1)
    #expect(source.status.phase == .ended)
    let slow = FrameCollector()
    options.pacing = .realTime
    options.recordedFrameRate = 0.01
    let second = slow.source(.file(path), options)
    second.start()
    #expect(slow.wait { $0.frames.count == 1 })
    second.stop()
    #expect(second.status.phase == .ended)
    FrameSource(camera: CameraName(sanitizing: "a"), address: .file(path)) { _ in }.stop()
  }

  @Test("Real footage is read to its last frame")
  func sharedFootage() throws {
    let known: [(String, Int, PictureSize)] = [
      ("multicam/pets09-s2l1-f001-400/View_001.mp4", 400, PictureSize(width: 768, height: 576)),
      ("multicam/pets09-s2l1-f001-400/View_006.mp4", 400, PictureSize(width: 768, height: 576)),
      ("multicam/two-rooms/cam1.mp4", 147, PictureSize(width: 1280, height: 720)),
      ("multicam/two-rooms/cam2.mp4", 84, PictureSize(width: 1280, height: 720)),
    ]
    for (name, count, size) in known {
      guard let path = SharedFootage.file(name) else { continue }
      let read = FrameCollector.read(path)
      #expect(read.frames.count == count, "\(name)")
      #expect(read.frames.allSatisfy { $0.size == size })
      #expect(zip(read.frames, read.frames.dropFirst()).allSatisfy { $0.time < $1.time })
      #expect(read.last == SourceStatus(.ended))
    }
  }
}
