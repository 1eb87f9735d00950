import Foundation
import Testing
import ThroughlineCore

@testable import Detection

@Suite struct DecoderTests {
  private func boxes(_ values: [Float], floor: Float = 0.1) -> [ScoredBox] {
    values.withUnsafeBufferPointer { BoxesDecoder.decode($0, floor: floor) }
  }

  @Test func readsRowsOfBoxes() {
    let found = boxes([10, 20, 30, 60, 0.5, 0, 0, 5, 5, 0.05, 1, 2, 3, 4, 0.1])
    #expect(found.count == 2)
    #expect(found[0].box == BoundingBox(left: 10, top: 20, right: 30, bottom: 60))
    #expect(found[0].score == 0.5)
  }

  @Test(arguments: [
    [Float.nan, 0, 5, 5, 0.9], [0, 0, Float.infinity, 5, 0.9], [0, 0, 5, 5, Float.nan], [5, 5, 0, 0, 0.9],
    [0, 0, 5, 5, 7], [0, 0, 5, 5], [],
  ])
  func rowsThatMeanNothingAreLeftOut(values: [Float]) {
    #expect(boxes(values).isEmpty)
  }

  /// An output of YOLOX for an input of 64x32 with one category; all scores 0.
  private func yolox() -> (decoder: YOLOXDecoder, values: [Float]) {
    let size = PictureSize(width: 64, height: 32)
    let cells = YOLOXDecoder.cellCount(for: size)
    return (YOLOXDecoder(inputSize: size, columns: 6), Array(repeating: 0, count: cells * 6))
  }

  @Test func yoloxCountsCells() {
    #expect(YOLOXDecoder.cellCount(for: PictureSize(width: 64, height: 32)) == 32 + 8 + 2)
    #expect(YOLOXDecoder.cellCount(for: PictureSize(width: 416, height: 416)) == 3549)
  }

  /// A cell with the stride and the column and row of its grid.
  private static let cells: [(cell: Int, stride: Int, column: Int, row: Int)] = [
    (0, 8, 0, 0), (9, 8, 1, 1), (31, 8, 7, 3), (32, 16, 0, 0), (39, 16, 3, 1), (41, 32, 1, 0),
  ]

  @Test(arguments: cells)
  func yoloxReadsItsGrids(cell: Int, stride: Int, column: Int, row: Int) throws {
    var (decoder, values) = yolox()
    values.replaceSubrange(cell * 6..<(cell + 1) * 6, with: [0.5, 0.25, logf(2), logf(3), 0.8, 0.5])
    let found = values.withUnsafeBufferPointer { decoder.decode($0, floor: 0.1) }
    let only = try #require(found.first)
    #expect(found.count == 1)
    #expect(abs(only.score - 0.4) < 1e-6)
    let x = (Double(column) + 0.5) * Double(stride)
    let y = (Double(row) + 0.25) * Double(stride)
    #expect(abs(only.box.centerX - x) < 1e-4 && abs(only.box.centerY - y) < 1e-4)
    #expect(
      abs(only.box.width - 2 * Double(stride)) < 1e-4 && abs(only.box.height - 3 * Double(stride)) < 1e-4)
  }

  @Test func yoloxRefusesShortOutputsAndAbsurdSizes() {
    var (decoder, values) = yolox()
    values.replaceSubrange(0..<6, with: [0.5, 0.5, 1000, 0, 1, 1])
    #expect(values.withUnsafeBufferPointer { decoder.decode($0, floor: 0.1) }.isEmpty)
    #expect(values.dropLast().withUnsafeBufferPointer { decoder.decode($0, floor: 0) }.isEmpty)
    let other = YOLOXDecoder(inputSize: decoder.inputSize, columns: 6, category: 1)
    #expect(values.withUnsafeBufferPointer { other.decode($0, floor: 0) }.isEmpty)
  }

  @Test(arguments: YuNetDecoder.Stride.allCases)
  func yunetReadsItsGrids(stride: YuNetDecoder.Stride) throws {
    let decoder = YuNetDecoder(inputSize: PictureSize(width: 96, height: 64))
    let cells = decoder.cellCount(at: stride)
    let width = 96 / stride.rawValue
    for cell in 0..<cells {
      var classScores = [Float](repeating: 0, count: cells)
      var objectScores = classScores
      var boxes = [Float](repeating: 0, count: 4 * cells)
      classScores[cell] = 0.9
      objectScores[cell] = 0.4
      boxes.replaceSubrange(4 * cell..<4 * cell + 4, with: [0.5, 0.5, 0, logf(2)])
      let found = classScores.withUnsafeBufferPointer { classes in
        objectScores.withUnsafeBufferPointer { objects in
          boxes.withUnsafeBufferPointer {
            decoder.decode(stride, classScores: classes, objectScores: objects, boxes: $0, floor: 0.5)
          }
        }
      }
      let only = try #require(found.first)
      #expect(found.count == 1)
      #expect(abs(only.score - 0.6) < 1e-6)
      let step = Double(stride.rawValue)
      #expect(only.box.centerX == (Double(cell % width) + 0.5) * step)
      #expect(only.box.centerY == (Double(cell / width) + 0.5) * step)
      #expect(only.box.width == step)
      #expect(abs(only.box.height - 2 * step) < 1e-5)
    }
  }

  @Test func yunetClampsScoresAndRefusesShortTensors() {
    let decoder = YuNetDecoder(inputSize: PictureSize(width: 32, height: 32))
    func decode(_ classScores: [Float], _ objectScores: [Float], _ boxes: [Float]) -> [ScoredBox] {
      classScores.withUnsafeBufferPointer { classes in
        objectScores.withUnsafeBufferPointer { objects in
          boxes.withUnsafeBufferPointer {
            decoder.decode(.thirtyTwo, classScores: classes, objectScores: objects, boxes: $0, floor: 0.3)
          }
        }
      }
    }
    #expect(decode([1.5], [2], [0, 0, 0, 0]).first?.score == 1)
    #expect(decode([-1], [-1], [0, 0, 0, 0]).isEmpty)
    #expect(decode([.nan], [1], [0, 0, 0, 0]).isEmpty)
    #expect(decode([1], [1], [0, 0, 0]).isEmpty)
    #expect(decode([], [], []).isEmpty)
  }
}
