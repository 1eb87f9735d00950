import CGStreamer
import Foundation
import Synchronization

/// The part of a pipeline that finds the video, decodes it and hands out I420 or NV12. Other tracks are not decoded.
final class DecodingBranch {
  /// What the pipeline's threads have seen.
  struct Progress {
    var hasVideo = false
    /// The media types of tracks that were left aside.
    var others: [String] = []
    var hasAllPads = false
    /// Frames that reached the sink.
    var arrived: UInt64 = 0
    var isEnding = false
    /// Whether pictures are to be turned.
    var turns = false
  }

  let decoder: ElementPointer
  let sink: UnsafeMutablePointer<GstAppSink>
  /// Lives as long as the pipeline, whose threads call back with it.
  private let context: Context

  fileprivate final class Context {
    let progress = Mutex(Progress())
    let converterPad: UnsafeMutablePointer<GstPad>
    let decoderPad: UnsafeMutablePointer<GstPad>
    let decoderThreads: Int
    let senderClock: SenderClock?
    private let converter: ElementPointer
    private let flip: ElementPointer
    private let sink: ElementPointer

    init(
      converterPad: UnsafeMutablePointer<GstPad>, decoderPad: UnsafeMutablePointer<GstPad>,
      decoderThreads: Int, senderClock: SenderClock?, converter: ElementPointer, flip: ElementPointer,
      sink: ElementPointer
    ) {
      self.senderClock = senderClock
      self.converter = converter
      self.flip = flip
      self.sink = sink
      self.converterPad = converterPad
      self.decoderPad = decoderPad
      self.decoderThreads = decoderThreads
    }

    /// Links a pad that was just made. While the pipeline starts, it may be ready before what it feeds, and what is
    /// pushed into an element that is not ready is lost without a word; so this waits for it, on the pad's thread.
    func link(_ pad: UnsafeMutablePointer<GstPad>, to target: UnsafeMutablePointer<GstPad>) {
      let deadline = StopSignal.uptime + 5
      while cgst_takes_data(target) == 0, StopSignal.uptime < deadline, !progress.withLock({ $0.isEnding }) {
        usleep(500)
      }
      gst_pad_link(pad, target)
    }

    /// Puts the element that turns pictures between converter and sink, on the thread that pushes the next picture.
    func turn() {
      gst_element_unlink(converter, sink)
      _ = gst_element_link(converter, flip) != 0 && gst_element_link(flip, sink) != 0
    }

    deinit {
      gst_object_unref(converterPad)
      gst_object_unref(decoderPad)
    }
  }

  var progress: Progress { context.progress.withLock { $0 } }

