import CGStreamer
import Foundation
import Synchronization

// The pointers are set in the initialiser. The context may be woken from any thread; otherwise server and context are used
// by the server's own thread once it runs, and by `deinit` when that has ended.
/// The RTSP server with a main context on a thread of its own.
final class RTSPServerThread: @unchecked Sendable {
  private let context: OpaquePointer
  private let server: UnsafeMutablePointer<GstRTSPServer>
  private var sourceID: guint = 0
  private let done = StopSignal()
  private let stopping = StopSignal()
  private let isFrozen = StopSignal()
  let port: Int

  init(_ videos: [(name: String, video: ServedVideo)], options: RTSPFileServerOptions)
    throws(MediaOutputError)
  {
    let output = "rtsp://\(options.host):\(options.port)"
    guard let context = g_main_context_new(), let server = gst_rtsp_server_new() else {
      throw MediaOutputError(.other, output: output, message: "GStreamer's RTSP server cannot be made")
    }
    self.context = context
    self.server = server
    gst_rtsp_server_set_address(server, options.host)
    gst_rtsp_server_set_service(server, String(options.port))
    // Clients are served on this thread and not on one of the library's own, so that it can be stopped.
    if let threads = gst_rtsp_server_get_thread_pool(server) {
      gst_rtsp_thread_pool_set_max_threads(threads, 0)
      g_object_unref(threads)
    }
    let isProtected = options.user != nil || options.password != nil || options.certificateFile != nil
    if isProtected {
      do throws(MediaOutputError) { try Self.protect(server, options) } catch {
        // Complete, so that what was made is given back.
        port = 0
        throw error
      }
    }
    let mounts = gst_rtsp_server_get_mount_points(server)
    for (name, video) in videos {
      guard let factory = gst_rtsp_media_factory_new() else { continue }
      gst_rtsp_media_factory_set_launch(factory, video.launch)
      gst_rtsp_media_factory_set_shared(factory, 1)
      gst_rtsp_media_factory_set_latency(factory, 0)
      if options.isUDPOnly { gst_rtsp_media_factory_set_protocols(factory, GST_RTSP_LOWER_TRANS_UDP) }
      if isProtected { cgst_allow_role(factory, "viewer") }
      let feeder = MediaFeeder(file: video.file, stop: stopping, isFrozen: isFrozen)
      cgst_connect_media_configure(
        factory, startFeeding, Unmanaged.passRetained(feeder).toOpaque(), releaseClosureData)
      gst_rtsp_mount_points_add_factory(mounts, "/" + name, factory)
    }
    g_object_unref(mounts)
    let identifier = gst_rtsp_server_attach(server, context)
    guard identifier != 0 else {
      port = 0
      throw MediaOutputError(
        .unusableAddress, output: output,
        message: "cannot be listened at; is the port in use? name another one")
    }
    sourceID = identifier
    port = Int(gst_rtsp_server_get_bound_port(server))
    let thread = Thread { [self] in run() }
    thread.name = "rtsp server"
    thread.start()
  }

  deinit {
    g_object_unref(server)
    g_main_context_unref(context)
  }

  /// Asks for a user name and password, where there are such, and encrypts, where there is a certificate.
  private static func protect(
    _ server: UnsafeMutablePointer<GstRTSPServer>, _ options: RTSPFileServerOptions
  ) throws(MediaOutputError) {
    guard let auth = gst_rtsp_auth_new(), let token = cgst_new_token("viewer") else { return }
    defer {
      cgst_unref_token(token)
      g_object_unref(auth)
    }
    if options.user != nil || options.password != nil {
      gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST)
      gst_rtsp_auth_add_digest(auth, options.user ?? "", options.password ?? "", token)
    } else {
      gst_rtsp_auth_set_default_token(auth, token)
    }
    if let file = options.certificateFile {
      var error: UnsafeMutablePointer<GError>?
      defer { if let error { g_error_free(error) } }
      guard let certificate = g_tls_certificate_new_from_files(file, options.keyFile ?? file, &error) else {
        let reason = error?.pointee.message.map { String(cString: $0) } ?? "unknown"
        throw MediaOutputError(
          .other, output: file,
          message: "is no certificate with its private key in PEM (\(reason)); name both files")
      }
      gst_rtsp_auth_set_tls_certificate(auth, certificate)
      g_object_unref(certificate)
    }
    gst_rtsp_server_set_auth(server, auth)
  }

  /// The thread's work: serves until it shall stop, then closes all connections.
  private func run() {
    g_main_context_push_thread_default(context)
    while !stopping.isSet {
      if isFrozen.isSet { stopping.wait(seconds: 3600) } else { g_main_context_iteration(context, 1) }
    }
    if let source = g_main_context_find_source_by_id(context, sourceID) { g_source_destroy(source) }
    g_list_free(gst_rtsp_server_client_filter(server, removeClient, nil))
    if let sessions = gst_rtsp_server_get_session_pool(server) {
      g_list_free(gst_rtsp_session_pool_filter(sessions, removeSession, nil))
      g_object_unref(sessions)
    }
    let deadline = StopSignal.uptime + 0.5
    while StopSignal.uptime < deadline, g_main_context_iteration(context, 0) != 0 {}
    g_main_context_pop_thread_default(context)
    done.set()
  }

  /// From now on nothing is said or sent.
  func freeze() {
    isFrozen.set()
    g_main_context_wakeup(context)
  }

  func stop() {
    stopping.set()
    g_main_context_wakeup(context)
    done.wait(seconds: 2)
  }
}

