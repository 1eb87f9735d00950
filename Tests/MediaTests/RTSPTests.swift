import Foundation
import Synchronization
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Media

/// One after the other: they measure silence.
@Suite(.serialized)
struct RTSPTests {
  private static func options(_ change: (inout FrameSourceOptions) -> Void = { _ in }) -> FrameSourceOptions {
    var options = FrameSourceOptions()
    options.readTimeout = 1
    options.connectionTimeout = 8
    options.backoff = ReconnectBackoff(minimum: 0.05, maximum: 0.2, seed: 1)
    change(&options)
    return options
  }

  private static func server(
    _ folder: TemporaryFolder, port: Int = 0, user: String? = nil, password: String? = nil,
    kind: TestVideo.Kind = TestVideo.h264
  ) throws -> RTSPFileServer {
    let path = folder.file(kind.name)
    if !FileManager.default.fileExists(atPath: path) {
      try TestVideo.make(path, kind: kind, frames: 15, rate: 15)
    }
    var options = RTSPFileServerOptions()
    options.port = port
    options.user = user
    options.password = password
    return try RTSPFileServer([.init(name: "cam", file: path)], options: options)
  }

  private static func address(_ server: RTSPFileServer) throws -> SourceAddress {
    try SourceAddress(parsing: server.addresses[0])
  }

  @Test(
    "A camera's frames come, over TCP and UDP, over its loop",
    arguments: [
      ("h264.mp4", false), ("h264.mp4", true), ("h265.mp4", false), ("mjpeg.mkv", false),
      ("mpeg4.avi", false),
    ])
  func plays(kindName: String, usesUDP: Bool) throws {
    let folder = try TemporaryFolder()
    let kind = try #require(TestVideo.kinds.first { $0.name == kindName })
    let server = try Self.server(folder, kind: kind)
    let collector = FrameCollector()
    let source = collector.source(
      try Self.address(server), Self.options { $0.transport = usesUDP ? .udp : .tcp })
    source.start()
    #expect(collector.wait { $0.frames.count >= 25 })
    source.stop()
    server.stop()
    let frames = collector.frames
    #expect(frames.allSatisfy { $0.size == PictureSize(width: 160, height: 120) && !$0.isCut })
    #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.time < $1.time })
    #expect(collector.phases == [.connecting, .live, .ended])
  }

  @Test("A camera that refuses TCP is read over UDP by itself")
  func fallsBackToUDP() throws {
    let folder = try TemporaryFolder()
    var serverOptions = RTSPFileServerOptions()
    serverOptions.port = 0
    serverOptions.isUDPOnly = true
    let video = try TestVideo.make(folder.file("a.mp4"), frames: 15, rate: 15)
    let server = try RTSPFileServer([.init(name: "cam", file: video)], options: serverOptions)
    let collector = FrameCollector()
    let source = collector.source(try Self.address(server), Self.options())
    source.start()
    #expect(collector.wait { $0.frames.count >= 10 }, "\(source.status)")
    source.stop()
    server.stop()
  }

  @Test("A server that ends and comes back is found again")
  func restart() throws {
    let folder = try TemporaryFolder()
    let first = try Self.server(folder)
    let port = first.port
    let collector = FrameCollector()
    let source = collector.source(try Self.address(first), Self.options())
    source.start()
    #expect(collector.wait { $0.frames.count >= 3 })
    first.stop()
    #expect(collector.wait { $0.problems.contains { $0.kind == .refused } })
    let before = collector.frames.count
    let second = try Self.server(folder, port: port)
    #expect(collector.wait { $0.frames.count >= before + 3 })
    source.stop()
    second.stop()
    #expect(collector.frames.filter(\.isCut).map(\.number) == [UInt64(before + 1)])
    #expect(zip(collector.frames, collector.frames.dropFirst()).allSatisfy { $0.time < $1.time })
    #expect(source.statistics.interruptions >= 1)
    #expect(source.status.phase == .ended)
  }

