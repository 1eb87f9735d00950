import Detection
import Imaging
import Inference
import ThroughlineCore

/// Finds faces that the pipeline's detector may miss: it looks at the whole picture and at overlapping tiles of it, as
/// they are and enlarged. Far too slow for live pictures; it judges what the anonymiser has let through.
///
/// One instance belongs to one thread.
public final class StrongFaceDetector {
  /// The side of the network's input in pixels.
  public static let side = 640

  private let detector: NetworkDetector
  private let scales: [Double]
  private let minimumScore: Double

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
    detector = try DetectorFactory([network]).makeDetector()
    self.scales = scales
    self.minimumScore = minimumScore
  }

  /// The faces of a picture, best first.
  public func faces(in picture: Picture) throws -> [Detection] {
    var found = try detector.detect(picture)
    for scale in scales {
      let side = Double(Self.side) / scale
      for tile in Self.tiles(of: picture.size, side: side) {
        guard let part = picture.cropped(to: tile) else { continue }
        // Tiles begin at even pixels.
        let left = (tile.minX / 2).rounded() * 2
        let top = (tile.minY / 2).rounded() * 2
        for var face in try detector.detect(part) {
          face.box = BoundingBox(
            x: face.box.x + left, y: face.box.y + top, width: face.box.width, height: face.box.height)
          found.append(face)
        }
      }
    }
    return found.suppressingNonMaxima(overlap: 0.3)
  }

  /// Tiles that overlap by a quarter, so that no face is only ever seen cut in two. None where one look at the whole
  /// picture shows as much.
  static func tiles(of size: PictureSize, side: Double) -> [BoundingBox] {
    let (width, height) = (Double(size.width), Double(size.height))
    guard width > side || height > side else { return [] }
    func starts(_ length: Double) -> [Double] {
      guard length > side else { return [0] }
      let count = ((length - side) / (side * 0.75)).rounded(.up)
      return (0...Int(count)).map { ((length - side) * Double($0) / count / 2).rounded() * 2 }
    }
    return starts(height).flatMap { top in
      starts(width).map {
        BoundingBox(x: $0, y: top, width: min(side, width), height: min(side, height)).clipped(to: size)
      }
    }
  }
}
