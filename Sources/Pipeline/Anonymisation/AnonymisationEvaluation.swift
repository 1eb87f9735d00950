import Configuration
import Detection
import Foundation
import Imaging
import Inference
import Logging
import Media
import Privacy
import Reidentification
import Synchronization
import ThroughlineCore

/// Measures what leaks through the anonymiser: videos go through the whole pipeline, photos the way of those that are
/// searched with and enrolled (``PhotoAnonymizer``), and a stronger detector looks at what comes out.
public struct AnonymisationEvaluation {
  /// Every so many frames of a video are looked at.
  public var interval = 10
  /// The folder into which covered pictures go, those with leaks marked; `nil` writes none.
  public var pictureFolder: String?

  private let configuration: Configuration
  private let networks: PipelineNetworks
  private let judge: StrongFaceDetector
  private let witness: StrongPersonDetector
  private let photoDetector: StrongFaceDetector
  private let embedder: Embedder
  private let logger: Logger
  private let environment: [String: String]

  /// An evaluation with a configuration's models and privacy settings.
  public init(
    _ configuration: Configuration, environment: [String: String], scales: [Double], minimumScore: Double,
    logger: Logger
  ) throws {
    self.configuration = configuration
    self.environment = environment
    self.logger = logger
    let loader = try NetworkLoader(
      directory: configuration.text("models.directory"), environment: environment)
    let runtime = try loader.runtime(library: configuration.text("inference.library"))
    let face = try loader.locate(configuration.text("detection.face-model") ?? "default", for: .face)
    let person = try loader.locate(
      configuration.text("detection.person-model") ?? "default", for: .person)
    networks = try PipelineNetworks(
      runtime: runtime, person: person, face: face,
      reidentification: loader.locate(configuration.text("reidentification.model") ?? "default", for: .reid),
      options: InferenceOptions(threads: 1), cameras: 1)
    photoDetector = try StrongFaceDetector(model: face, runtime: runtime, minimumScore: 0.4)
    judge = try StrongFaceDetector(
      model: face, runtime: runtime, scales: scales, minimumScore: minimumScore)
    witness = try StrongPersonDetector(model: person, runtime: runtime)
    embedder = try networks.embedder.makeEmbedder()
  }

  // MARK: - Photos

  /// Measures photos, each by itself.
  public func measure(
    photos: [String], name: String, progress: (Double) -> Void
  ) throws -> AnonymisationScore {
    let settings = try PipelineSettings(configuration, environment: environment).privacy
    let anonymizer = try PhotoAnonymizer(networks, strong: photoDetector)
    var tally = AnonymisationTally(name: name)
    for (index, path) in photos.enumerated() {
      let photo = try PhotoFile.read(path)
      let detections = try anonymizer.detections(in: photo)
      let frame = try anonymizer.cover(
        photo, number: UInt64(index + 1), detections: detections, settings: settings)
      let persons = detections.filter { $0.category == .person && $0.score >= 0.4 }.map(\.box)
      try compare(photo, frame, persons: persons, into: &tally)
      progress(Double(index + 1) / Double(photos.count))
    }
    return tally.finished()
  }

  // MARK: - Videos

  /// What the frames of one video that are compared may take together; later ones are left out and counted.
  private static let maximumBytes = 1 << 30

  /// Keeps every so many covered frames.
  private final class Collector: FrameSink {
    let interval: UInt64
    let kept = Mutex<[UInt64: (frame: AnonymizedFrame, persons: [BoundingBox])]>([:])
    let budget = Mutex((left: AnonymisationEvaluation.maximumBytes, skipped: 0))

    init(interval: Int) { self.interval = UInt64(max(1, interval)) }

    func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) {
      guard frame.number % interval == 1 % interval else { return }
      let bytes = frame.picture.size.width * frame.picture.size.height * 3 / 2
      let fits = budget.withLock { budget in
        guard budget.left >= bytes else {
          budget.skipped += 1
          return false
        }
        budget.left -= bytes
        return true
      }
      guard fits else { return }
      // The frame's memory belongs to a pool that would run dry.
      let boxes = persons.filter { $0.track.state == .tracked && $0.track.isObserved }.map(\.track.box)
      guard let copy = try? frame.copied() else { return }
      kept.withLock { $0[frame.number] = (copy, boxes) }
    }

