import CGStreamer
import Foundation
import Synchronization

/// How files are served.
public struct RTSPFileServerOptions: Sendable {
  /// The address to listen at; only this machine by default.
  public var host = "127.0.0.1"
  /// The port; 0 takes a free one.
  public var port = 8554
  /// The user name that is asked for, together with ``password``.
  public var user: String?
  /// The password that is asked for (digest authentication, RFC 2617).
  public var password: String?
  /// A PEM file with the certificate to show; with it connections are encrypted (`rtsps://`).
  public var certificateFile: String?
  /// A PEM file with the certificate's private key; `nil` where it stands in the certificate's file.
  public var keyFile: String?
  /// For tests: pictures travel in packets of their own only, as with cameras that refuse TCP.
  var isUDPOnly = false

  /// The usual settings.
  public init() {}
}

/// Serves video files as RTSP cameras, each in a loop and in real time, without encoding them again. For replaying
/// footage, for tests and for trying other programs.
public final class RTSPFileServer: Sendable {
  /// A file and the name under which it is served.
  public struct Mount: Sendable, Hashable {
    /// The name: the path of the address without its slash.
    public var name: String
    /// The file.
    public var file: String

    /// A mount by its parts.
    public init(name: String, file: String) {
      self.name = name
      self.file = file
    }
  }

  private let thread: RTSPServerThread
  private let host: String
  private let scheme: String
  private let mounts: [Mount]

  /// Starts the server.
  ///
  /// - Throws: ``MediaOutputError`` where a file cannot be served, the port is taken or GStreamer lacks a part.
  public init(
    _ mounts: [Mount], options: RTSPFileServerOptions = RTSPFileServerOptions()
  ) throws(MediaOutputError) {
    GStreamerLibrary.start()
    self.mounts = mounts
    host = options.host
    scheme = options.certificateFile == nil ? "rtsp" : "rtsps"
    var served: [(mount: Mount, video: ServedVideo)] = []
    for mount in mounts {
      guard !mount.name.isEmpty,
        mount.name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
      else {
        throw MediaOutputError(
          .unusableAddress, output: mount.file,
          message: "'\(mount.name)' is no name for a path; use letters and digits")
      }
      guard served.allSatisfy({ $0.mount.name != mount.name }) else {
        throw MediaOutputError(
          .unusableAddress, output: mount.file,
          message: "two files would be served as /\(mount.name); name one otherwise")
      }
      served.append((mount, try ServedVideo(file: mount.file)))
    }
    thread = try RTSPServerThread(served.map { ($0.mount.name, $0.video) }, options: options)
  }

  deinit { thread.stop() }

  /// The port that is listened at.
  public var port: Int { thread.port }

  /// The addresses of the files, in the order given.
  public var addresses: [String] {
    let name = host.contains(":") ? "[\(host)]" : host
    return mounts.map { "\(scheme)://\(name):\(port)/\($0.name)" }
  }

  /// Ends the server and all its connections.
  public func stop() { thread.stop() }

  /// For tests: from now on the server says and sends nothing, as a camera that hangs; its connections stay open.
  func freeze() { thread.freeze() }
}

/// A video that can be served: its packets are read again for every play.
struct ServedVideo: Sendable {
  let file: String
  /// The elements that pack it for RTP.
  let launch: String

  /// - Throws: ``MediaOutputError`` where the file holds no video of a kind that RTP carries.
  init(file: String) throws(MediaOutputError) {
    self.file = file
    func fail(_ message: String) -> MediaOutputError {
      MediaOutputError(.other, output: file, message: message)
    }
    if let problem = SourceProblem.before(opening: .file(file)) { throw fail(problem.message) }
    let reader: PacketReader
    do throws(MissingElement) {
      reader = try PacketReader(file: file)
    } catch {
      throw .missing(error, output: file)
    }
    guard let packet = reader.next(waitingAtMost: 20) else {
      throw fail(
        "cannot be served: \(reader.failure ?? "it holds no video"); convert it first")
    }
    let payloader: String
    let parser: String
    switch packet.mediaType {
    case "video/x-h264":
      (parser, payloader) = ("h264parse", "rtph264pay config-interval=-1 aggregate-mode=zero-latency")
    case "video/x-h265":
      (parser, payloader) = ("h265parse", "rtph265pay config-interval=-1 aggregate-mode=zero-latency")
    case "image/jpeg": (parser, payloader) = ("jpegparse", "rtpjpegpay")
    case "video/mpeg", "video/x-divx":
      (parser, payloader) = ("mpeg4videoparse", "rtpmp4vpay config-interval=1")
    default:
      throw fail(
        "cannot be served: it holds \(packet.mediaType), only H.264, H.265, JPEG and MPEG-4 are; convert it first"
      )
    }
    launch = """
      ( appsrc name=feed format=time is-live=true block=false max-bytes=0 ! \(parser) ! \(payloader) name=pay0 pt=96 )
      """
  }
}
