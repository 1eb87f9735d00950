import Foundation
import Pipeline
import Testing
import ThroughlineTestKit

/// A dense crowd far away, in which the ordinary look finds few persons and hardly a face.
@Suite(.enabled(if: Programs.canRun && SharedData.isThere), .serialized) struct CrowdTests {
  private func score(_ clip: String, in folder: TemporaryFolder, crowdLook: Int? = nil) throws
    -> AnonymisationScore
  {
    let settings = folder.file("t.yaml")
    try
      (["input.offline: true"] + (crowdLook.map { ["privacy.crowd-look: \($0)"] } ?? [])
      + (Programs.models.count == 2 ? ["reidentification.model: \(Programs.models[1])"] : []))
      .joined(separator: "\n").write(toFile: settings, atomically: true, encoding: .utf8)
    let json = folder.file("score.json")
    let result = try Programs.throughline.run(
      [
        "evaluate", "anonymisation", clip, "--every", "3", "--scales", "1", "--config", settings, "--json",
        json,
      ], atMost: 300)
    #expect(result.exitCode == 0, "\(result.errors)")
    let scores = try JSONDecoder().decode(
      [AnonymisationScore].self, from: Data(contentsOf: URL(filePath: json)))
    return try #require(scores.first)
  }

  @Test func aDenseCrowdIsCoveredFromTheFirstFrame() throws {
    let photo = try #require(SharedData.file("data/faces/group/25.jpg"))
    let folder = try TemporaryFolder()
    let clip = try TestClip.still(photo, as: folder.file("crowd.mp4"), frames: 3, width: 1920, height: 1080)
    let open = try score(clip, in: folder, crowdLook: 0)
    #expect(open.facesIn > 200 && open.facesLeaked > open.facesIn / 4, "the clip is a hard one: \(open)")
    let covered = try score(clip, in: folder)
    #expect(covered.pictures == open.pictures && covered.withheld == 0)
    #expect(covered.facesLeaked * 50 <= open.facesLeaked, "\(covered)")
  }
}
