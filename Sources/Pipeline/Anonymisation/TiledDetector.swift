import Detection
import Imaging
import Inference
import ThroughlineCore

/// Looks at the whole of a picture and at overlapping tiles of it, as they are and enlarged. Far too slow for live
/// pictures.
///
/// One instance belongs to one thread.
final class TiledDetector {
  private let detector: NetworkDetector
  private let scales: [Double]
  private let leavesOutCut: Bool

  /// - Parameters:
  ///   - scales: by how much the picture is enlarged, besides the look at the whole of it.
  ///   - leavesOutCut: whether what a tile's edge cuts is left out, since half a body passes for a smaller one.
  init(_ network: DetectionNetwork, scales: [Double], leavesOutCut: Bool = false) throws {
    detector = try DetectorFactory([network]).makeDetector()
    self.scales = scales
    self.leavesOutCut = leavesOutCut
  }

  /// What is found in a picture, best first.
  func detections(in picture: Picture) throws -> [Detection] {
    var found = try detector.detect(picture)
    for scale in scales {
      for tile in Self.tiles(of: picture.size, side: Double(StrongFaceDetector.side) / scale) {
        guard let part = picture.cropped(to: tile) else { continue }
        // Tiles begin at even pixels.
        let left = (tile.minX / 2).rounded() * 2
        let top = (tile.minY / 2).rounded() * 2
        for var detection in try detector.detect(part) {
          let box = detection.box
          if leavesOutCut, Self.isCut(box, by: tile, of: picture.size) { continue }
          detection.box = BoundingBox(x: box.x + left, y: box.y + top, width: box.width, height: box.height)
          found.append(detection)
        }
      }
    }
    return found.suppressingNonMaxima(overlap: 0.3)
  }

  /// Whether a box, in pixels of a tile, ends at an edge of the tile that is not the picture's.
  static func isCut(_ box: BoundingBox, by tile: BoundingBox, of size: PictureSize) -> Bool {
    let edge = 4.0
    return box.minX < edge && tile.minX > 0 || box.minY < edge && tile.minY > 0
      || box.maxX > tile.width - edge && tile.maxX < Double(size.width)
      || box.maxY > tile.height - edge && tile.maxY < Double(size.height)
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
