import ThroughlineCore

/// Where each camera stands in the mosaic: a grid as square as the cameras allow, filled row by row.
public struct MosaicLayout: Sendable, Hashable {
  /// The size of the whole.
  public let size: PictureSize
  /// Columns of the grid.
  public let columns: Int
  /// Rows of the grid.
  public let rows: Int
  private let cameras: [CameraName]

  /// A layout of cameras in the order in which they were named.
  public init(cameras: [CameraName], size: PictureSize) {
    self.cameras = cameras
    self.size = size
    var columns = 1
    while columns * columns < cameras.count { columns += 1 }
    self.columns = columns
    rows = max(1, (cameras.count + columns - 1) / columns)
  }

  /// The cell of a camera in pixels of the mosaic, on even pixels; `nil` for a camera that is not in it.
  public func cell(of camera: CameraName) -> BoundingBox? {
    guard let index = cameras.firstIndex(of: camera) else { return nil }
    let width = size.width / columns & ~1
    let height = size.height / rows & ~1
    return BoundingBox(
      x: Double(index % columns * width), y: Double(index / columns * height), width: Double(width),
      height: Double(height))
  }
}
