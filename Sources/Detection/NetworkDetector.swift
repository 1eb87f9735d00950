import Imaging
import Inference
import ThroughlineCore

/// Makes detectors that share compiled networks, one for each thread.
public struct DetectorFactory: Sendable {
  /// The networks, in the order in which they run.
  public let networks: [DetectionNetwork]

  /// A factory for detectors that run all these networks on each picture.
  public init(_ networks: [DetectionNetwork]) { self.networks = networks }

  /// Makes a detector with its own memory. To be used by one thread at a time.
  public func makeDetector() throws(InferenceError) -> NetworkDetector { try NetworkDetector(networks) }
}

/// Runs one or more networks on a picture. Networks that want to see the same tensor share one scaling step.
public final class NetworkDetector: Detector {
  private struct Stage {
    var network: DetectionNetwork
    var request: any InferenceRequest
  }

  private let stages: [Stage]
  private let scaler = PictureScaler()
  /// Used again for every network and picture.
  private var candidates: [ScoredBox] = []

  /// A detector with its own memory for each network.
  public init(_ networks: [DetectionNetwork]) throws(InferenceError) {
    var stages: [Stage] = []
    for network in networks {
      stages.append(Stage(network: network, request: try network.model.makeRequest()))
    }
    self.stages = stages
    candidates.reserveCapacity(1024)
  }

  private init(_ stages: [Stage]) { self.stages = stages }

  /// A detector for the same thread that runs only the network of one class, with other settings and in the same memory;
  /// `nil` where no network finds that class.
  public func detector(of category: DetectionClass, settings: DetectorSettings) throws -> NetworkDetector? {
    guard let stage = stages.first(where: { $0.network.category == category }) else { return nil }
    return NetworkDetector([Stage(network: stage.network.with(settings), request: stage.request)])
  }

  /// The classes that the networks can find.
  public var categories: Set<DetectionClass> { Set(stages.map(\.network.category)) }

  /// Runs all networks.
  public func detect(_ picture: Picture) throws -> [Detection] { try detect(picture, only: categories) }

  /// Runs the networks that find one of the classes.
  ///
  /// - Throws: `ImagingError` for a picture that cannot be scaled, `InferenceError` where a run fails.
  public func detect(_ picture: Picture, only wanted: Set<DetectionClass>) throws -> [Detection] {
    var result: [Detection] = []
    // What the first network saw; others that want the same take it over.
    var first: (stage: Stage, transform: LetterboxTransform)?
    for stage in stages where wanted.contains(stage.network.category) {
      let transform: LetterboxTransform
      if let first, first.stage.network.specification == stage.network.specification {
        _ = stage.request.input.update(fromContentsOf: first.stage.request.input)
        transform = first.transform
      } else {
        transform = try scaler.fill(
          stage.request.input, from: picture, specification: stage.network.specification)
      }
      if first == nil { first = (stage, transform) }
      try stage.request.run()
      candidates.removeAll(keepingCapacity: true)
      try stage.network.head.decode(
        stage.request, floor: Float(stage.network.settings.scoreFloor), into: &candidates)
      result += stage.network.detections(from: candidates, transform: transform, picture: picture.size)
    }
    return result
  }
}