  @Test("A server that freezes is noticed, and stopping stays prompt")
  func freeze() throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder)
    let collector = FrameCollector()
    let source = collector.source(try Self.address(server), Self.options { $0.connectionTimeout = 1 })
    source.start()
    // The first connection may take longer than the time-out of this test on a busy machine; it is tried again then.
    #expect(collector.wait { $0.frames.count >= 3 })
    server.freeze()
    #expect(collector.wait { $0.phases.contains(.stalled) })
    #expect(collector.problems.contains { $0.kind == .stalled && $0.message.contains("no frame for 1 s") })
    // Now the frozen server accepts connections and says nothing.
    #expect(collector.wait { $0.problems.contains { $0.kind == .timedOut } })
    source.stop()
    #expect(source.status.phase == .ended)
    server.stop()
  }

  @Test("One camera that fails leaves the others alone")
  func others() throws {
    let folder = try TemporaryFolder()
    let good = try Self.server(folder)
    let bad = try Self.server(folder)
    let goodFrames = FrameCollector()
    let badFrames = FrameCollector()
    let sources = [
      goodFrames.source(try Self.address(good), Self.options()),
      badFrames.source(try Self.address(bad), Self.options()),
    ]
    for source in sources { source.start() }
    #expect(badFrames.wait { $0.frames.count >= 3 } && goodFrames.wait { $0.frames.count >= 3 })
    bad.stop()
    let count = goodFrames.frames.count
    #expect(goodFrames.wait { $0.frames.count >= count + 20 })
    #expect(goodFrames.problems.isEmpty)
    #expect(!badFrames.problems.isEmpty)
    for source in sources { source.stop() }
    good.stop()
  }

  @Test(
    "User name and password are asked for and taken from the address or beside it",
    arguments: [
      (nil, nil, nil, false), ("anna:wrong@", nil, nil, false), ("anna:secret@", nil, nil, true),
      ("anna:secret@", "", "", true),
      ("anna:wrong@", "anna", "secret", true), (nil, "anna", "secret", true), (nil, "otto", "secret", false),
    ] as [(String?, String?, String?, Bool)])
  func password(inAddress: String?, user: String?, password: String?, isRight: Bool) throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder, user: "anna", password: "secret")
    let text = server.addresses[0].replacingOccurrences(of: "rtsp://", with: "rtsp://" + (inAddress ?? ""))
    let collector = FrameCollector()
    let source = collector.source(
      try SourceAddress(parsing: text),
      Self.options {
        $0.user = user
        $0.password = password
        $0.maximumInitialAttempts = 1
      })
    source.start()
    if isRight {
      #expect(collector.wait { !$0.frames.isEmpty })
    } else {
      #expect(source.waitUntilEnded(atMost: 20))
      #expect(source.status.phase == .unauthorised)
      let line = source.status.problem?.description ?? ""
      #expect(line.contains("401") && !line.contains("secret") && !line.contains("wrong"), "\(line)")
    }
    source.stop()
    server.stop()
  }

  @Test("Nobody there, no such path, no RTSP, no such host: one line each")
  func unreachable() throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder)
    let silent = try SilentServer(isListening: false)
    let cases: [(String, SourceProblem.Kind)] = [
      ("rtsp://127.0.0.1:\(silent.port)/cam", .refused),
      ("rtsp://127.0.0.1:\(server.port)/other", .notFound),
      ("rtsps://127.0.0.1:\(server.port)/cam", .untrusted),
      ("rtsp://no-such-host.invalid/cam", .unreachable),
    ]
    for (text, kind) in cases {
      let collector = FrameCollector()
      let source = collector.source(
        try SourceAddress(parsing: text),
        Self.options {
          $0.maximumInitialAttempts = 1
          $0.connectionTimeout = 5
        })
      source.start()
      #expect(source.waitUntilEnded(atMost: 30))
      #expect(source.status.phase == .failed)
      #expect(source.status.problem?.kind == kind, "\(text): \(source.status)")
      #expect(source.status.problem?.description.contains("\n") == false)
    }
    // Somebody listens and says nothing.
    silent.listen()
    let collector = FrameCollector()
    let source = collector.source(
      try SourceAddress(parsing: "rtsp://127.0.0.1:\(silent.port)/cam"),
      Self.options {
        $0.maximumInitialAttempts = 1
        $0.connectionTimeout = 0.5
        $0.transport = .tcp
      })
    source.start()
    #expect(source.waitUntilEnded(atMost: 20))
    #expect(source.status.problem?.kind == .timedOut, "\(source.status)")
    server.stop()
  }

  @Test("Stopping while a camera is tried again is prompt")
  func stopWhileWaiting() throws {
    let collector = FrameCollector()
    let source = collector.source(
      try SourceAddress(parsing: "rtsp://127.0.0.1:1/cam"),
      Self.options { $0.backoff = ReconnectBackoff(minimum: 1000, maximum: 1000, seed: 1) })
    source.start()
    #expect(collector.wait { $0.last?.retryDelay != nil })
    source.stop()
    #expect(source.status.phase == .ended)
  }

  @Test("A camera's own clock says when its pictures were taken, however long they were on their way")
  func senderClock() throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder)
    let collectors = [FrameCollector(), FrameCollector()]
    let address = try Self.address(server)
    // For the second one every frame arrives 0.43 s later.
    let sources = [
      collectors[0].source(address, Self.options()),
      collectors[1].source(
        address,
        Self.options { $0.now = { Timestamp(seconds: Date().timeIntervalSince1970 + 0.43) } }),
    ]
    for source in sources { source.start() }
    // Until the times of arrival, by which both began, are given up.
    #expect(collectors[1].wait(atMost: 40) { _ in sources.allSatisfy { $0.statistics.timedBySender >= 60 } })
    for source in sources { source.stop() }
    server.stop()
    let (quick, slow) = (collectors[0].frames.map(\.time), collectors[1].frames.map(\.time))
    for times in [quick, slow] { #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 }) }
    // The first one was stopped before the second.
    let newest = try #require(quick.last)
    for time in slow.filter({ $0 <= newest }).suffix(5) {
      let nearest = quick.map { abs($0.seconds(since: time)) }.min() ?? 1
      #expect(nearest < 0.002, "the same frame has two times, \(nearest) s apart")
    }
    #expect((sources[1].statistics.clockOffset ?? 0) < (sources[0].statistics.clockOffset ?? 0) - 0.3)
  }

  @Test("A camera whose clock is wrong goes by the times of arrival, and that is said")
  func wrongSenderClock() throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder)
    let collector = FrameCollector()
    let begin = Date().timeIntervalSince1970
    let source = collector.source(
      try Self.address(server),
      Self.options { $0.now = { Timestamp(seconds: Date().timeIntervalSince1970 + 1000) } })
    source.start()
    #expect(collector.wait(atMost: 40) { $0.problems.contains { $0.kind == .wrongClock } })
    let count = collector.frames.count
    #expect(collector.wait { $0.frames.count >= count + 5 })
    source.stop()
    server.stop()
    #expect(collector.frames.allSatisfy { $0.time > Timestamp(seconds: begin + 1000) })
    #expect(source.statistics.timedBySender == 0)
    let message = collector.problems.first { $0.kind == .wrongClock }?.message ?? ""
    #expect(message.contains("1000 s behind") || message.contains("1001 s behind"), "\(message)")
  }

  @Test("What cannot be served is refused in a line")
  func badServer() throws {
    let folder = try TemporaryFolder()
    let good = try TestVideo.make(folder.file("a.mp4"), frames: 5)
    let cut = try folder.write(
      "cut.mp4", [UInt8](try Data(contentsOf: URL(fileURLWithPath: good)).prefix(1000)))
    let text = try folder.write("b.mp4", Array("no video, but text that is long enough to be looked at".utf8))
    let cases: [[RTSPFileServer.Mount]] = [
      [.init(name: "a", file: folder.file("none.mp4"))], [.init(name: "a", file: text)],
      [.init(name: "a", file: cut)], [.init(name: "a/b", file: good)], [.init(name: "", file: good)],
      [.init(name: "a", file: good), .init(name: "a", file: good)],
    ]
    for mounts in cases {
      var options = RTSPFileServerOptions()
      options.port = 0
      do {
        _ = try RTSPFileServer(mounts, options: options)
        Issue.record("\(mounts) are served")
      } catch {
        #expect(!error.description.contains("\n"))
      }
    }
    let server = try Self.server(folder)
    var taken = RTSPFileServerOptions()
    taken.port = server.port
    #expect(throws: MediaOutputError.self) {
      try RTSPFileServer([.init(name: "a", file: good)], options: taken)
    }
    server.stop()
    server.stop()
  }
}