  /// - Parameters:
  ///   - isLive: the oldest frame goes where nobody fetches them, rather than stopping the decoder.
  ///   - depth: how many decoded frames may wait.
  ///   - senderClock: told the times of RTP packets, where such come.
  init(
    in pipeline: MediaPipeline, decoderThreads: Int, isLive: Bool, depth: Int, senderClock: SenderClock? = nil
  ) throws(MissingElement) {
    decoder = try pipeline.add("decodebin")
    let converter = try pipeline.add("videoconvert")
    // Copies every picture, also where none is to be turned, so it waits aside until a tag asks for it. It comes after the
    // converter, so that it need not know every format.
    let flip = try pipeline.add("videoflip", ["video-direction": "auto"])
    let sinkElement = try pipeline.add(
      "appsink",
      [
        "sync": "false", "max-buffers": String(depth), "drop": isLive ? "true" : "false",
        "caps": "video/x-raw,format=(string){I420,NV12}", "wait-on-eos": "false",
        "enable-last-sample": "false",
      ])
    sink = cgst_app_sink(sinkElement)
    guard pipeline.link(converter, sinkElement),
      let converterPad = gst_element_get_static_pad(converter, "sink"),
      let convertedPad = gst_element_get_static_pad(converter, "src"),
      let decoderPad = gst_element_get_static_pad(decoder, "sink"),
      let sinkPad = gst_element_get_static_pad(sinkElement, "sink")
    else { throw MissingElement(name: "videoconvert") }
    context = Context(
      converterPad: converterPad, decoderPad: decoderPad, decoderThreads: decoderThreads,
      senderClock: senderClock, converter: converter, flip: flip, sink: sinkElement)
    let data = Unmanaged.passUnretained(context).toOpaque()
    cgst_connect_autoplug_continue(decoder, continuePlugging, data)
    cgst_connect_pad_added(decoder, linkDecodedPad, data)
    cgst_connect_no_more_pads(decoder, noteAllPads, data)
    cgst_connect_element_added(cgst_bin(decoder), tuneDecoder, data)
    let probeTypes = GST_PAD_PROBE_TYPE_BUFFER.rawValue | GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM.rawValue
    gst_pad_add_probe(sinkPad, GstPadProbeType(rawValue: probeTypes), watchSink, data, nil)
    gst_object_unref(sinkPad)
    let turnTypes = GST_PAD_PROBE_TYPE_BUFFER.rawValue | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM.rawValue
    gst_pad_add_probe(convertedPad, GstPadProbeType(rawValue: turnTypes), watchTurns, data, nil)
    gst_object_unref(convertedPad)
  }

  /// The pipeline is about to end: nobody waits any longer.
  func end() { context.progress.withLock { $0.isEnding = true } }

  /// Feeds the decoder from the first video pad of a source that makes its pads later.
  func connect(source: ElementPointer) {
    cgst_connect_pad_added(source, linkSourcePad, Unmanaged.passUnretained(context).toOpaque())
  }

  /// Takes only the video of a source that offers its streams for choice.
  func choose(from source: ElementPointer) {
    cgst_connect_select_stream(source, selectStream, Unmanaged.passUnretained(context).toOpaque())
  }

  /// The next decoded frame.
  func pull(waitingAtMost seconds: Double) -> OpaquePointer? {
    gst_app_sink_try_pull_sample(sink, GstClockTime(max(0, seconds) * 1e9))
  }

  var isAtEnd: Bool { gst_app_sink_is_eos(sink) != 0 }
}

private func context(_ data: gpointer?) -> DecodingBranch.Context? {
  data.map { Unmanaged<DecodingBranch.Context>.fromOpaque($0).takeUnretainedValue() }
}

private func mediaType(_ caps: UnsafeMutablePointer<GstCaps>?) -> String {
  guard let caps, gst_caps_get_size(caps) > 0, let structure = gst_caps_get_structure(caps, 0),
    let name = gst_structure_get_name(structure)
  else { return "" }
  return String(cString: name)
}

/// Says no to going on with tracks that are neither video nor something that may contain it.
private let continuePlugging:
  @convention(c) (ElementPointer?, UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstCaps>?, gpointer?)
    -> gboolean = { _, _, caps, _ in
      let type = mediaType(caps)
      let isOther =
        type.hasPrefix("audio/") || type.hasPrefix("text/") || type.hasPrefix("subpicture/")
        || type.hasPrefix("closedcaption/")
      return isOther ? 0 : 1
    }

private let linkDecodedPad:
  @convention(c) (ElementPointer?, UnsafeMutablePointer<GstPad>?, gpointer?) -> Void = { _, pad, data in
    guard let context = context(data), let pad else { return }
    let caps = gst_pad_get_current_caps(pad) ?? gst_pad_query_caps(pad, nil)
    let type = mediaType(caps)
    if let caps { cgst_unref_caps(caps) }
    let isFirst = context.progress.withLock { progress in
      guard type == "video/x-raw", !progress.hasVideo else {
        if progress.others.count < 16 { progress.others.append(type) }
        return false
      }
      progress.hasVideo = true
      return true
    }
    if isFirst { context.link(pad, to: context.converterPad) }
  }

