import Testing
import ThroughlineCore
import Tracking

@testable import Evaluation

/// What Documentation/accuracy.md says of the tracker on detections that come with their truth: whoever changes the
/// tracker sees here what it does, and changes the figures there with these.
@Suite struct GoldenTrackingTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    var name: String
    var truth: String
    var detections: String
    var rate: Double
    /// HOTA, IDF1 and MOTA in percent.
    var figures: [Double]

    var testDescription: String { name }
  }

  static let goldens = [
    Golden(
      name: "TUD-Stadtmitte", truth: "mot/TUD-Stadtmitte/gt/gt.txt",
      detections: "mot/TUD-Stadtmitte/det/det.txt", rate: 25, figures: [37.5, 53.1, 57.1]),
    Golden(
      name: "PETS view 1", truth: "multicam/pets09-s2l1-f001-400/gt_view001.txt",
      detections: "multicam/pets09-s2l1-f001-400/det_view001_acf.txt", rate: 7, figures: [46.8, 64.7, 74.0]),
  ]

  /// Half a point is left for processors that round otherwise.
  @Test(arguments: goldens) func theTrackerIsAsGoodAsPublished(golden: Golden) throws {
    guard let truth = SharedData.text(golden.truth), let found = SharedData.text(golden.detections) else {
      return SharedData.skip("the tracker's figures on \(golden.name)")
    }
    let persons = try MOTText.parse(truth, source: golden.truth).filter { $0.score != 0 }
    let frames = DetectionFrame.frames(
      from: try MOTText.parse(found, source: golden.detections, content: .detections), rate: golden.rate,
      scores: { min(max($0 / 100, 0), 1) }, count: persons.map { $0.frame }.max())
    let results = try TrackerReplay.run(Tracker(camera: CameraName(sanitizing: "view")), over: frames)
    let row = EvaluationRow(
      EvaluationSequence(name: golden.name, truth: persons, results: results), method: "tracker")
    for (value, expected) in zip([row.hota, row.idf1, row.mota], golden.figures) {
      #expect(abs(value * 100 - expected) < 0.5, "\(value * 100) instead of \(expected)")
    }
  }
}
