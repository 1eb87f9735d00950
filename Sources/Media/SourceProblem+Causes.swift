import CGStreamer
import Foundation

extension SourceProblem {
  /// What is wrong with a file or device before it is opened.
  static func before(opening address: SourceAddress) -> SourceProblem? {
    switch address {
    case .rtsp: return nil
    case .file(let path): return check(path, wanted: S_IFREG)
    case .device(let path): return check(path, wanted: S_IFCHR)
    }
  }

  private static func check(_ path: String, wanted: mode_t) -> SourceProblem? {
    func problem(_ kind: Kind, _ message: String) -> SourceProblem {
      SourceProblem(kind, source: path, message: message)
    }
    let isFile = wanted == S_IFREG
    var info = stat()
    guard stat(path, &info) == 0 else {
      switch errno {
      case ENOENT, ENOTDIR:
        return problem(
          .missing,
          isFile ? "no such file; check the path" : "no such camera; is it plugged in? ls /dev/video*")
      case EACCES: return problem(.unreadable, "may not be read; check the rights of its folder")
      default: return problem(.unreadable, "cannot be read (\(String(cString: strerror(errno))))")
      }
    }
    let type = info.st_mode & S_IFMT
    if type == S_IFDIR { return problem(.directory, "is a folder; name a video file in it") }
    guard type == wanted else {
      return problem(.unreadable, isFile ? "is no regular file; name a video file" : "is no camera device")
    }
    guard access(path, R_OK) == 0 else {
      return problem(
        .unreadable,
        isFile
          ? "may not be read; check the file's rights"
          : "may not be read; add your user to the group 'video' and log in again")
    }
    if isFile, info.st_size == 0 { return problem(.notVideo, "is empty (0 bytes); copy the file again") }
    return nil
  }

  /// A part of GStreamer that is not there.
  static func missing(_ element: MissingElement, source: SourceAddress) -> SourceProblem {
    SourceProblem(.missingPlugin, source: source.description, message: element.message)
  }

  /// A camera tells a time that cannot be.
  ///
  /// - Parameter offset: how far its clock is ahead, in seconds.
  static func wrongClock(_ source: SourceAddress, offset: Double) -> SourceProblem {
    SourceProblem(
      .wrongClock, source: source.description,
      message:
        "the camera's clock is \(Int(abs(offset).rounded())) s \(offset < 0 ? "behind" : "ahead"), so the times of arrival are taken; give the camera a time server"
    )
  }

  /// GStreamer asked for a plug-in that is not there.
  static func missingPlugin(name: String, detail: String, source: SourceAddress) -> SourceProblem {
    let type = detail.split(whereSeparator: { ",;\"\\ ".contains($0) }).first.map(String.init) ?? "unknown"
    let package = package(forMediaType: type)
    return SourceProblem(
      .missingPlugin, source: source.description,
      message: "GStreamer cannot decode it, \(name) is missing (\(type)); try: apt-get install \(package)")
  }

  private static func package(forMediaType type: String) -> String {
    switch type {
    case "video/quicktime", "video/x-matroska", "video/webm", "video/x-msvideo", "application/x-rtp",
      "image/jpeg":
      "gstreamer1.0-plugins-good"
    case "video/mpegts": "gstreamer1.0-plugins-bad"
    case _ where type.hasPrefix("video/"): "gstreamer1.0-libav"
    default: "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav"
    }
  }

  /// What an error of a file's pipeline means when no frame came before it.
  static func file(
    _ address: SourceAddress, failure: PipelineFailure, progress: DecodingBranch.Progress
  ) -> SourceProblem {
    func problem(_ kind: Kind, _ message: String) -> SourceProblem {
      SourceProblem(kind, source: address.description, message: message)
    }
    if case .file(let path) = address, ContainerCheck.isCutShort(path: path) {
      return problem(.truncated, "is cut short and cannot be played; copy or record the file again")
    }
    if failure.isStream(GST_STREAM_ERROR_TYPE_NOT_FOUND) || failure.isStream(GST_STREAM_ERROR_WRONG_TYPE) {
      return problem(.notVideo, "is no video file; name a file such as MP4, MKV, MOV or AVI")
    }
    if failure.isStream(GST_STREAM_ERROR_CODEC_NOT_FOUND) {
      return problem(.unsupported, "is of a kind that GStreamer cannot decode here; \(failure.line)")
    }
    if !progress.hasVideo, !progress.others.isEmpty { return noVideo(address) }
    if failure.isStream(GST_STREAM_ERROR_DEMUX) || failure.isStream(GST_STREAM_ERROR_DECODE) {
      return problem(
        .notVideo, "is damaged or holds no video (\(failure.line)); copy or convert the file again")
    }
    return problem(.other, "cannot be played: \(failure.line)")
  }

  /// The file or stream has tracks, but no video.
  static func noVideo(_ address: SourceAddress) -> SourceProblem {
    SourceProblem(
      .notVideo, source: address.description,
      message: "has no video track; name a file or stream that has one")
  }

