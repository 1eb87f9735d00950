import Detection
import Inference
import Models
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

  /// Compiles networks.
  ///
  /// - Parameters:
  ///   - person: the zoo's entry and file of the person detector.
  ///   - face: the same of the face detector.
  ///   - reidentification: the same of the re-ID network.
  ///   - cameras: how many cameras will run them at the same time.
  public init(
    runtime: any Runtime, person: LocatedModel, face: LocatedModel, reidentification: LocatedModel,
    options: InferenceOptions, cameras: Int
  ) throws {
    var options = options
    // One stream per camera as far as there are threads: cameras then run beside each other instead of in turn.
    options.streams = max(1, min(cameras, options.threads ?? 1))
    personModel = try runtime.compile(
      modelAt: person.path, inputShape: person.entry.input?.shape, options: options)
    faceModel = try runtime.compile(modelAt: face.path, inputShape: face.entry.input?.shape, options: options)
    let reidModel = try runtime.compile(
      modelAt: reidentification.path, inputShape: reidentification.entry.input?.shape, options: options)
    self.person = try DetectionNetwork(entry: person.entry, model: personModel)
    self.face = try DetectionNetwork(entry: face.entry, model: faceModel)
    guard let input = reidentification.entry.input, reidentification.entry.task == .reid else {
      throw PipelineError.setting(
        "'\(reidentification.entry.name)' is no re-ID network; 'throughline models list' shows those that are"
      )
    }
    embedder = try EmbedderFactory(
      model: reidModel, specification: .init(input), name: reidentification.entry.name,
      version: reidentification.entry.version)
  }

  /// What one camera's lane works with, for one thread.
  func workers(for camera: PipelineSettings.Camera, firstTrack: UInt64) throws -> CameraLane.Workers {
    let networks = [
      try DetectionNetwork(entry: person.entry, model: personModel, settings: camera.person),
      try DetectionNetwork(entry: face.entry, model: faceModel, settings: camera.face),
    ]
    return CameraLane.Workers(
      detector: try DetectorFactory(networks).makeDetector(),
      looks: LookTaker(
        judge: camera.judge, planner: LookPlanner(settings: camera.planner),
        embedder: try embedder.makeEmbedder()),
      tracker: Tracker(camera: camera.name, settings: camera.tracker, firstNumber: firstTrack),
      appearance: camera.appearance)
  }
}

/// A model of the zoo and where its file lies on this machine.
public struct LocatedModel: Sendable {
  /// The zoo's entry.
  public var entry: ModelEntry
  /// The file that the runtime reads.
  public var path: String

  /// A model by its parts.
  public init(entry: ModelEntry, path: String) {
    self.entry = entry
    self.path = path
  }
}
