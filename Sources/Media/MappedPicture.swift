import CGStreamer
import Imaging
import ThroughlineCore

// The mapping is written in the initialiser and in `deinit` only; the samples are mapped for reading, and
// GStreamer lets nobody write to a buffer that has more than one owner.
/// Keeps a decoder's buffer mapped while a picture points into it.
final class MappedPicture: @unchecked Sendable {
  private var frame = GstVideoFrame()

  /// - Returns: `nil` where the buffer does not hold what the caps promise.
  init?(_ buffer: UnsafeMutablePointer<GstBuffer>, info: inout GstVideoInfo) {
    guard gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ) != 0 else { return nil }
  }

  deinit { gst_video_frame_unmap(&frame) }

  func plane(_ index: Int32, width: Int, height: Int) -> Plane? {
    guard let data = cgst_frame_data(&frame, index) else { return nil }
    return Plane(
      address: UnsafePointer(data), stride: Int(cgst_frame_stride(&frame, index)), width: width,
      height: height)
  }
}

/// Turns samples into pictures without copying pixels; remembers what it read from the caps. For one thread.
final class PictureReader {
  private var caps: UnsafeMutablePointer<GstCaps>?
  private var info = GstVideoInfo()
  private var matrix = ColorMatrix.bt601Limited

  deinit { if let caps { cgst_unref_caps(caps) } }

  /// The caps' frame rate; 0 where they name none.
  var frameRate: Double {
    info.fps_n > 0 && info.fps_d > 0 ? Double(info.fps_n) / Double(info.fps_d) : 0
  }

  /// - Returns: `nil` where the sample holds no picture in I420 or NV12.
  func picture(in sample: OpaquePointer) -> Picture? {
    guard let buffer = gst_sample_get_buffer(sample), let newCaps = gst_sample_get_caps(sample) else {
      return nil
    }
    if newCaps != caps {
      guard gst_video_info_from_caps(&info, newCaps) != 0 else { return nil }
      if let caps { cgst_unref_caps(caps) }
      caps = cgst_ref_caps(newCaps)
      matrix = Self.matrix(of: info, isNamed: Self.namesColorimetry(newCaps))
    }
    let format: PixelFormat
    switch cgst_info_format(&info) {
    case GST_VIDEO_FORMAT_I420: format = .i420
    case GST_VIDEO_FORMAT_NV12: format = .nv12
    default: return nil
    }
    let size = PictureSize(width: Int(info.width), height: Int(info.height))
    let chromaWidth = (size.width + 1) / 2
    let chromaHeight = (size.height + 1) / 2
    guard let mapped = MappedPicture(buffer, info: &info),
      let luma = mapped.plane(0, width: size.width, height: size.height),
      let chroma = mapped.plane(
        1, width: format == .nv12 ? 2 * chromaWidth : chromaWidth, height: chromaHeight)
    else { return nil }
    var chromaV = chroma
    if format == .i420 {
      guard let plane = mapped.plane(2, width: chromaWidth, height: chromaHeight) else { return nil }
      chromaV = plane
    }
    return try? Picture(
      format: format, size: size, luma: luma, chroma: chroma, chromaV: chromaV, matrix: matrix, owner: mapped)
  }

  private static func namesColorimetry(_ caps: UnsafeMutablePointer<GstCaps>) -> Bool {
    guard let structure = gst_caps_get_structure(caps, 0) else { return false }
    return gst_structure_has_field(structure, "colorimetry") != 0
  }

  private static func matrix(of info: GstVideoInfo, isNamed: Bool) -> ColorMatrix {
    let isFull = info.colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255
    switch info.colorimetry.matrix {
    case GST_VIDEO_COLOR_MATRIX_BT709 where isNamed: return isFull ? .bt709Full : .bt709Limited
    case GST_VIDEO_COLOR_MATRIX_BT601 where isNamed, GST_VIDEO_COLOR_MATRIX_FCC:
      return isFull ? .bt601Full : .bt601Limited
    default:
      // Not named: by the size, as players do; by the shorter side, since a turned picture keeps its colours.
      let isHighDefinition = min(info.width, info.height) > 576
      return isHighDefinition ? (isFull ? .bt709Full : .bt709Limited) : (isFull ? .bt601Full : .bt601Limited)
    }
  }
}
