import Configuration
import Detection
import Foundation
import Imaging
import Inference
import Media
import Models
import Privacy
import Reidentification
import Synchronization
import ThroughlineCore
import Tracking

/// What each stage alone costs. Times are in seconds.
public struct StageReport: Sendable, Codable {
  /// One stage's figures.
  public struct Stage: Sendable, Codable {
    /// What it is.
    public var name: String
    /// How often it ran.
    public var runs: Int
    /// The median of one run.
    public var p50: Double
    /// The 95th percentile.
    public var p95: Double
    /// Processor time of one run of the whole process, on the average.
    public var processorTime: Double
    /// Calls of the allocator in one run, on the average; `nil` where nobody counts them.
    public var allocations: Double?
  }

  /// The stages in the order of the pipeline.
  public var stages: [Stage] = []
  /// The size of the video.
  public var width = 0
  /// The size of the video.
  public var height = 0

  /// The figures as text.
  public var table: String {
    var rows = [["\(width)x\(height)", "runs", "p50 ms", "p95 ms", "CPU ms", "allocations"]]
    for stage in stages {
      var row = [stage.name, String(stage.runs)]
      for seconds in [stage.p50, stage.p95, stage.processorTime] {
        row.append(String(format: "%.3f", seconds * 1000))
      }
      if let allocations = stage.allocations {
        row.append(String(format: "%.1f", allocations))
      } else {
        row.append("not counted")
      }
      rows.append(row)
    }
    return StreamReport.aligned(rows).joined(separator: "\n")
  }
}

/// Runs each stage alone on the frames of one video, on one thread.
public final class StageBenchmark {
  let settings: PipelineSettings
  let networks: PipelineNetworks
  var report = StageReport()
  /// After so many frames decoding is in its steady state.
  private static let settledFrames = 10

  /// Prepares a measurement of the first camera's file.
  public init(configuration: Configuration) throws {
    let environment = ProcessInfo.processInfo.environment
    settings = try PipelineSettings(configuration, environment: environment)
    networks = try NetworkLoader(directory: settings.modelDirectory, environment: environment).load(settings)
  }

  /// Measures. Blocks the thread.
  ///
  /// - Parameters:
  ///   - count: how many frames of the video are used; they all lie in memory.
  ///   - progress: called with the share that is done and the name of the stage.
  public func run(frames count: Int, progress: (Double, String) -> Void) throws -> StageReport {
    guard let camera = settings.cameras.first else { throw PipelineError.setting("name a video file") }
    progress(0, "decode")
    let frames = try decode(camera, count: count)
    guard let first = frames.first else {
      throw PipelineError.missing("'\(camera.address)' gave no frame; check it with 'throughline run'")
    }
    (report.width, report.height) = (first.picture.size.width, first.picture.size.height)
    let workers = try networks.workers(for: camera, firstTrack: 1, privacy: settings.privacy)
    var gate = MotionGate()
    let dewarper = Dewarper(lens: try camera.lens ?? Self.sampleLens())
    try measure("warp", frames) { frame in _ = try dewarper.dewarp(frame.picture) }
    try measure("see motion", frames) { frame in _ = gate.needsLook(frame.picture, at: frame.captureTime) }
    progress(0.1, "detect")
    if let input = networks.person.entry.input {
      let scaler = PictureScaler()
      let specification = TensorImageSpecification(input)
      let tensor = UnsafeMutableBufferPointer<Float>.allocate(capacity: specification.elementCount)
      defer { tensor.deallocate() }
      try measure("scale to \(input.size)", frames) { frame in
        try scaler.fill(tensor, from: frame.picture, specification: specification)
      }
    }
    // A network's first run makes what the later ones use.
    _ = try workers.detector.detect(first.picture)
    var found: [[Detection]] = []
    try measure("detect (scale, persons, faces)", frames, warmUp: false) { frame in
      found.append(try workers.detector.detect(frame.picture))
    }
    if let crowds = workers.crowds {
      // At the times of their capture: only now and then is it a part's turn.
      var next = 0
      try measure("look closely for crowds", frames, warmUp: false) { frame in
        _ = try crowds.look(at: frame.picture, time: frame.captureTime, known: found[next])
        next += 1
      }
    }
    for (name, request) in try networks.makeRequests() {
      try measure("network \(name) alone", Array(repeating: 0, count: frames.count)) { _ in try request.run()
      }
    }
    progress(0.5, "track")
    var tracker = workers.tracker
    var tracks: [[Track]] = []
    try measure("track", frames, warmUp: false) { frame in
      tracks.append(try tracker.update(detections: found[tracks.count], at: frame.captureTime))
    }
    progress(0.6, "crop and embed")
    try measurePersons(frames, tracks)
    progress(0.8, "cover")
    let anonymizer = Anonymizer(camera: camera.name, settings: settings.privacy)
    var index = 0
    var covered: [AnonymizedFrame] = []
    try measure("cover (copy and blur)", frames, warmUp: false) { frame in
      let out = try anonymizer.anonymize(
        frame.picture, number: frame.number, captureTime: frame.captureTime,
        evidence: .detected(found[index]),
        tracks: tracks[index])
      if covered.isEmpty { covered.append(out) }
      index += 1
    }
    try measureSearch(queries: frames.count)
    progress(0.9, "encode")
    let line = try eventLine(frames, tracks)
    try measure("write a frame's event", frames) { _ in line() }
    if let frame = covered.first {
      try measure("encode JPEG", Array(frames.prefix(20))) { _ in _ = try frame.jpeg() }
    }
    // Kept ones would have kept the pool from using its memory again.
    try measureEncoding(
      zip(frames, zip(found, tracks)).prefix(48).map { frame, seen in
        try anonymizer.anonymize(
          frame.picture, number: frame.number, captureTime: frame.captureTime, evidence: .detected(seen.0),
          tracks: seen.1)
      })
    return report
  }

