import Detection
import Imaging
import Inference
import ThroughlineCore

/// Finds faces that the pipeline's detector may miss, on overlapping, enlarged tiles; it judges what the anonymiser has
/// let through.
///
/// One instance belongs to one thread.
public final class StrongFaceDetector {
  /// The side of the network's input in pixels.
  public static let side = 640

  private let detector: TiledDetector

  /// A detector on the zoo's face network.
  ///
  /// - Parameters:
  ///   - model: the face network.
  ///   - scales: by how much the picture is enlarged, besides the look at the whole of it.
  ///   - minimumScore: the lowest score that counts as a face.
  public init(
    model: LocatedModel, runtime: some Runtime, scales: [Double] = [1, 2], minimumScore: Double = 0.6
  ) throws {
    let settings = DetectorSettings(scoreFloor: minimumScore, overlap: 0.4, maximumCount: 500, minimumSide: 4)
    let network = try DetectionNetwork(
      entry: model.entry, path: model.path, runtime: runtime,
      inputSize: PictureSize(width: Self.side, height: Self.side), settings: settings)
    detector = try TiledDetector(network, scales: scales)
  }

  /// The faces of a picture, best first.
  public func faces(in picture: Picture) throws -> [Detection] { try detector.detections(in: picture) }
}

/// Finds persons whom the pipeline's detector may miss: on tiles, and from far lower scores on. It says whether a face
/// that was found in input and output alike can be anybody's.
///
/// One instance belongs to one thread.
final class StrongPersonDetector {
  /// From so little on something may be a person.
  static let minimumScore = 0.15

  private let detector: TiledDetector

  init(model: LocatedModel, runtime: some Runtime) throws {
    let settings = DetectorSettings(
      scoreFloor: Self.minimumScore, overlap: 0.6, maximumCount: 500, minimumSide: 6)
    func network(_ size: PictureSize?) throws -> DetectionNetwork {
      try DetectionNetwork(
        entry: model.entry, path: model.path, runtime: runtime, inputSize: size, settings: settings)
    }
    // Not every network can be reshaped.
    let large = try? network(
      PictureSize(width: StrongFaceDetector.side, height: StrongFaceDetector.side))
    detector = try TiledDetector(try large ?? network(nil), scales: [1, 2], leavesOutCut: true)
  }

  /// The boxes of everything in a picture that may be a person.
  func persons(in picture: Picture) throws -> [BoundingBox] {
    try detector.detections(in: picture).map(\.box)
  }
}