  /// The file ended without a frame.
  static func noFrames(_ address: SourceAddress) -> SourceProblem {
    SourceProblem(
      .noFrames, source: address.description,
      message: "is a video without frames; record or copy the file again")
  }

  /// The file ended before its time, after so many frames.
  static func truncated(_ address: SourceAddress, frames: UInt64, failure: PipelineFailure?) -> SourceProblem
  {
    let reason = failure.map { "is damaged (\($0.line))" } ?? "is cut short"
    return SourceProblem(
      .truncated, source: address.description,
      message: "\(reason); the \(frames) frames before that were used, copy the file again for the rest")
  }

  /// What an error of a camera's pipeline means.
  static func camera(
    _ address: SourceAddress, failure: PipelineFailure, options: FrameSourceOptions, hasFrames: Bool
  ) -> SourceProblem {
    func problem(_ kind: Kind, _ message: String) -> SourceProblem {
      SourceProblem(kind, source: address.description, message: message)
    }
    guard case .rtsp(let rtsp) = address else {
      if failure.isResource(GST_RESOURCE_ERROR_BUSY) {
        return problem(.unreadable, "is in use by another program; end that one")
      }
      return problem(hasFrames ? .closed : .other, "the camera failed: \(failure.line)")
    }
    if failure.isResource(GST_RESOURCE_ERROR_NOT_AUTHORIZED) { return unauthorised(rtsp, options) }
    if failure.isResource(GST_RESOURCE_ERROR_NOT_FOUND) {
      return problem(
        .notFound, "the camera knows no such path (404); check what follows the host in the address")
    }
    let detail = failure.detail.lowercased()
    if detail.contains("certificate") || detail.contains("tls") || detail.contains("gnutls") {
      return problem(
        .untrusted,
        "no encrypted connection that can be trusted (\(failure.line)); name the camera's certificate with camera.certificate-file, or take any with camera.certificate: accept"
      )
    }
    if hasFrames { return problem(.closed, "the camera ended the connection") }
    if failure.isStream(GST_STREAM_ERROR_CODEC_NOT_FOUND) || failure.isStream(GST_STREAM_ERROR_WRONG_TYPE) {
      return problem(.unsupported, "the stream is of a kind that cannot be decoded here: \(failure.line)")
    }
    if let reason = unreachable(rtsp, timeout: min(options.connectionTimeout, 3)) { return reason }
    if rtsp.isSecure, failure.isResource(GST_RESOURCE_ERROR_OPEN_READ_WRITE) {
      return problem(
        .untrusted,
        "no encrypted connection that can be trusted; name the camera's certificate with camera.certificate-file, or take any with camera.certificate: accept; for a camera without encryption write rtsp://"
      )
    }
    if detail.contains("parse error") {
      return problem(.unsupported, "who answers there is no RTSP camera; check the address and the port")
    }
    return problem(.other, "the camera answers, but gives no stream: \(failure.line)")
  }

  private static func unauthorised(_ address: RTSPAddress, _ options: FrameSourceOptions) -> SourceProblem {
    let hasPassword = options.password(for: address) != nil
    return SourceProblem(
      .unauthorised, source: address.description,
      message: hasPassword
        ? "the camera refuses this user name and password (401); correct them"
        : "the camera wants a user name and password (401); give them with the camera's settings")
  }

  /// Why there is no connection to the camera's port; `nil` where there is one.
  static func unreachable(_ address: RTSPAddress, timeout: Double) -> SourceProblem? {
    func problem(_ kind: Kind, _ message: String) -> SourceProblem {
      SourceProblem(kind, source: address.description, message: message)
    }
    let port = address.effectivePort
    switch NetworkProbe.connect(host: address.host, port: port, timeout: timeout) {
    case .reachable: return nil
    case .refused:
      return problem(
        .refused,
        "refused: nobody listens at port \(port) of \(address.host); check that the camera is on and its port"
      )
    case .timedOut:
      return problem(
        .timedOut, "time-out: \(address.host) does not answer; check its address, power and network cable")
    case .unknownHost:
      return problem(
        .unreachable, "the host '\(address.host)' is not known; check the name or write its number")
    case .unreachable(let reason):
      return problem(.unreachable, "\(address.host) cannot be reached (\(reason)); check the network")
    }
  }

  /// Connected (or not), but no frame came in time.
  static func silent(
    _ address: SourceAddress, seconds: Double, hasFrames: Bool, progress: DecodingBranch.Progress
  ) -> SourceProblem {
    let time = seconds == seconds.rounded() ? String(Int(seconds)) : String((seconds * 100).rounded() / 100)
    if hasFrames {
      return SourceProblem(
        .stalled, source: address.description,
        message: "no frame for \(time) s although connected; check the camera and the network")
    }
    if case .rtsp(let rtsp) = address {
      if !progress.hasVideo, !progress.others.isEmpty { return noVideo(address) }
      if let reason = unreachable(rtsp, timeout: 1) { return reason }
    }
    return SourceProblem(
      .timedOut, source: address.description,
      message:
        "time-out: connected, but no frame within \(time) s; check the camera's stream and the transport")
  }
}
