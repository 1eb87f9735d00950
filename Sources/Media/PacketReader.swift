import CGStreamer

/// Reads the encoded frames of a file's video without decoding them. For one thread.
final class PacketReader {
  struct Packet {
    /// Holds the buffer; given back with `release`.
    let sample: OpaquePointer
    let mediaType: String
    /// In nanoseconds from the beginning of the file.
    let decodeTime: UInt64

    func release() { cgst_unref_sample(sample) }
  }

  private let pipeline: MediaPipeline
  private let sink: UnsafeMutablePointer<GstAppSink>
  private let context: Context
  private(set) var failure: String?
  private var mediaType = ""
  private var lastTime: UInt64 = 0

  fileprivate final class Context {
    let sinkPad: UnsafeMutablePointer<GstPad>
    init(sinkPad: UnsafeMutablePointer<GstPad>) { self.sinkPad = sinkPad }
    deinit { gst_object_unref(sinkPad) }
  }

  init(file: String) throws(MissingElement) {
    pipeline = try MediaPipeline()
    let source = try pipeline.add("filesrc")
    cgst_set_string(source, "location", file)
    let parser = try pipeline.add("parsebin")
    let sinkElement = try pipeline.add(
      "appsink", ["sync": "false", "max-buffers": "30", "wait-on-eos": "false"])
    sink = cgst_app_sink(sinkElement)
    guard pipeline.link(source, parser), let pad = gst_element_get_static_pad(sinkElement, "sink") else {
      throw MissingElement(name: "parsebin")
    }
    context = Context(sinkPad: pad)
    cgst_connect_pad_added(parser, linkParsedPad, Unmanaged.passUnretained(context).toOpaque())
    pipeline.play()
  }

  deinit { pipeline.end() }

  /// The next encoded frame in the order of decoding; `nil` at the end or when none comes in time.
  func next(waitingAtMost seconds: Double) -> Packet? {
    let deadline = StopSignal.uptime + seconds
    while StopSignal.uptime < deadline {
      if let sample = gst_app_sink_try_pull_sample(sink, 50_000_000) { return packet(sample) }
      switch pipeline.nextEvent() {
      case .failure(let failure):
        self.failure = failure.line
        return nil
      case .endOfStream: return nil
      case .missingPlugin, nil: if gst_app_sink_is_eos(sink) != 0 { return nil }
      }
    }
    return nil
  }

  private func packet(_ sample: OpaquePointer) -> Packet? {
    guard let buffer = gst_sample_get_buffer(sample) else {
      cgst_unref_sample(sample)
      return nil
    }
    if mediaType.isEmpty, let caps = gst_sample_get_caps(sample),
      let structure = gst_caps_get_structure(caps, 0)
    {
      mediaType = gst_structure_get_name(structure).map { String(cString: $0) } ?? ""
    }
    let time = [cgst_buffer_dts(buffer), cgst_buffer_pts(buffer)].first { $0 != cgst_no_time() }
    lastTime = time.map { max(UInt64($0), lastTime) } ?? (lastTime + 40_000_000)
    return Packet(sample: sample, mediaType: mediaType, decodeTime: lastTime)
  }
}

private let linkParsedPad:
  @convention(c) (ElementPointer?, UnsafeMutablePointer<GstPad>?, gpointer?) -> Void = { _, pad, data in
    guard let pad, let data else { return }
    let context = Unmanaged<PacketReader.Context>.fromOpaque(data).takeUnretainedValue()
    let caps = gst_pad_get_current_caps(pad) ?? gst_pad_query_caps(pad, nil)
    defer { if let caps { cgst_unref_caps(caps) } }
    guard let caps, gst_caps_get_size(caps) > 0, let structure = gst_caps_get_structure(caps, 0),
      let name = gst_structure_get_name(structure),
      ["video/", "image/"].contains(where: String(cString: name).hasPrefix),
      gst_pad_is_linked(context.sinkPad) == 0
    else { return }
    gst_pad_link(pad, context.sinkPad)
  }
