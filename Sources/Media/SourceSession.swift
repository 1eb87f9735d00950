import CGStreamer
import Imaging
import ThroughlineCore

/// One play of a file, or one connection to a camera. Belongs to the thread that made it.
final class SourceSession {
  enum Step {
    /// A frame; `taken` is when, by the camera's own clock, where it tells.
    case frame(Picture, streamTime: Double?, frameRate: Double, taken: Timestamp?)
    /// A frame that cannot be used.
    case unusable
    /// Nothing within the time that was given.
    case nothing
    case end
    case failure(PipelineFailure)
    case missingPlugin(detail: String, name: String)
  }

  private let pipeline: MediaPipeline
  private let branch: DecodingBranch
  private let reader = PictureReader()
  /// Lives as long as the pipeline, whose threads call back with it.
  private let senderClock: SenderClock?
  private var pulled: UInt64 = 0
  private var pending: Step?

  var progress: DecodingBranch.Progress { branch.progress }
  /// Frames of a camera that were decoded and not fetched in time. Those that may still wait are not counted.
  var dropped: UInt64 {
    let arrived = branch.progress.arrived
    let taken = pulled + UInt64(Self.liveDepth)
    return arrived > taken ? arrived - taken : 0
  }
  /// The length of the file in seconds, where it tells it. To be asked for after a frame, when demuxers know it; some
  /// know it late, most that do not know it by then never will.
  var duration: Double? {
    if knownDuration == nil, durationQueries < 50 {
      durationQueries += 1
      knownDuration = pipeline.duration
    }
    return knownDuration
  }
  private var knownDuration: Double?
  private var durationQueries = 0
  /// How many decoded frames of a camera may wait.
  private static let liveDepth = 8
  /// After so many frames the pipeline's messages are looked at. A camera that never pauses would pile them up otherwise.
  private static let framesBetweenMessages: UInt64 = 32

  /// Whether the pipeline has said something that nobody has looked at.
  var hasMessages: Bool { pipeline.hasMessages }

  /// Builds the pipeline and starts it.
  init(_ address: SourceAddress, options: FrameSourceOptions, usesUDP: Bool) throws(MissingElement) {
    pipeline = try MediaPipeline()
    let senderClock: SenderClock? =
      if case .rtsp = address, options.usesSenderClock { SenderClock() } else { nil }
    self.senderClock = senderClock
    branch = try DecodingBranch(
      in: pipeline, decoderThreads: max(1, options.decoderThreads), isLive: address.isLive,
      depth: address.isLive ? Self.liveDepth : 2, senderClock: senderClock)
    switch address {
    case .file(let path):
      let source = try pipeline.add("filesrc")
      cgst_set_string(source, "location", path)
      // A decodebin may lose the error of a demuxer that fails at once; so those of the usual files stand outside.
      if let name = ContainerCheck.demuxer(path: path), GStreamerLibrary.has(name) {
        let demuxer = try pipeline.add(name)
        branch.connect(source: demuxer)
        _ = pipeline.link(source, demuxer)
      } else if ContainerCheck.isBitmap(path: path), GStreamerLibrary.has("gdkpixbufdec") {
        // The decoder that would be chosen wants the whole file in one piece and never gets it.
        _ = pipeline.link(source, try pipeline.add("gdkpixbufdec"), branch.decoder)
      } else {
        _ = pipeline.link(source, branch.decoder)
      }
    case .device(let path):
      let source = try pipeline.add("v4l2src")
      cgst_set_string(source, "device", path)
      _ = pipeline.link(source, branch.decoder)
    case .rtsp(let rtsp):
      try addCamera(rtsp, options: options, usesUDP: usesUDP)
    }
    pipeline.play()
  }

  private func addCamera(_ address: RTSPAddress, options: FrameSourceOptions, usesUDP: Bool)
    throws(MissingElement)
  {
    let microseconds = String(UInt64(max(0.05, min(options.connectionTimeout, 3600)) * 1e6))
    let source = try pipeline.add(
      "rtspsrc",
      [
        "protocols": usesUDP ? "udp+udp-mcast" : "tcp",
        "latency": String(Int(max(0, options.jitterDelay) * 1000)),
        "tcp-timeout": microseconds, "timeout": microseconds, "drop-on-latency": "true",
        "teardown-timeout": "100000000",
        "tls-validation-flags": options.verifiesCertificate ? "validate-all" : "0",
      ])
    cgst_set_string(source, "location", address.location)
    if let user = options.user(for: address) { cgst_set_string(source, "user-id", user) }
    if let password = options.password(for: address) { cgst_set_string(source, "user-pw", password) }
    if let file = options.certificateFile, options.verifiesCertificate,
      let database = g_tls_file_database_new(file, nil)
    {
      cgst_set_object(source, "tls-database", database)
      g_object_unref(database)
    }
    senderClock?.listen(to: source)
    branch.connect(source: source)
    branch.choose(from: source)
  }

  /// The next thing that happens, waiting for it for at most a number of seconds.
  func next(waitingAtMost seconds: Double) -> Step {
    if let sample = branch.pull(waitingAtMost: pending == nil ? seconds : 0) {
      defer { cgst_unref_sample(sample) }
      pulled += 1
      if pending == nil, pulled % Self.framesBetweenMessages == 0 { readMessages() }
      return step(for: sample)
    }
    // Where frames have come, it was another track that wanted a plug-in, and the video goes on to its own end.
    if case .missingPlugin = pending, pulled > 0 { pending = nil }
    // Frames that were decoded before a failure have been delivered by now.
    if let pending { return pending }
    readMessages()
    if pending == nil, branch.isAtEnd { pending = .end }
    return .nothing
  }

  /// Looks for what ends the session, and throws everything else away.
  private func readMessages() {
    while pending == nil, let event = pipeline.nextEvent() {
      switch event {
      case .failure(let failure): pending = .failure(failure)
      // The error that follows says less than this.
      case .missingPlugin(let detail, let name):
        if pulled == 0 { pending = .missingPlugin(detail: detail, name: name) }
      case .endOfStream: pending = .end
      }
    }
  }

  /// Ends the pipeline's threads.
  func end() {
    branch.end()
    pipeline.end()
  }

  private func step(for sample: OpaquePointer) -> Step {
    guard let picture = reader.picture(in: sample), let buffer = gst_sample_get_buffer(sample) else {
      return .unusable
    }
    var streamTime: Double?
    var taken: Timestamp?
    let time = cgst_buffer_pts(buffer)
    if time != cgst_no_time(), let segment = gst_sample_get_segment(sample) {
      let stream = gst_segment_to_stream_time(segment, GST_FORMAT_TIME, time)
      streamTime = Double(stream == cgst_no_time() ? time : stream) / 1e9
      taken = senderClock?.captureTime(presentationTime: UInt64(time))
    }
    return .frame(picture, streamTime: streamTime, frameRate: reader.frameRate, taken: taken)
  }
}