    func end(_ camera: CameraName) {}
    func finish() -> [String] { [] }
  }

  /// Measures a video.
  public func measure(video path: String, name: String, progress: @escaping (Double) -> Void) throws
    -> AnonymisationScore
  {
    var configuration = configuration
    configuration.set("input.offline", to: .boolean(true), from: .flag("--offline"))
    configuration.set("output.boxes", to: .boolean(false), from: .flag("--no-output.boxes"))
    try configuration.add(source: "evaluated=\(path)")
    let settings = try PipelineSettings(configuration, environment: environment)
    let collector = Collector(interval: interval)
    let run = try PipelineRun(
      settings: settings, networks: networks, logger: logger, observer: nil, additionalSinks: [collector])
    run.start()
    let summary = run.wait()
    guard summary.cameras.first?.framesOut ?? 0 > 0 else {
      throw PipelineError.output(
        "'\(path)': nothing could be read\(summary.warnings.first.map { " (\($0))" } ?? "")")
    }
    let skipped = collector.budget.withLock { $0.skipped }
    if skipped > 0 {
      logger.warning("\(name): \(skipped) frames at the end were left out; look at fewer with --every")
    }
    var tally = AnonymisationTally(name: name)
    let covered = collector.kept.withLock { $0 }
    let inputs = try pictures(of: path, numbers: Set(covered.keys), settings: settings)
    for (index, entry) in covered.sorted(by: { $0.key < $1.key }).enumerated() {
      guard let input = inputs[entry.key] else { continue }
      try compare(input, entry.value.frame, persons: entry.value.persons, into: &tally)
      progress(Double(index + 1) / Double(covered.count))
    }
    return tally.finished()
  }

  private func pictures(
    of path: String, numbers: Set<UInt64>, settings: PipelineSettings
  ) throws -> [UInt64: Picture] {
    guard let camera = settings.cameras.first else { return [:] }
    let found = Mutex<[UInt64: Picture]>([:])
    let source = FrameSource(
      camera: camera.name, address: camera.address, options: camera.source,
      consumer: { frame in
        guard numbers.contains(frame.number),
          let copy = try? PictureBuffer(copying: frame.picture).freeze()
        else { return }
        found.withLock { $0[frame.number] = copy }
      })
    source.start()
    source.waitUntilEnded()
    return found.withLock { $0 }
  }

  // MARK: - Pairs

  private func compare(
    _ input: Picture, _ frame: AnonymizedFrame, persons: [BoundingBox], into tally: inout AnonymisationTally
  ) throws {
    let before = try judge.faces(in: input)
    let after = try judge.faces(in: frame.picture)
    let leaked = tally.add(input: before, output: after, isWithheld: frame.isWithheld)
    if !leaked.isEmpty {
      let known = try persons + witness.persons(in: input)
      let somebodys = leaked.filter { face in known.contains { Self.isPart(face.box, of: $0) } }
      let regions = frame.regions.map(\.box)
      let open = somebodys.filter { face in
        known.contains { Self.isHead(face.box, of: $0) }
          && Self.share(of: face.box, coveredBy: regions) < Self.coveredShare
      }
      tally.add(onPersons: somebodys.count, openFaces: open.count)
      tell(leaked, somebodys: somebodys, open: open, of: frame, name: tally.score.name)
    }
    for face in before where face.box.height >= 12 && tally.wantsHeads {
      let head = face.box.expanded(byShareOfWidth: 0.2, height: 0.2).clipped(to: input.size)
      tally.add(
        head: try embedder.embed(input, box: head), covered: try embedder.embed(frame.picture, box: head))
    }
    for person in persons {
      let box = person.clipped(to: input.size)
      guard box.isValid, box.height >= 48 else { continue }
      if tally.wantsBodies {
        tally.add(
          body: try embedder.embed(input, box: box), covered: try embedder.embed(frame.picture, box: box))
      }
      tally.add(coverage: Self.share(of: box, coveredBy: frame.regions.map(\.box)))
    }
    try write(frame, leaked: leaked, others: after.count - leaked.count, name: tally.score.name)
  }

  /// A find of which so much is covered is one on the cover: what was there cannot be seen.
  private static let coveredShare = 0.7

  /// Whether a find lies where a person's head can be: anywhere on the body, but not at the legs of somebody who stands.
  static func isHead(_ face: BoundingBox, of person: BoundingBox) -> Bool {
    let stands = person.height >= 1.5 * person.width
    return isPart(face, of: person) && (!stands || face.centerY <= person.minY + 0.6 * person.height)
  }

  /// Whether a find lies where a person is, somewhat beyond the box included.
  static func isPart(_ face: BoundingBox, of person: BoundingBox) -> Bool {
    let wide = person.expanded(byShareOfWidth: 0.25, height: 0.15)
    return wide.minX <= face.centerX && face.centerX <= wide.maxX && wide.minY <= face.centerY
      && face.centerY <= wide.maxY
  }

  private func tell(
    _ leaked: [Detection], somebodys: [Detection], open: [Detection], of frame: AnonymizedFrame, name: String
  ) {
    let places = leaked.map { face in
      let box = face.box
      let isCovered =
        Self.share(of: box, coveredBy: frame.regions.map(\.box)) >= Self.coveredShare
      let what =
        isCovered
        ? "it is covered, and found on the cover"
        : open.contains(face)
          ? "a person's head can be there"
          : somebodys.contains(face) ? "at a person's legs" : "nobody is there"
      return "\(Int(box.x)),\(Int(box.y)) \(Int(box.width))x\(Int(box.height)) score "
        + String(format: "%.2f", face.score) + " (\(what))"
    }
    logger.warning(
      "\(name), picture \(frame.number): the same face in input and output at \(places.joined(separator: "; "))"
    )
  }

  /// The share of a box that boxes cover together, on a grid of 32 x 32 points.
  private static func share(of box: BoundingBox, coveredBy regions: [BoundingBox]) -> Double {
    var hits = 0
    for row in 0..<32 {
      for column in 0..<32 {
        let x = box.x + (Double(column) + 0.5) / 32 * box.width
        let y = box.y + (Double(row) + 0.5) / 32 * box.height
        if regions.contains(where: { $0.minX <= x && x <= $0.maxX && $0.minY <= y && y <= $0.maxY }) {
          hits += 1
        }
      }
    }
    return Double(hits) / 1024
  }

  private func write(_ frame: AnonymizedFrame, leaked: [Detection], others: Int, name: String) throws {
    guard let pictureFolder else { return }
    try OutputFolder.make(pictureFolder)
    let kind = leaked.isEmpty ? (others > 0 ? "doubt" : "clean") : "leak"
    let file = "\(pictureFolder)/\(name)-\(frame.number)-\(kind).jpg"
    // A picture with a leak must not be written as it is.
    guard leaked.isEmpty else { return }
    try OutputFolder.write(Data(try frame.jpeg()), to: file)
  }
}
