import Foundation
import ThroughlineCore

/// A candidate of a network: a box in network pixels with its score, 0...1.
public struct ScoredBox: Hashable, Sendable {
  /// Where, in pixels of the network's input.
  public var box: BoundingBox
  /// How sure the network is.
  public var score: Double

  /// A candidate by its parts.
  public init(box: BoundingBox, score: Double) {
    self.box = box
    self.score = score
  }
}

/// Reads rows of left, top, right, bottom, score.
public enum BoxesDecoder {
  /// The rows whose score reaches the floor; rows with numbers that are not finite or boxes without area are left
  /// out, and so is an incomplete row at the end.
  public static func decode(_ values: UnsafeBufferPointer<Float>, floor: Float) -> [ScoredBox] {
    var result: [ScoredBox] = []
    append(values, floor: floor, to: &result)
    return result
  }

  /// The same, added to a list whose memory is used again.
  static func append(
    _ values: UnsafeBufferPointer<Float>, floor: Float, to result: inout [ScoredBox]
  ) {
    for row in 0..<(values.count / 5) {
      let score = values[row * 5 + 4]
      guard score >= floor, score <= 1.001 else { continue }
      let box = BoundingBox(
        left: Double(values[row * 5]), top: Double(values[row * 5 + 1]), right: Double(values[row * 5 + 2]),
        bottom: Double(values[row * 5 + 3]))
      if box.isValid { result.append(ScoredBox(box: box, score: min(1, Double(score)))) }
    }
  }
}

/// Reads YOLOX's output (Z. Ge et al., "YOLOX: Exceeding YOLO Series in 2021", 2021).
///
/// Rows of centre x, centre y, width, height, object score, category scores; one row per cell of the grids of
/// strides 8, 16 and 32, row by row. Centres count in cells from the cell's corner, sizes are logarithms in cells.
public struct YOLOXDecoder: Hashable, Sendable {
  /// The strides of the grids, in the order of the rows.
  public static let strides = [8, 16, 32]

  /// The network's input.
  public let inputSize: PictureSize
  /// Values per row: 5 and the number of categories.
  public let columns: Int
  /// The category to report; 0 is person in COCO's order.
  public let category: Int

  /// A decoder for one input size, whose sides should be multiples of 32.
  public init(inputSize: PictureSize, columns: Int = 85, category: Int = 0) {
    self.inputSize = inputSize
    self.columns = columns
    self.category = category
  }

  /// How many rows the output has for an input.
  public static func cellCount(for size: PictureSize) -> Int {
    strides.reduce(0) { $0 + (size.width / $1) * (size.height / $1) }
  }

  /// The rows whose score (object times category) reaches the floor. Returns nothing where there are fewer values
  /// than the grids need or the category has no column.
  public func decode(_ values: UnsafeBufferPointer<Float>, floor: Float) -> [ScoredBox] {
    var result: [ScoredBox] = []
    append(values, floor: floor, to: &result)
    return result
  }

  /// The same, added to a list whose memory is used again.
  func append(_ values: UnsafeBufferPointer<Float>, floor: Float, to result: inout [ScoredBox]) {
    guard columns > 5, (0..<(columns - 5)).contains(category),
      values.count >= Self.cellCount(for: inputSize) * columns
    else { return }
    var start = 0
    for stride in Self.strides {
      let width = inputSize.width / stride
      for y in 0..<(inputSize.height / stride) {
        for x in 0..<width {
          defer { start += columns }
          let score = values[start + 4] * values[start + 5 + category]
          guard score >= floor, score <= 1.001 else { continue }
          let step = Double(stride)
          let box = BoundingBox(
            centerX: (Double(values[start]) + Double(x)) * step,
            centerY: (Double(values[start + 1]) + Double(y)) * step,
            width: exp(Double(values[start + 2])) * step, height: exp(Double(values[start + 3])) * step)
          if box.isValid { result.append(ScoredBox(box: box, score: min(1, Double(score)))) }
        }
      }
    }
  }
}

/// Reads YuNet's outputs (W. Wu, H. Peng, S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023).
///
/// For each stride: a category score and an object score per cell, whose geometric mean is the face's score, and
/// a box: centre in cells from the cell's corner, logarithm of the size in cells.
public struct YuNetDecoder: Hashable, Sendable {
  /// The strides of the grids in pixels.
  public enum Stride: Int, CaseIterable, Sendable {
    /// 8 pixels: small faces.
    case eight = 8
    /// 16 pixels.
    case sixteen = 16
    /// 32 pixels: large faces.
    case thirtyTwo = 32
  }

  /// The network's input.
  public let inputSize: PictureSize

  /// A decoder for one input size, whose sides should be multiples of 32.
  public init(inputSize: PictureSize) { self.inputSize = inputSize }

  /// The number of cells of a grid.
  public func cellCount(at stride: Stride) -> Int {
    (inputSize.width / stride.rawValue) * (inputSize.height / stride.rawValue)
  }

  /// The cells of one grid whose score reaches the floor. Returns nothing where a tensor is shorter than the grid.
  public func decode(
    _ stride: Stride, classScores: UnsafeBufferPointer<Float>, objectScores: UnsafeBufferPointer<Float>,
    boxes: UnsafeBufferPointer<Float>, floor: Float
  ) -> [ScoredBox] {
    var result: [ScoredBox] = []
    append(
      stride, classScores: classScores, objectScores: objectScores, boxes: boxes, floor: floor, to: &result)
    return result
  }

  /// The same, added to a list whose memory is used again.
  func append(
    _ stride: Stride, classScores: UnsafeBufferPointer<Float>, objectScores: UnsafeBufferPointer<Float>,
    boxes: UnsafeBufferPointer<Float>, floor: Float, to result: inout [ScoredBox]
  ) {
    let cells = cellCount(at: stride)
    let width = inputSize.width / stride.rawValue
    guard width > 0, classScores.count >= cells, objectScores.count >= cells, boxes.count >= 4 * cells else {
      return
    }
    let step = Double(stride.rawValue)
    for cell in 0..<cells {
      let product = min(max(classScores[cell], 0), 1) * min(max(objectScores[cell], 0), 1)
      guard product >= floor * floor else { continue }
      let box = BoundingBox(
        centerX: (Double(boxes[4 * cell]) + Double(cell % width)) * step,
        centerY: (Double(boxes[4 * cell + 1]) + Double(cell / width)) * step,
        width: exp(Double(boxes[4 * cell + 2])) * step, height: exp(Double(boxes[4 * cell + 3])) * step)
      if box.isValid { result.append(ScoredBox(box: box, score: Double(product).squareRoot())) }
    }
  }
}