  /// A mild barrel, for a camera without a lens of its own: what warping would cost.
  private static func sampleLens() throws(LensError) -> Lens {
    try Lens(model: .brownConrady(k1: -0.25, k2: 0.05, p1: 0, p2: 0, k3: 0), focalX: 0.6)
  }

  /// Makes and writes the event of the frame with the most persons.
  private func eventLine(_ frames: [VideoFrame], _ tracks: [[Track]]) throws -> () -> Void {
    let index = tracks.indices.max { tracks[$0].count < tracks[$1].count } ?? 0
    let (frame, persons) = (frames[index], tracks[index])
    let log = try EventLog(path: "/dev/null")
    return {
      var record = EventRecord(.frame, at: frame.captureTime, camera: frame.camera)
      record.frame = frame.number
      record.persons = persons.map { track in
        EventRecord.Person(
          track: track.id.number, identity: IdentityID(track.id.number), box: .init(track.box),
          score: EventRecord.rounded(track.score), confidence: 0.93, observed: track.isObserved,
          face: track.face.map { .init(box: .init($0.box), score: EventRecord.rounded($0.score)) })
      }
      log.write(record)
    }
  }

  private func measurePersons(_ frames: [VideoFrame], _ tracks: [[Track]]) throws {
    let persons = zip(frames, tracks).flatMap { frame, tracks in
      tracks.compactMap { track in
        track.isObserved ? (frame, track.box.clipped(to: frame.picture.size)) : nil
      }
    }.filter { $0.1.isValid && $0.1.height >= 48 }.prefix(200)
    guard !persons.isEmpty else { return }
    let embedder = try networks.embedder.makeEmbedder()
    let specification = networks.embedder.specification
    let tensor = UnsafeMutableBufferPointer<Float>.allocate(capacity: specification.elementCount)
    defer { tensor.deallocate() }
    let scaler = PictureScaler()
    try measure("crop to \(specification.size)", Array(persons)) {
      _ = try scaler.fill(tensor, from: $0.0.picture, region: $0.1, specification: specification)
    }
    try measure("judge a crop", Array(persons)) { _ = try embedder.measure($0.0.picture, box: $0.1) }
    try measure("cut and embed a crop", Array(persons)) { _ = try embedder.embed($0.0.picture, box: $0.1) }
  }

  /// Decodes as fast as it goes; the time of a frame is the average.
  private func decode(_ camera: PipelineSettings.Camera, count: Int) throws -> [VideoFrame] {
    let frames = Mutex<[VideoFrame]>([])
    // What opening the file and the first frames take is not the steady state.
    let settled = Mutex<UInt64?>(nil)
    var options = camera.source
    options.pacing = .offline
    let enough = DispatchSemaphore(value: 0)
    let before = ProcessUsage.now().processorTime
    let began = ProcessInfo.processInfo.systemUptime
    let source = FrameSource(
      camera: camera.name, address: camera.address, options: options,
      onStatus: { if $0.isFinal { enough.signal() } },
      consumer: { frame in
        let number = frames.withLock { frames in
          if frames.count < count { frames.append(frame) }
          return frames.count
        }
        if number == Self.settledFrames { settled.withLock { $0 = AllocationCounter.count } }
        if number == count { enough.signal() }
      })
    source.start()
    enough.wait()
    let elapsed = ProcessInfo.processInfo.systemUptime - began
    let used = ProcessUsage.now().processorTime - before
    let allocations = AllocationCounter.count
    source.stop()
    let result = frames.withLock { $0 }
    let share = 1 / Double(max(1, result.count))
    var stage = StageReport.Stage(
      name: "decode", runs: result.count, p50: elapsed * share, p95: elapsed * share,
      processorTime: used * share)
    if let allocations, let first = settled.withLock({ $0 }), result.count > Self.settledFrames {
      stage.allocations = Double(allocations - first) / Double(result.count - Self.settledFrames)
    }
    report.stages.append(stage)
    return result
  }

  func measure<Item>(
    _ name: String, _ items: [Item], warmUp: Bool = true, _ work: (Item) throws -> Void
  ) throws {
    if warmUp { for item in items.prefix(3) { try work(item) } }
    var times: [Double] = []
    times.reserveCapacity(items.count)
    let (before, allocations) = (ProcessUsage.now().processorTime, AllocationCounter.count)
    for item in items {
      let began = ProcessInfo.processInfo.systemUptime
      try work(item)
      times.append(ProcessInfo.processInfo.systemUptime - began)
    }
    let (after, allocationsAfter) = (ProcessUsage.now().processorTime, AllocationCounter.count)
    times.sort()
    let runs = Double(max(1, items.count))
    var stage = StageReport.Stage(
      name: name, runs: items.count, p50: times[times.count / 2], p95: times[times.count * 95 / 100],
      processorTime: (after - before) / runs)
    if let allocations, let allocationsAfter {
      stage.allocations = Double(allocationsAfter - allocations) / runs
    }
    report.stages.append(stage)
  }
}

/// Calls of the allocator in this process, where Benchmarks/allocations.c was loaded before it.
enum AllocationCounter {
  private typealias Function = @convention(c) () -> UInt64

  private static let function: Function? = {
    guard let program = dlopen(nil, RTLD_NOW), let symbol = dlsym(program, "throughline_allocation_count")
    else {
      return nil
    }
    return unsafeBitCast(symbol, to: Function.self)
  }()

  static var count: UInt64? { function?() }
}
