import CGStreamer

typealias ElementPointer = UnsafeMutablePointer<GstElement>

/// An element that this machine's GStreamer does not have.
struct MissingElement: Error {
  let name: String
  var message: String {
    "GStreamer has no '\(name)'; install it with: apt-get install \(GStreamerLibrary.package(for: name))"
  }
}

/// What a pipeline reports.
enum PipelineEvent {
  case failure(PipelineFailure)
  case endOfStream
  /// GStreamer asked for a plug-in: what for, and for which media type.
  case missingPlugin(detail: String, name: String)
}

/// An error of a pipeline in GStreamer's words.
struct PipelineFailure {
  enum Kind {
    case core(Int)
    case library(Int)
    case resource(Int)
    case stream(Int)
    case other
  }

  let kind: Kind
  let message: String
  /// Where and why, for developers; may hold several lines.
  let detail: String

  func isResource(_ code: GstResourceError) -> Bool {
    if case .resource(let value) = kind { value == Int(code.rawValue) } else { false }
  }

  func isStream(_ code: GstStreamError) -> Bool {
    if case .stream(let value) = kind { value == Int(code.rawValue) } else { false }
  }

  /// The message on one line, without GStreamer's advice to file a bug.
  var line: String {
    let text = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    // The last part of the detail is the reason: "file.c(12): function (): /GstPipeline...:\nreason".
    let reason = detail.split(whereSeparator: \.isNewline).dropFirst().joined(separator: " ")
    return reason.isEmpty || text.contains(reason) ? text : "\(text) (\(reason))"
  }
}

/// A GStreamer pipeline with its bus, ended when the value goes. Belongs to the thread that made it.
final class MediaPipeline {
  let element: ElementPointer
  private let bus: UnsafeMutablePointer<GstBus>

  init() throws(MissingElement) {
    GStreamerLibrary.start()
    guard let pipeline = gst_pipeline_new(nil), let bus = gst_element_get_bus(pipeline) else {
      throw MissingElement(name: "pipeline")
    }
    element = pipeline
    self.bus = bus
    gst_object_ref_sink(pipeline)
  }

  deinit {
    end()
    gst_object_unref(bus)
    gst_object_unref(element)
  }

  /// Makes an element inside of the pipeline, which owns it.
  func add(_ factory: String, _ properties: [String: String] = [:]) throws(MissingElement) -> ElementPointer {
    guard let made = gst_element_factory_make(factory, nil) else { throw MissingElement(name: factory) }
    for (name, value) in properties where cgst_has_property(made, name) != 0 {
      cgst_set_parsed(made, name, value)
    }
    gst_bin_add(cgst_bin(element), made)
    return made
  }

  /// Calls a function with each message and some data, on the thread that posts it, before it waits to be read here.
  ///
  /// - Parameter release: gives the data back when the pipeline goes.
  func onMessage(
    _ handler: GstBusSyncHandler, data: gpointer?, release: @escaping @convention(c) (gpointer?) -> Void
  ) {
    gst_bus_set_sync_handler(bus, handler, data, release)
  }

  /// Links elements in a row.
  func link(_ elements: ElementPointer...) -> Bool {
    zip(elements, elements.dropFirst()).allSatisfy { gst_element_link($0, $1) != 0 }
  }

  /// - Returns: whether the state was reached or is being reached.
  @discardableResult
  func play() -> Bool {
    gst_element_set_state(element, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE
  }

  /// The length of what is played in seconds, where the file tells it.
  var duration: Double? {
    var nanoseconds: gint64 = 0
    guard gst_element_query_duration(element, GST_FORMAT_TIME, &nanoseconds) != 0, nanoseconds > 0 else {
      return nil
    }
    return Double(nanoseconds) / 1e9
  }

  /// Ends all threads of the pipeline and gives its resources back.
  func end() { gst_element_set_state(element, GST_STATE_NULL) }

  /// Whether messages wait, of whatever kind.
  var hasMessages: Bool { gst_bus_have_pending(bus) != 0 }

  /// The next message that matters, waiting for it for at most a number of seconds; others are thrown away.
  func nextEvent(waitingAtMost seconds: Double = 0) -> PipelineEvent? {
    let wanted = GST_MESSAGE_ERROR.rawValue | GST_MESSAGE_EOS.rawValue | GST_MESSAGE_ELEMENT.rawValue
    let deadline = StopSignal.uptime + seconds
    while true {
      let remaining = max(0, deadline - StopSignal.uptime)
      guard
        let message = gst_bus_timed_pop_filtered(
          bus, GstClockTime(remaining * 1e9), GstMessageType(rawValue: wanted))
      else { return nil }
      defer { cgst_unref_message(message) }
      switch cgst_message_type(message) {
      case GST_MESSAGE_ERROR: return .failure(Self.failure(in: message))
      case GST_MESSAGE_EOS: return .endOfStream
      default:
        if let event = Self.missingPlugin(in: message) { return event }
      }
    }
  }

  private static func failure(in message: UnsafeMutablePointer<GstMessage>) -> PipelineFailure {
    var error: UnsafeMutablePointer<GError>?
    var detail: UnsafeMutablePointer<CChar>?
    gst_message_parse_error(message, &error, &detail)
    defer {
      if let error { g_error_free(error) }
      g_free(detail)
    }
    guard let error else { return PipelineFailure(kind: .other, message: "an unknown error", detail: "") }
    let code = Int(error.pointee.code)
    let kind: PipelineFailure.Kind =
      switch error.pointee.domain {
      case gst_core_error_quark(): .core(code)
      case gst_library_error_quark(): .library(code)
      case gst_resource_error_quark(): .resource(code)
      case gst_stream_error_quark(): .stream(code)
      default: .other
      }
    return PipelineFailure(
      kind: kind, message: error.pointee.message.map { String(cString: $0) } ?? "an unknown error",
      detail: detail.map { String(cString: $0) } ?? "")
  }

  private static func missingPlugin(in message: UnsafeMutablePointer<GstMessage>) -> PipelineEvent? {
    guard let structure = gst_message_get_structure(message),
      gst_structure_has_name(structure, "missing-plugin") != 0
    else { return nil }
    let name = gst_structure_get_string(structure, "name").map { String(cString: $0) } ?? "a decoder"
    var detail = ""
    if let value = gst_structure_get_value(structure, "detail"), let text = gst_value_serialize(value) {
      detail = String(cString: text)
      g_free(text)
    }
    return .missingPlugin(detail: detail, name: name)
  }
}
