import CGStreamer

/// GStreamer on this machine.
public enum GStreamerLibrary {
  /// Loads GStreamer and its list of plug-ins once; everything in this module does so by itself.
  public static func start() { _ = started }

  private static let started: Bool = {
    var error: UnsafeMutablePointer<GError>?
    let succeeded = gst_init_check(nil, nil, &error) != 0
    if let error { g_error_free(error) }
    return succeeded
  }()

  /// For example `GStreamer 1.22.0`.
  public static var version: String {
    guard let text = gst_version_string() else { return "GStreamer" }
    defer { g_free(text) }
    return String(cString: text)
  }

  /// Whether an element of that name can be made.
  public static func has(_ element: String) -> Bool {
    start()
    guard let factory = gst_element_factory_find(element) else { return false }
    gst_object_unref(UnsafeMutableRawPointer(factory))
    return true
  }

  /// A part of GStreamer and what it is for.
  public struct Component: Sendable, Hashable {
    /// The element's name.
    public let element: String
    /// What it is for.
    public let purpose: String
    /// The Debian package that has it.
    public let package: String
    /// Whether the main job cannot be done without it.
    public let isEssential: Bool
    /// Whether it is there.
    public var isPresent: Bool { GStreamerLibrary.has(element) }
  }

  /// What this module uses, for a report on what is missing.
  public static let components = [
    Component(
      element: "decodebin", purpose: "decoding", package: "gstreamer1.0-plugins-base", isEssential: true),
    Component(
      element: "videoconvert", purpose: "pixel formats", package: "gstreamer1.0-plugins-base",
      isEssential: true),
    Component(
      element: "appsink", purpose: "fetching frames", package: "gstreamer1.0-plugins-base", isEssential: true),
    Component(
      element: "qtdemux", purpose: "MP4 files", package: "gstreamer1.0-plugins-good", isEssential: true),
    Component(
      element: "matroskademux", purpose: "MKV files", package: "gstreamer1.0-plugins-good", isEssential: false
    ),
    Component(
      element: "videoflip", purpose: "turned phone videos", package: "gstreamer1.0-plugins-good",
      isEssential: true),
    Component(
      element: "rtspsrc", purpose: "RTSP cameras", package: "gstreamer1.0-plugins-good", isEssential: true),
    Component(
      element: "v4l2src", purpose: "USB cameras", package: "gstreamer1.0-plugins-good", isEssential: false),
    Component(element: "h264parse", purpose: "H.264", package: "gstreamer1.0-plugins-bad", isEssential: true),
    Component(
      element: "avdec_h264", purpose: "decoding H.264", package: "gstreamer1.0-libav", isEssential: true),
    Component(
      element: "avdec_h265", purpose: "decoding H.265", package: "gstreamer1.0-libav", isEssential: false),
    Component(element: "jpegdec", purpose: "MJPEG", package: "gstreamer1.0-plugins-good", isEssential: false),
    Component(
      element: "openh264enc", purpose: "recording", package: "gstreamer1.0-plugins-bad", isEssential: false),
    Component(
      element: "mp4mux", purpose: "recording", package: "gstreamer1.0-plugins-good", isEssential: false),
    Component(element: "ximagesink", purpose: "the window", package: "gstreamer1.0-x", isEssential: false),
  ]

  /// The Debian package of an element or of what decodes a media type.
  static func package(for element: String) -> String {
    if let known = components.first(where: { $0.element == element }) { return known.package }
    switch element {
    case "appsrc", "xvimagesink", "videotestsrc", "clocksync": return "gstreamer1.0-plugins-base"
    case "x264enc": return "gstreamer1.0-plugins-ugly"
    case _ where element.hasPrefix("avdec_") || element.hasPrefix("avenc_"): return "gstreamer1.0-libav"
    case _ where element.hasPrefix("rtp"): return "gstreamer1.0-plugins-good"
    default: return "gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav"
    }
  }
}
