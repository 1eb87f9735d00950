import Detection
import Foundation
import Imaging
import Inference
import Models
import Privacy
import Reidentification
import ThroughlineCore
import Tracking

/// The compiled networks of a run, shared by all cameras.
public struct PipelineNetworks: Sendable {
  /// The person detector.
  public let person: DetectionNetwork
  /// The face detector.
  public let face: DetectionNetwork
  /// The re-ID network.
  public let embedder: EmbedderFactory

  private let personModel: any CompiledModel
  private let faceModel: any CompiledModel
  private let reidModel: any CompiledModel
  /// The detectors for smaller pictures, where both networks can be had so.
  private let small: Small?
  /// Who says which network runs when.
  public let scheduler: InferenceScheduler
  /// What was chosen for each network, one line each.
  public let choices: [String]
  /// So many lanes may detect at a time: as many as networks run at a time, or as the scheduler wants to collect.
  let lanesAtOnce: Int

  private struct Small: Sendable {
    var personEntry: ModelEntry
    var person: any CompiledModel
    var faceEntry: ModelEntry
    var face: any CompiledModel
  }

  /// Compiles networks.
  ///
  /// - Parameters:
  ///   - person: the zoo's entry and file of the person detector.
  ///   - face: the same of the face detector.
  ///   - reidentification: the same of the re-ID network.
  ///   - cameras: how many cameras will run them at the same time.
  ///   - scheduling: how the networks stand against each other.
  ///   - hasSmallInput: whether the detectors are also compiled for smaller pictures, for times of overload.
  ///   - choices: what was chosen for each network, for the log.
  public init(
    runtime: any Runtime, person: LocatedModel, face: LocatedModel, reidentification: LocatedModel,
    options: InferenceOptions, cameras: Int, scheduling: NetworkScheduling = NetworkScheduling(),
    hasSmallInput: Bool = false, choices: [String] = []
  ) throws {
    var options = options
    // One stream per camera as far as there are threads: cameras then run beside each other instead of in turn.
    options.streams = max(1, min(cameras, options.threads ?? 1))
    let scheduler = InferenceScheduler(
      slots: options.streams ?? 1, policies: scheduling.policies, ageing: scheduling.ageing)
    self.scheduler = scheduler
    lanesAtOnce = max(options.streams ?? 1, scheduling.policies.map(\.threshold).max() ?? 1)
    self.choices = choices
    func compile(_ model: LocatedModel, _ entry: ModelEntry, as network: String) throws -> any CompiledModel {
      var options = options
      if let precision = model.precision { options.precision = precision }
      return ScheduledModel(
        try runtime.compile(modelAt: model.path, inputShape: entry.input?.shape, options: options),
        scheduler: scheduler, network: network)
    }
    personModel = try compile(person, person.entry, as: NetworkScheduling.person)
    faceModel = try compile(face, face.entry, as: NetworkScheduling.face)
    reidModel = try compile(reidentification, reidentification.entry, as: NetworkScheduling.reid)
    self.person = try DetectionNetwork(entry: person.entry, model: personModel)
    self.face = try DetectionNetwork(entry: face.entry, model: faceModel)
    if hasSmallInput, let personEntry = Self.smaller(person.entry), let faceEntry = Self.smaller(face.entry),
      let personModel = try? compile(person, personEntry, as: NetworkScheduling.person),
      let faceModel = try? compile(face, faceEntry, as: NetworkScheduling.face),
      (try? DetectionNetwork(entry: personEntry, model: personModel)) != nil,
      (try? DetectionNetwork(entry: faceEntry, model: faceModel)) != nil
    {
      small = Small(personEntry: personEntry, person: personModel, faceEntry: faceEntry, face: faceModel)
    } else {
      small = nil
    }
    guard let input = reidentification.entry.input, reidentification.entry.task == .reid else {
      throw PipelineError.setting(
        "'\(reidentification.entry.name)' is no re-ID network; 'throughline models list' shows those that are"
      )
    }
    embedder = try EmbedderFactory(
      model: reidModel, specification: .init(input), name: reidentification.entry.name,
      version: reidentification.entry.version)
  }

  /// Whether the detectors can see smaller pictures in times of overload.
  public var hasSmallInput: Bool { small != nil }

