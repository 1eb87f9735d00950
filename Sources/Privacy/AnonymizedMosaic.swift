import Imaging
import ThroughlineCore

/// Puts the anonymised frames of several cameras side by side. One instance per thread.
public final class AnonymizedMosaic {
  /// One camera's place in the mosaic.
  public struct Tile: Sendable {
    /// The latest frame, or `nil` where there is none (yet).
    public var frame: AnonymizedFrame?
    /// One line at the tile's lower left corner.
    public var title: String

    /// A tile by its parts.
    public init(frame: AnonymizedFrame?, title: String) {
      self.frame = frame
      self.title = title
    }
  }

  /// The size of the whole in pixels.
  public let size: PictureSize
  private let pool: PicturePool
  private let scaler = PictureScaler()

  /// A mosaic of that size; memory comes from the pool.
  public init(size: PictureSize, pool: PicturePool = PicturePool()) {
    self.size = size
    self.pool = pool
  }

  /// Columns and rows for so many tiles: as square as possible, rather wide than high.
  public static func grid(for count: Int) -> (columns: Int, rows: Int) {
    var columns = 1
    while columns * columns < count { columns += 1 }
    return (columns, max(1, (max(count, 1) + columns - 1) / columns))
  }

  /// Composes the tiles row by row, each in its own proportions on a dark ground.
  ///
  /// - Returns: a frame under a name of its own; it is open where one of its tiles is.
  /// - Throws: ``ImagingError`` where no memory is to be had.
  public func compose(
    _ tiles: [Tile], name: CameraName, number: UInt64, captureTime: Timestamp
  ) throws(ImagingError) -> AnonymizedFrame {
    let buffer = try pool.buffer(size: size, matrix: .bt709Limited)
    buffer.fill(buffer.matrix.color(red: 24, green: 26, blue: 30))
    let (columns, rows) = Self.grid(for: tiles.count)
    var open: [String] = []
    for (index, tile) in tiles.enumerated() {
      let left = index % columns * size.width / columns
      let top = index / columns * size.height / rows
      let right = (index % columns + 1) * size.width / columns
      let bottom = (index / columns + 1) * size.height / rows
      let cell = PixelRectangle(x: left, y: top, width: right - left, height: bottom - top)
      guard cell.width >= 2, cell.height >= 2 else { continue }
      if let frame = tile.frame {
        try scaler.draw(frame.picture, into: buffer, rectangle: cell)
        if case .open(let reason) = frame.status, !open.contains(reason) { open.append(reason) }
      }
      if !tile.title.isEmpty {
        buffer.label(
          tile.title, x: Double(left), bottom: Double(bottom), scale: buffer.textScale,
          buffer.matrix.color(red: 40, green: 44, blue: 52))
      }
    }
    return AnonymizedFrame(
      camera: name, number: number, captureTime: captureTime, picture: buffer.freeze(), regions: [],
      status: open.isEmpty ? .covered : .open(reason: open.joined(separator: "; ")))
  }
}
