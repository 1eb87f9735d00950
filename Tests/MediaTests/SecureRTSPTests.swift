import Foundation
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Media

/// RTSP over TLS, with a real server on loopback. One after the other: they wait for connections.
@Suite(.serialized)
struct SecureRTSPTests {
  /// A certificate for 127.0.0.1 that was made for these tests and signed by itself, with its key. It protects nothing.
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBZDCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAiMSAwHgYDVQQDDBdUaHJvdWdo
    bGluZSB0ZXN0IGNhbWVyYTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAw
    MFowIjEgMB4GA1UEAwwXVGhyb3VnaGxpbmUgdGVzdCBjYW1lcmEwWTATBgcqhkjO
    PQIBBggqhkjOPQMBBwNCAASRkC8KTMPn4lsRqfKedHT2+jWnGUuwC8oMm4thENXi
    Yo9C0qOaaPCDVDXt70TpCr7FAo8+Z1osMyG7imMZqdwHoy8wLTAaBgNVHREEEzAR
    hwR/AAABgglsb2NhbGhvc3QwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNI
    ADBFAiEA8IKouAFyDFMMQ5E5oq0pHHIKdCtOu8iCJeZx9hPcEPICICnk9ED4ELYH
    EHbyivX2Tb2RynP2NxfqalnMPcwN1r3f
    -----END CERTIFICATE-----
    """
  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcXP2hsbRupwscK8l
    Ouz9ll+ovpd2fyhhcaEYEVrZLuKhRANCAASRkC8KTMPn4lsRqfKedHT2+jWnGUuw
    C8oMm4thENXiYo9C0qOaaPCDVDXt70TpCr7FAo8+Z1osMyG7imMZqdwH
    -----END PRIVATE KEY-----
    """

  private static func server(
    _ folder: TemporaryFolder, user: String? = nil, password: String? = nil
  ) throws -> RTSPFileServer {
    let video = try TestVideo.make(folder.file("a.mp4"), frames: 15, rate: 15)
    var options = RTSPFileServerOptions()
    options.port = 0
    options.user = user
    options.password = password
    options.certificateFile = try folder.write("certificate.pem", Array(certificate.utf8))
    options.keyFile = try folder.write("key.pem", Array(key.utf8))
    return try RTSPFileServer([.init(name: "cam", file: video)], options: options)
  }

  private static func options(_ change: (inout FrameSourceOptions) -> Void) -> FrameSourceOptions {
    var options = FrameSourceOptions()
    options.maximumInitialAttempts = 1
    options.connectionTimeout = 8
    change(&options)
    return options
  }

  @Test(
    "An encrypted camera's frames come where its certificate is named, or any is taken",
    arguments: [(true, false), (false, false), (true, true)])
  func plays(names: Bool, hasPassword: Bool) throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(
      folder, user: hasPassword ? "anna" : nil, password: hasPassword ? "secret" : nil)
    #expect(server.addresses[0].hasPrefix("rtsps://"))
    let collector = FrameCollector()
    let source = collector.source(
      try SourceAddress(parsing: server.addresses[0]),
      Self.options {
        $0.verifiesCertificate = names
        if names { $0.certificateFile = folder.file("certificate.pem") }
        if hasPassword { ($0.user, $0.password) = ("anna", "secret") }
      })
    source.start()
    #expect(collector.wait { $0.frames.count >= 10 }, "\(source.status)")
    source.stop()
    server.stop()
  }

  @Test("A certificate that nobody here trusts is refused, and the line says what to do")
  func untrusted() throws {
    let folder = try TemporaryFolder()
    let server = try Self.server(folder)
    let collector = FrameCollector()
    let source = collector.source(try SourceAddress(parsing: server.addresses[0]), Self.options { _ in })
    source.start()
    #expect(source.waitUntilEnded(atMost: 30))
    #expect(collector.frames.isEmpty)
    #expect(source.status.problem?.kind == .untrusted, "\(source.status)")
    let line = source.status.problem?.description ?? ""
    #expect(line.contains("camera.certificate-file") && !line.contains("\n"), "\(line)")
    server.stop()
  }

  @Test("A server without a proper certificate is refused in a line")
  func badCertificate() throws {
    let folder = try TemporaryFolder()
    let video = try TestVideo.make(folder.file("a.mp4"), frames: 5)
    for text in ["", "no certificate", Self.certificate] {
      var options = RTSPFileServerOptions()
      options.port = 0
      options.certificateFile = try folder.write("bad.pem", Array(text.utf8))
      do {
        _ = try RTSPFileServer([.init(name: "cam", file: video)], options: options)
        Issue.record("served with '\(text.prefix(20))'")
      } catch {
        #expect(error.description.contains("bad.pem") && !error.description.contains("\n"))
      }
    }
  }
}