private let noteAllPads: @convention(c) (ElementPointer?, gpointer?) -> Void = { _, data in
  context(data)?.progress.withLock { $0.hasAllPads = true }
}

private let tuneDecoder: @convention(c) (UnsafeMutablePointer<GstBin>?, ElementPointer?, gpointer?) -> Void =
  { _, element, data in
    guard let element, let context = context(data) else { return }
    if cgst_has_property(element, "max-threads") != 0 {
      cgst_set_parsed(element, "max-threads", String(context.decoderThreads))
    }
    // Pictures that libav decodes right into GStreamer's memory are locked for as long as it refers to them, so that each is
    // copied into new memory on its way. Its own pictures are copied as well, but into memory that is used again.
    if cgst_has_property(element, "direct-rendering") != 0 {
      cgst_set_parsed(element, "direct-rendering", "false")
    }
  }

private let selectStream:
  @convention(c) (ElementPointer?, guint, UnsafeMutablePointer<GstCaps>?, gpointer?) -> gboolean = {
    _, _, caps, data in
    guard let caps, let structure = gst_caps_get_structure(caps, 0) else { return 0 }
    let media = gst_structure_get_string(structure, "media").map { String(cString: $0) } ?? ""
    guard media == "video" else {
      context(data)?.progress.withLock { if $0.others.count < 16 { $0.others.append(media) } }
      return 0
    }
    return 1
  }

private let linkSourcePad:
  @convention(c) (ElementPointer?, UnsafeMutablePointer<GstPad>?, gpointer?) -> Void = { _, pad, data in
    guard let context = context(data), let pad else { return }
    let caps = gst_pad_get_current_caps(pad) ?? gst_pad_query_caps(pad, nil)
    let type = mediaType(caps)
    defer { if let caps { cgst_unref_caps(caps) } }
    let isVideo = type.hasPrefix("video/") || type.hasPrefix("image/") || type == "application/x-rtp"
    if isVideo, gst_pad_is_linked(context.decoderPad) == 0 {
      if type == "application/x-rtp" { context.senderClock?.listen(to: pad, caps: caps) }
      context.link(pad, to: context.decoderPad)
    } else {
      context.progress.withLock { if $0.others.count < 16 { $0.others.append(type) } }
    }
  }

/// Counts frames, and tells the decoder that rows of any length are welcome, so that it need not copy them.
private let watchSink:
  @convention(c) (UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstPadProbeInfo>?, gpointer?)
    -> GstPadProbeReturn = { _, info, data in
      guard let info else { return GST_PAD_PROBE_OK }
      if let query = cgst_probe_allocation_query(info) {
        gst_query_add_allocation_meta(query, gst_video_meta_api_get_type(), nil)
        return GST_PAD_PROBE_HANDLED
      }
      if cgst_probe_type(info).rawValue & GST_PAD_PROBE_TYPE_BUFFER.rawValue != 0 {
        context(data)?.progress.withLock { $0.arrived += 1 }
      }
      return GST_PAD_PROBE_OK
    }

/// Turns pictures from the first one after a tag that asks for it; what came before the picture is then sent again along
/// the new way, in order, which it would not be in the middle of the tag.
private let watchTurns:
  @convention(c) (UnsafeMutablePointer<GstPad>?, UnsafeMutablePointer<GstPadProbeInfo>?, gpointer?)
    -> GstPadProbeReturn = { _, info, data in
      guard let info, let context = context(data) else { return GST_PAD_PROBE_OK }
      if cgst_probe_turns(info) != 0 {
        context.progress.withLock { $0.turns = true }
      } else if cgst_probe_type(info).rawValue & GST_PAD_PROBE_TYPE_BUFFER.rawValue != 0,
        context.progress.withLock({ $0.turns })
      {
        context.turn()
        return GST_PAD_PROBE_REMOVE
      }
      return GST_PAD_PROBE_OK
    }
