import Testing
import ThroughlineCore
import Tracking

@Suite struct GapFillingTests {
  private func seen(_ frame: Int, _ seconds: Double, x: Double, height: Double = 100)
    -> GapFilling.Observation
  {
    GapFilling.Observation(
      frame: frame, time: Timestamp(seconds: seconds),
      box: BoundingBox(x: x, y: 50, width: height * 0.4, height: height))
  }

  @Test func boxesLieOnTheStraightWay() {
    let boxes = GapFilling().boxes(between: seen(10, 1, x: 100), and: seen(14, 1.4, x: 140, height: 120))
    #expect(boxes.map(\.frame) == [11, 12, 13])
    #expect(boxes.map(\.box.x) == [110, 120, 130])
    #expect(boxes.map(\.box.height) == [105, 110, 115])
  }

  @Test(arguments: [
    // Nothing between; too long; exactly so long; too far for the time; backwards; time that stands still.
    (11, 1.1, 100.0, 0), (60, 3.1, 100, 0), (60, 3.0, 100, 49), (13, 1.3, 300, 0), (8, 0.8, 100, 0),
    (13, 1.0, 100, 0), (5000, 1.5, 100, 0), (Int.min, 1.5, 100, 0),
  ])
  func onlyShortGapsAreFilled(frame: Int, seconds: Double, x: Double, count: Int) {
    #expect(
      GapFilling(longest: 2).boxes(between: seen(10, 1, x: 100), and: seen(frame, seconds, x: x)).count
        == count)
  }

  @Test func nothingIsFilledWhereNothingIsAskedFor() {
    #expect(GapFilling(longest: 0).boxes(between: seen(1, 0, x: 0), and: seen(3, 0.2, x: 0)).isEmpty)
  }
}
