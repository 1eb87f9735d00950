import Foundation
import Pipeline
import Testing
import ThroughlineCore
import ThroughlineTestKit

/// The built program in real time: what it measures of itself, and cameras that fail.
@Suite(.enabled(if: Programs.canRun), .serialized) struct RealTimeTests {
  @Test func streamsAreMeasured() throws {
    let folder = try TemporaryFolder()
    let clip = try TestClip.make(folder.file("clip.mp4"))
    let path = folder.file("report.json")
    let result = try Programs.throughline.run(
      [
        "bench", "streams", clip, "--cameras", "2", "--seconds", "4", "--warm-up", "2", "--json", path,
        "--record", folder.path, "--output.record-layout", "cameras",
      ] + Programs.models, atMost: 240)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output.contains("all / floors"))
    let report = try JSONDecoder().decode(StreamReport.self, from: Data(contentsOf: URL(filePath: path)))
    #expect(report.cameras.count == 2)
    for camera in report.cameras {
      #expect(camera.framesIn > 10 && camera.framesOut > 10 && camera.detected > 0, "\(camera)")
      #expect(camera.toDetection.p50 <= camera.toDetection.p99)
    }
    #expect(report.cameras.allSatisfy { ($0.recording?.frames ?? 0) > 10 })
    #expect((report.encodingPerFrame ?? 0) > 0 && report.stages["encode", default: 0] > 0)
    #expect(result.output.contains("floor: encoding alone"))
    // Widely: with tiny pictures there is more around the models than with large ones.
    #expect((0.5...10).contains(report.ratio), "\(report.ratio)")
    #expect(report.networks.map(\.name) == ["person", "face", "reid"])
    #expect(report.stages["person network", default: 0] > 0)
  }

  @Test func personsAreFoundInTheSubStreamAndTheMainStreamIsRecorded() throws {
    let folder = try TemporaryFolder()
    let main = try TestClip.make(folder.file("main.mp4"))
    let sub = try TestClip.make(folder.file("sub.mp4"), width: 160, height: 120)
    let server = try Programs.throughline.start([
      "replay", "--rtsp", "127.0.0.1:0", "main=\(main)", "sub=\(sub)",
    ])
    defer { server.signal(SIGKILL) }
    try Self.wait("the server is up") { server.outputSoFar.split(separator: "\n").count == 2 }
    let addresses = server.outputSoFar.split(separator: "\n").map(String.init)
    try "cameras: { door: { source: \"\(addresses[0])\", sub-stream: \"\(addresses[1])\" } }\n".write(
      toFile: folder.file("door.yaml"), atomically: true, encoding: .utf8)
    let log = folder.file("events.jsonl")
    let run = try Programs.throughline.start(
      [
        "run", "--config", folder.file("door.yaml"), "--events", log, "--record", folder.path,
        "--output.record-layout", "cameras", "--summary", folder.file("summary.json"),
      ] + Programs.models)
    defer { run.signal(SIGKILL) }
    try Self.wait("the camera delivers") { ((try? Events(log).frames(of: "door").count) ?? 0) > 90 }
    run.signal(SIGINT)
    let result = run.wait(atMost: 60)
    #expect(result.exitCode == 0, "\(result.errors)")
    // The recording is of the main stream, and somebody knew what to cover in it.
    let pictures = try Programs.pictures(of: folder.file("door.mp4"), numbers: [3])
    #expect(pictures[3]?.size == PictureSize(width: 320, height: 240))
    let states = try Events(log).records.filter { $0.event == .cameraState && $0.camera?.rawValue == "door" }
    #expect(states.contains { $0.state == "live" && $0.stream == "main" })
    #expect(states.contains { $0.state == "live" && $0.stream == nil })
    let summary = try JSONDecoder().decode(
      RunSummary.self, from: Data(contentsOf: URL(filePath: folder.file("summary.json"))))
    let camera = try #require(summary.figures?.cameras.first)
    let recorded = try #require(camera.main)
    #expect(recorded.framesIn > 40 && recorded.framesOut > 40, "\(recorded)")
    #expect(recorded.withheld < recorded.framesOut, "\(recorded)")
    #expect(camera.timedBySender > 0, "the server tells the time in its sender reports")
    // What the networks did is in the table as well.
    let person = try #require(summary.figures?.networks.first { $0.name == "person" })
    #expect(person.runs > 0 && person.runP99 >= person.runP50 && person.batchMaximum >= 1)
    #expect(result.output.contains("wait p50"))
  }

  @Test(arguments: [
    (["--offline", "a=x.mp4", "--camera.sub-stream", "rtsp://host/sub"], "leave out either --offline"),
    (
      ["a=rtsp://host/a", "b=rtsp://host/b", "--camera.sub-stream", "rtsp://host/sub"],
      "two cameras have the sub-stream"
    ),
    (["a=rtsp://host/a", "--camera.sub-stream", "http://host/sub"], "cannot be read"),
  ])
  func aSubStreamThatCannotBeIsAUsageError(arguments: [String], words: String) throws {
    let result = try Programs.throughline.run(["run"] + arguments)
    #expect(result.exitCode == 2)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func theSoakIsCalmOnASmallScale() throws {
    let folder = try TemporaryFolder()
    let clip = try TestClip.make(folder.file("clip.mp4"))
    let result = try Programs.throughline.run(
      [
        "bench", "soak", clip, "--cameras", "4", "--seconds", "100", "--kill-every", "8", "--growth", "15",
        "--detection.interval", "0.5",
      ] + Programs.models, atMost: 300)
    #expect(result.exitCode == 0, "\(result.output) \(result.errors)")
    #expect(result.output.contains("nothing has grown, all cameras are alive"))
  }

  /// What happens to the fourth camera.
  enum Trouble: String, CaseIterable {
    case kill, freeze, mute, restart, corrupt
  }

  @Test func oneOfFourCamerasFailsInEveryWayAndTheOthersDeliverEveryFrame() throws {
    let folder = try TemporaryFolder()
    let clip = try TestClip.make(folder.file("clip.mp4"))
    let damaged = try TestClip.damaged(clip, copy: folder.file("damaged.mp4"))
    func serve(_ file: String, port: Int) throws -> ProgramRunner.Running {
      let server = try Programs.throughline.start(["replay", "--rtsp", "127.0.0.1:\(port)", "cam=\(file)"])
      try Self.wait("the server is up") { server.outputSoFar.contains("rtsp://") }
      return server
    }
    var servers: [ProgramRunner.Running] = []
    defer { for server in servers { server.signal(SIGKILL) } }
    for _ in 0..<4 { servers.append(try serve(clip, port: 0)) }
    let addresses = servers.compactMap {
      $0.outputSoFar.split(separator: "\n").first.map(String.init)
    }
    let port = try #require(URL(string: addresses[3])?.port)
    let log = folder.file("events.jsonl")
    let run = try Programs.throughline.start(
      ["run"] + zip(1..., addresses).map { "cam\($0)=\($1)" }
        + ["--events", log, "--camera.timeout", "1.5", "--detection.interval", "0.4"] + Programs.models)
    defer { run.signal(SIGKILL) }
    func frames() -> Int { (try? Events(log).frames(of: "cam4").count) ?? 0 }
    try Self.wait("all cameras deliver") {
      (1...4).allSatisfy { ((try? Events(log).frames(of: "cam\($0)").count) ?? 0) > 20 }
    }
    for trouble in Trouble.allCases {
      var silence: SilentServer?
      switch trouble {
      case .kill, .mute, .corrupt:
        servers[3].signal(SIGKILL)
        _ = servers[3].wait(atMost: 10)
      case .freeze: servers[3].signal(SIGSTOP)
      case .restart:
        servers[3].signal(SIGTERM)
        _ = servers[3].wait(atMost: 10)
      }
      // Somebody answers the call and says nothing.
      if trouble == .mute { silence = try SilentServer(port: port) }
      if trouble == .corrupt { servers[3] = try serve(damaged, port: port) }
      Thread.sleep(forTimeInterval: trouble == .restart ? 0.2 : 3)
      withExtendedLifetime(silence) {}
      silence = nil
      switch trouble {
      case .freeze: servers[3].signal(SIGCONT)
      case .corrupt:
        servers[3].signal(SIGKILL)
        _ = servers[3].wait(atMost: 10)
        servers[3] = try serve(clip, port: port)
      case .kill, .mute, .restart: servers[3] = try serve(clip, port: port)
      }
      let before = frames()
      try Self.wait("camera 4 comes back after \(trouble)") { frames() > before + 15 }
    }
    run.signal(SIGINT)
    let result = run.wait(atMost: 60)
    #expect(result.exitCode == 0, "\(result.errors)")
    let events = try Events(log)
    for number in 1...3 {
      let seen = events.frames(of: "cam\(number)").compactMap(\.frame)
      #expect(seen == Array(1...UInt64(seen.count)), "camera \(number) has lost frames")
      #expect(seen.count > 150)
      let states = events.records.filter { $0.event == .cameraState && $0.camera?.rawValue == "cam\(number)" }
      #expect(states.compactMap(\.state).filter { $0 != "ended" } == ["connecting", "live"])
    }
    let states = events.records.filter { $0.event == .cameraState && $0.camera?.rawValue == "cam4" }
    #expect(states.count { $0.state == "live" } >= 4)
    #expect(states.contains { $0.state == "stalled" && $0.reason?.contains("no frame for") == true })
  }

  private struct Late: Error, CustomStringConvertible { let description: String }

  private static func wait(_ what: String, atMost seconds: Double = 90, until isTrue: () -> Bool) throws {
    let deadline = ProcessInfo.processInfo.systemUptime + seconds
    while !isTrue() {
      guard ProcessInfo.processInfo.systemUptime < deadline else { throw Late(description: "never: \(what)") }
      usleep(100_000)
    }
  }
}