  /// The entry for two thirds of the sides, in the multiples of 32 that detectors want; `nil` where it is small already.
  static func smaller(_ entry: ModelEntry) -> ModelEntry? {
    guard entry.decoder != .boxes, let size = entry.input?.size, size.width > 320, size.height > 192 else {
      return nil
    }
    var entry = entry
    func shrink(_ side: Int) -> Int { max(32, (side * 2 / 3 + 16) / 32 * 32) }
    entry.input?.size = PictureSize(width: shrink(size.width), height: shrink(size.height))
    return entry
  }

  /// Runs each network alone on this thread: seconds of processor time per run of the whole process, by the
  /// scheduler's names.
  ///
  /// - Parameter seconds: how long each network is run.
  public func measureAlone(seconds: Double) throws -> [String: Double] {
    var result: [String: Double] = [:]
    var requests = try makeRequests()
    if let small {
      requests += [
        (Self.small(NetworkScheduling.person), try small.person.makeRequest()),
        (Self.small(NetworkScheduling.face), try small.face.makeRequest()),
      ]
    }
    for (name, request) in requests {
      for _ in 0..<3 { try request.run() }
      let began = ProcessInfo.processInfo.systemUptime
      let before = ProcessUsage.now().processorTime
      var runs = 0.0
      repeat {
        try request.run()
        runs += 1
      } while ProcessInfo.processInfo.systemUptime - began < seconds
      result[name] = (ProcessUsage.now().processorTime - before) / runs
    }
    return result
  }

  /// Under which name a detector on smaller pictures is measured.
  static func small(_ network: String) -> String { "\(network), small" }

  /// A request of each network, by the scheduler's names, in the order of the pipeline.
  func makeRequests() throws -> [(name: String, request: any InferenceRequest)] {
    try [
      (NetworkScheduling.person, personModel), (NetworkScheduling.face, faceModel),
      (NetworkScheduling.reid, reidModel),
    ].map { ($0.0, try $0.1.makeRequest()) }
  }

  /// Who looks for faces that are too small for the ordinary detection, for one thread; `nil` where nothing is covered, or
  /// nobody asks for it.
  ///
  /// - Parameter detector: what the same thread finds faces with in the whole picture; its memory is shared.
  func crowdWatch(_ privacy: PrivacySettings, beside detector: NetworkDetector? = nil) throws -> CrowdWatch? {
    if case .off = privacy.faces { return nil }
    guard privacy.crowdInterval > 0, let tile = face.entry.input?.size else { return nil }
    let looking =
      try detector?.detector(of: .face, settings: CrowdWatch.detectorSettings)
      ?? DetectorFactory([
        try DetectionNetwork(entry: face.entry, model: faceModel, settings: CrowdWatch.detectorSettings)
      ]).makeDetector()
    return CrowdWatch(detector: looking, tile: tile, settings: privacy)
  }

  /// What one camera's lane works with, for one thread.
  func workers(
    for camera: PipelineSettings.Camera, firstTrack: UInt64, privacy: PrivacySettings
  ) throws -> CameraLane.Workers {
    func detector(
      _ person: (ModelEntry, any CompiledModel), _ face: (ModelEntry, any CompiledModel)
    ) throws -> NetworkDetector {
      try DetectorFactory([
        try DetectionNetwork(entry: person.0, model: person.1, settings: camera.person),
        try DetectionNetwork(entry: face.0, model: face.1, settings: camera.face),
      ]).makeDetector()
    }
    let whole = try detector((person.entry, personModel), (face.entry, faceModel))
    return CameraLane.Workers(
      detector: whole,
      smallDetector: try small.map {
        try detector(($0.personEntry, $0.person), ($0.faceEntry, $0.face))
      },
      looks: LookTaker(
        judge: camera.judge, planner: LookPlanner(settings: camera.planner),
        embedder: try embedder.makeEmbedder()),
      tracker: Tracker(camera: camera.name, settings: camera.tracker, firstNumber: firstTrack),
      appearance: camera.appearance, crowds: try crowdWatch(privacy, beside: whole))
  }
}

/// A model of the zoo and where its file lies on this machine.
public struct LocatedModel: Sendable {
  /// The zoo's entry.
  public var entry: ModelEntry
  /// The file that the runtime reads.
  public var path: String
  /// The arithmetic it is computed in, before that of the run's options.
  public var precision: InferencePrecision?

  /// A model by its parts.
  public init(entry: ModelEntry, path: String) {
    self.entry = entry
    self.path = path
  }
}
