import Testing
import ThroughlineCore

@testable import Evaluation

@Suite struct AveragePrecisionTests {
  private func detection(_ x: Double, _ score: Double) -> Detection {
    Detection(box: box(x), category: .person, score: score)
  }

  private func box(_ x: Double) -> BoundingBox { BoundingBox(x: x, y: 0, width: 10, height: 20) }

  @Test func perfectDetectionsGiveOne() {
    var precision = AveragePrecision()
    precision.add([detection(0, 0.9), detection(100, 0.8)], truth: [box(0), box(100)])
    precision.add([], truth: [])
    #expect(precision.value == 1)
    #expect(precision.truthCount == 2)
  }

  @Test func nothingTrueHasNoValue() {
    var precision = AveragePrecision()
    precision.add([detection(0, 0.9)], truth: [])
    #expect(precision.value == nil)
  }

  /// Right, wrong, right by falling score over two pictures with three persons: precision 1 up to a recall of a
  /// third, two thirds up to two thirds.
  @Test func scoresOrderDetectionsAcrossPictures() throws {
    var precision = AveragePrecision()
    precision.add([detection(0, 0.5), detection(300, 0.7)], truth: [box(0), box(100)])
    precision.add([detection(0, 0.9)], truth: [box(0)])
    let expected: Double = 5.0 / 9
    #expect(abs(try #require(precision.value) - expected) < 1e-12)
  }

  @Test func aSecondDetectionOfOnePersonIsWrong() throws {
    var precision = AveragePrecision()
    precision.add([detection(0, 0.5), detection(1, 0.9), detection(100, 0.4)], truth: [box(0), box(100)])
    let expected: Double = 5.0 / 6
    #expect(abs(try #require(precision.value) - expected) < 1e-12)
  }

  @Test func tooLittleOverlapIsNoMatch() {
    var precision = AveragePrecision()
    precision.add([detection(6, 0.9)], truth: [box(0)])
    #expect(precision.value == 0)
  }
}
