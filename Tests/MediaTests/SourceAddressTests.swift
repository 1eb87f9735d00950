import Foundation
import Testing

@testable import Media

struct SourceAddressTests {
  @Test(
    "Texts become addresses that show no password",
    arguments: [
      ("video.mp4", "video.mp4", "video"),
      ("  /a/b c.mp4 ", "/a/b c.mp4", "b c"),
      ("/a/.hidden", "/a/.hidden", ".hidden"),
      ("file:///a/b%20c.mp4", "/a/b c.mp4", "b c"),
      ("/dev/video12", "/dev/video12", "video12"),
      ("/dev/videox", "/dev/videox", "videox"),
      ("rtsp://cam", "rtsp://cam", "cam"),
      ("RTSPS://cam:322/live/1?x=y", "rtsps://cam:322/live/1?x=y", "cam-live-1-x-y"),
      ("rtsp://anna:secret@10.0.0.5:8554/a", "rtsp://10.0.0.5:8554/a", "10.0.0.5-a"),
      ("rtsp://anna:se%40cret@cam/a", "rtsp://cam/a", "cam-a"),
      ("rtsp://anna:se@cret@cam/a", "rtsp://cam/a", "cam-a"),
      ("rtsp://anna:se/cret@cam/a", "rtsp://cam/a", "cam-a"),
      ("rtsp://cam:554/a@b", "rtsp://cam:554/a@b", "cam-a-b"),
      ("rtsp://anna:secret@[fe80::1]:554/x", "rtsp://[fe80::1]:554/x", "fe80::1-x"),
      ("rtsp://cam?channel=1", "rtsp://cam/?channel=1", "cam-channel-1"),
    ])
  func parse(text: String, description: String, name: String) throws {
    let address = try SourceAddress(parsing: text)
    #expect(address.description == description)
    #expect("\(address)".contains("secret") == false)
    #expect(address.suggestedName == name)
  }

  @Test("User name and password are read from the address")
  func credentials() throws {
    guard case .rtsp(let address) = try SourceAddress(parsing: "rtsp://an%20na:se%40c:ret@cam:8554/a") else {
      Issue.record("no RTSP address")
      return
    }
    #expect(address.user == "an na")
    #expect(address.password == "se@c:ret")
    #expect(address.host == "cam")
    #expect(address.effectivePort == 8554)
    #expect(address.location == "rtsp://cam:8554/a")
  }

  @Test(
    "What is no address is refused, without its password",
    arguments: [
      "", "  ", "http://cam/x", "rtsp://", "rtsp:///path", "rtsp://anna:secret@", "rtsp://cam:0/x",
      "rtsp://cam:65536/x",
      "rtsp://cam:port/x", "rtsp://[fe80::1/x", "rtsp://[::1]x/y", "rtsp://ca m/x", "rtsp://cam/a b",
      "file://relative",
      "rtsp://anna:secret@cam:99999999999999999999/x", "a\u{0}b",
    ])
  func refuse(text: String) {
    do {
      let address = try SourceAddress(parsing: text)
      Issue.record("'\(text)' became \(address)")
    } catch {
      #expect(!"\(error)".contains("secret"))
      #expect(!"\(error)".contains("\n"))
    }
  }

  @Test("A folder becomes its videos in the order of their numbers")
  func expand() throws {
    let folder = try TemporaryFolder()
    for name in ["cam10.mp4", "cam2.MP4", "cam2b.mkv", "notes.txt", ".cam1.mp4", "Z.avi", "mp4"] {
      _ = try folder.write(name, [0])
    }
    try FileManager.default.createDirectory(atPath: folder.file("sub.mp4"), withIntermediateDirectories: true)
    let names = try SourceAddress.expand(folder.path).map {
      String($0.description.split(separator: "/").last ?? "")
    }
    #expect(names == ["Z.avi", "cam2.MP4", "cam2b.mkv", "cam10.mp4"])
    #expect(try SourceAddress.expand("rtsp://cam/x").map(\.description) == ["rtsp://cam/x"])
    #expect(try SourceAddress.expand(folder.file("missing.mp4")).count == 1)
    let empty = try TemporaryFolder()
    #expect(throws: SourceAddressError.emptyFolder(empty.path)) { try SourceAddress.expand(empty.path) }
  }
}
