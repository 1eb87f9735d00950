import CGStreamer
import Imaging
import ThroughlineCore

/// Puts pictures into a pipeline without copying them. Belongs to the thread that made it.
final class PictureFeed {
  let element: ElementPointer
  private let source: UnsafeMutablePointer<GstAppSrc>
  let size: PictureSize

  /// - Parameters:
  ///   - size: with even sides; every picture must have it or be one pixel larger.
  ///   - frameRate: the usual rate; frames may come at any time.
  init(
    in pipeline: MediaPipeline, size: PictureSize, matrix: ColorMatrix, frameRate: Double, isLive: Bool
  ) throws(MissingElement) {
    self.size = size
    let rate = Int((min(max(frameRate, 1), 240) * 1000).rounded())
    let colorimetry =
      switch matrix {
      case .bt601Limited: "bt601"
      case .bt601Full: "1:4:0:0"
      case .bt709Limited: "bt709"
      case .bt709Full: "1:3:5:1"
      }
    element = try pipeline.add(
      "appsrc",
      [
        "format": "time", "is-live": isLive ? "true" : "false", "block": "false", "max-buffers": "0",
        "max-bytes": "0",
        "caps": """
        video/x-raw,format=I420,width=\(size.width),height=\(size.height),framerate=\(rate)/1000,\
        colorimetry=\(colorimetry),interlace-mode=progressive,pixel-aspect-ratio=1/1
        """,
      ])
    source = cgst_app_source(element)
  }

  /// The largest size with even sides inside of another.
  static func even(_ size: PictureSize) -> PictureSize {
    PictureSize(width: max(2, size.width & ~1), height: max(2, size.height & ~1))
  }

  /// How many pictures wait for the pipeline.
  var level: Int { Int(gst_app_src_get_current_level_buffers(source)) }

  /// Hands over a picture in I420.
  ///
  /// - Parameter nanoseconds: its time since the first one.
  /// - Returns: `false` where the pipeline takes no more, or the picture has another size or format.
  func push(_ picture: Picture, at nanoseconds: UInt64) -> Bool {
    guard picture.format == .i420, picture.size.width >= size.width, picture.size.height >= size.height,
      let buffer = gst_buffer_new()
    else { return false }
    let planes = (picture.luma, picture.chroma, picture.chromaV)
    var offsets = [gsize](repeating: 0, count: 4)
    var strides = [gint](repeating: 0, count: 4)
    var end = 0
    for (index, plane) in [planes.0, planes.1, planes.2].enumerated() {
      let width = index == 0 ? size.width : size.width / 2
      let height = index == 0 ? size.height : size.height / 2
      let count = plane.stride * (height - 1) + width
      offsets[index] = gsize(end)
      strides[index] = gint(plane.stride)
      end += count
      let owner = Unmanaged.passRetained(picture.owner as AnyObject).toOpaque()
      gst_buffer_append_memory(
        buffer,
        gst_memory_new_wrapped(
          GST_MEMORY_FLAG_READONLY, UnsafeMutableRawPointer(mutating: plane.address), gsize(count), 0,
          gsize(count), owner, releaseOwner))
    }
    gst_buffer_add_video_meta_full(
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_I420, guint(size.width), guint(size.height), 3,
      &offsets,
      &strides)
    cgst_set_buffer_times(buffer, GstClockTime(nanoseconds), cgst_no_time(), cgst_no_time())
    return gst_app_src_push_buffer(source, buffer) == GST_FLOW_OK
  }

  /// No more pictures follow.
  func finish() { gst_app_src_end_of_stream(source) }
}

private let releaseOwner: @convention(c) (gpointer?) -> Void = { owner in
  if let owner { Unmanaged<AnyObject>.fromOpaque(owner).release() }
}
