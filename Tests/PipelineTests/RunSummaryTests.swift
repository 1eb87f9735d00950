import Foundation
import Inference
import Media
import Testing
import ThroughlineCore

@testable import Pipeline

/// What a run says of itself at its end.
@Suite struct RunSummaryTests {
  @Test(
    arguments: [
      (SourceStatus.Phase.live, [:], 0, "live"),
      (.ended, [.frozen: 14.2], 0, "ended, frozen for 14 s"),
      (.stalled, [.black: 3, .frozen: 0.2], 2, "stalled, black for 3 s, lost 2 times"),
      (.connecting, [:], 1, "connecting, lost once"),
    ] as [(SourceStatus.Phase, [MotionGate.Condition: Double], Int, String)])
  func theStateSaysWhatWasWrong(
    phase: SourceStatus.Phase, seconds: [MotionGate.Condition: Double], lost: Int, text: String
  ) {
    var figures = CameraLane.Figures()
    figures.conditionSeconds = seconds
    #expect(RunSummary.state(phase: phase, condition: figures, interruptions: lost) == text)
  }

  @Test func networksThatRanAreInTheTable() {
    var summary = RunSummary(cameras: [], elapsed: 2, persons: 0, embeddings: 0)
    #expect(summary.networkTable.isEmpty)
    var person = NetworkStatistics(name: "person")
    person.runs = 20
    person.runMedian = 0.0125
    person.batchMaximum = 4
    summary.figures = RunFigures(
      cameras: [], networks: [person, NetworkStatistics(name: "face")].map(RunFigures.Network.init),
      laneSeconds: [:], qualityFalls: 0, qualitySeconds: [:])
    let rows = summary.networkTable.split(separator: "\n")
    #expect(rows.count == 2)
    let cells = rows.last?.split(separator: " ").map(String.init) ?? []
    #expect(cells == ["person", "20", "10.0", "0", "0.0", "0.0", "0.0", "12.5", "0.0", "0.0", "0", "4"])
  }

  @Test func framesThatAreMissingInARecordingAreSaid() {
    var statistics = VideoRecorderStatistics()
    (statistics.frames, statistics.skipped) = (90, 100)
    #expect(VideoRecorder.missingFrames(in: "a/door.mp4", statistics) == nil)
    statistics.dropped = 10
    #expect(
      VideoRecorder.missingFrames(in: "a/door.mp4", statistics)?.hasPrefix(
        "a/door.mp4: 10 of 100 frames are missing") == true)
  }

  @Test func theRuntimesThreadsAreDividedByWhatEachNetworkTakesAlone() {
    let networks = ["person", "face", "reid"].map { RunFigures.Network(NetworkStatistics(name: $0)) }
    let stages = StreamReport.stages(
      of: [
        ThreadUsage.unnamed: 8, ThreadUsage.main: 1, "qtdemux0:sink": 3, "lane a": 2, "output a": 0.5,
        "main a": 0.25, "encoder a": 4,
      ], lanes: ["detect": 1.5, "motion": 0.25], networks: networks, alone: ["person": 6, "face": 2])
    #expect(stages["person network"] == 6 && stages["face network"] == 2 && stages["re-ID network"] == 0)
    #expect(stages["decode"] == 3 && stages["control"] == 1 && stages["cover and output"] == 0.75)
    #expect(stages["lanes, rest"] == 0.25 && stages["encode"] == 4)
  }
}
