import CKernels
import ThroughlineCore

/// A picture's luma as the means of blocks of 16 x 16 pixels: enough to see whether anything has moved, cheap enough
/// for every frame.
public struct LumaBlocks: Sendable, Hashable {
  /// The side of a block in pixels.
  public static let side = 16
  /// Every so many lines are read; a person's edge is higher than that.
  static let step = 4

  /// The picture's size.
  public private(set) var size = PictureSize(width: 0, height: 0)
  /// Blocks in a row.
  public private(set) var columns = 0
  /// Sums over ``samplesPerBlock`` samples, row by row.
  private(set) var sums: [UInt32] = []

  /// How many samples of a block were read.
  static let samplesPerBlock = side * side / step

  /// The blocks of no picture.
  public init() {}

  /// Reads a picture; memory is taken only where the size has changed.
  public mutating func read(_ picture: Picture) {
    if picture.size != size {
      size = picture.size
      columns = size.width / Self.side
      sums = [UInt32](repeating: 0, count: columns * (size.height / Self.side))
    }
    sums.withUnsafeMutableBufferPointer { sums in
      guard let base = sums.baseAddress else { return }
      ck_block_sums(
        picture.luma.address, picture.luma.stride, Int32(size.width), Int32(size.height), Int32(Self.step),
        base)
    }
    withExtendedLifetime(picture.owner) {}
  }

  /// How many blocks differ by more than a number of grey steps (0...255) from another picture's; all of them where
  /// the sizes differ.
  public func changedBlocks(since other: LumaBlocks, threshold: Double) -> Int {
    guard other.size == size else { return max(1, sums.count) }
    let limit = UInt32(max(0, threshold) * Double(Self.samplesPerBlock))
    var count = 0
    for index in sums.indices {
      let (left, right) = (sums[index], other.sums[index])
      if (left > right ? left - right : right - left) > limit { count += 1 }
    }
    return count
  }

  /// The share, 0...1, of the blocks in a part of the picture that differ by more than a number of grey steps (0...255)
  /// from another picture's; 1 where the sizes differ, 0 where the part holds no whole block.
  ///
  /// - Parameter explained: boxes in pixels in which a difference does not count: a block's middle lies in one of them.
  public func changedShare(
    since other: LumaBlocks, threshold: Double, in part: BoundingBox, outside explained: [BoundingBox] = []
  ) -> Double {
    guard other.size == size else { return 1 }
    guard columns > 0 else { return 0 }
    let (rows, side) = (sums.count / columns, Double(Self.side))
    func range(_ from: Double, _ to: Double, _ count: Int) -> Range<Int> {
      let first = Int(min(max(from / side, 0), Double(count)).rounded(.down))
      return first..<max(first, Int(min(max(to / side, 0), Double(count)).rounded(.up)))
    }
    func isExplained(_ row: Int, _ column: Int) -> Bool {
      let (x, y) = ((Double(column) + 0.5) * side, (Double(row) + 0.5) * side)
      return explained.contains { $0.minX <= x && x <= $0.maxX && $0.minY <= y && y <= $0.maxY }
    }
    let limit = UInt32(max(0, threshold) * Double(Self.samplesPerBlock))
    let across = range(part.minX, part.maxX, columns)
    var (changed, all) = (0, 0)
    for row in range(part.minY, part.maxY, rows) {
      for column in across {
        let (left, right) = (sums[row * columns + column], other.sums[row * columns + column])
        if (left > right ? left - right : right - left) > limit, !isExplained(row, column) { changed += 1 }
        all += 1
      }
    }
    return all == 0 ? 0 : Double(changed) / Double(all)
  }

  /// The brightest block's mean luma as the samples say it, 0...255; 0 without a block.
  public var brightest: Double { Double(sums.max() ?? 0) / Double(Self.samplesPerBlock) }
}