private let removeSession:
  @convention(c) (
    UnsafeMutablePointer<GstRTSPSessionPool>?, UnsafeMutablePointer<GstRTSPSession>?, gpointer?
  ) -> GstRTSPFilterResult = { _, _, _ in GST_RTSP_FILTER_REMOVE }

private let removeClient:
  @convention(c) (
    UnsafeMutablePointer<GstRTSPServer>?, UnsafeMutablePointer<GstRTSPClient>?, gpointer?
  ) -> GstRTSPFilterResult = { _, client, _ in
    if let client { gst_rtsp_client_close(client) }
    return GST_RTSP_FILTER_REMOVE
  }

/// Makes feeding threads for the media of one mount.
final class MediaFeeder: Sendable {
  let file: String
  let stop: StopSignal
  let isFrozen: StopSignal

  init(file: String, stop: StopSignal, isFrozen: StopSignal) {
    self.file = file
    self.stop = stop
    self.isFrozen = isFrozen
  }

  /// Feeds a source until its media ends.
  func feed(_ source: FeedTarget, until mediaEnds: StopSignal) {
    let begin = StopSignal.uptime
    var offset: UInt64 = 0
    while !stop.isSet, !mediaEnds.isSet {
      guard let reader = try? PacketReader(file: file) else { return }
      var last: UInt64 = 0
      var step: UInt64 = 40_000_000
      var count = 0
      while let packet = reader.next(waitingAtMost: 5) {
        defer { packet.release() }
        if packet.decodeTime > last { step = packet.decodeTime - last }
        last = packet.decodeTime
        count += 1
        let due = begin + Double(offset + packet.decodeTime) / 1e9
        if mediaEnds.wait(seconds: due - StopSignal.uptime) || stop.isSet { return }
        if isFrozen.isSet {
          stop.wait(seconds: 3600)
          return
        }
        guard source.push(packet, offset: offset) else { return }
      }
      guard count > 0 else { return }
      offset += last + min(step, 1_000_000_000)
    }
  }
}

// The appsrc may be used from any thread, and this holds a reference to it.
/// Where the frames of a served file go.
final class FeedTarget: @unchecked Sendable {
  private let element: ElementPointer

  /// - Parameter element: with a reference that this takes over.
  init(_ element: ElementPointer) { self.element = element }

  deinit { gst_object_unref(element) }

  func push(_ packet: PacketReader.Packet, offset: UInt64) -> Bool {
    guard let original = gst_sample_get_buffer(packet.sample), let buffer = gst_buffer_copy(original) else {
      return false
    }
    let source = cgst_app_source(element)
    if let caps = gst_sample_get_caps(packet.sample) { gst_app_src_set_caps(source, caps) }
    let shift = GstClockTime(offset)
    let presentation = cgst_buffer_pts(original)
    let decoding = cgst_buffer_dts(original)
    cgst_set_buffer_times(
      buffer, presentation == cgst_no_time() ? GstClockTime(packet.decodeTime) + shift : presentation + shift,
      decoding == cgst_no_time() ? decoding : decoding + shift, cgst_buffer_duration(original))
    return gst_app_src_push_buffer(source, buffer) == GST_FLOW_OK
  }
}

private let startFeeding:
  @convention(c) (
    UnsafeMutablePointer<GstRTSPMediaFactory>?, UnsafeMutablePointer<GstRTSPMedia>?, gpointer?
  ) -> Void = { _, media, data in
    guard let media, let data, let bin = gst_rtsp_media_get_element(media) else { return }
    defer { gst_object_unref(bin) }
    guard let element = gst_bin_get_by_name_recurse_up(cgst_bin(bin), "feed") else { return }
    let feeder = Unmanaged<MediaFeeder>.fromOpaque(data).takeUnretainedValue()
    let target = FeedTarget(element)
    let mediaEnds = StopSignal()
    cgst_connect_unprepared(
      media, endFeeding, Unmanaged.passRetained(mediaEnds).toOpaque(), releaseClosureData)
    let thread = Thread { feeder.feed(target, until: mediaEnds) }
    thread.name = "rtsp feed"
    thread.start()
  }

private let endFeeding: @convention(c) (UnsafeMutablePointer<GstRTSPMedia>?, gpointer?) -> Void = { _, data in
  if let data { Unmanaged<StopSignal>.fromOpaque(data).takeUnretainedValue().set() }
}

private let releaseClosureData: @convention(c) (gpointer?, UnsafeMutablePointer<GClosure>?) -> Void = {
  data, _ in
  if let data { Unmanaged<AnyObject>.fromOpaque(data).release() }
}
