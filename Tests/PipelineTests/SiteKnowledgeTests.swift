import Association
import Configuration
import Testing
import ThroughlineCore

@testable import Pipeline

@Suite struct SiteKnowledgeTests {
  private let cameras = ["hall", "yard", "cellar"].map { CameraName(sanitizing: $0) }

  private func settings(_ yaml: String) throws -> AssociationSettings {
    var configuration = Configuration()
    try configuration.read(yaml: yaml, path: "site.yaml")
    var settings = AssociationSettings()
    try SiteKnowledge(configuration, cameras: cameras).apply(to: &settings)
    return settings
  }

  @Test func whatASiteKnowsIsTakenOver() throws {
    let found = try settings(
      """
      association:
        overlaps: [hall+yard]
        disjoint: [cellar+hall]
        regions:
          - hall:door=0.8/0.1/1/0.9
          - yard:gate=0/0/0.2/1
        transitions:
          - hall:door>yard:gate=5-30
          - hall>cellar=10-60
      """)
    #expect(found.overlap(of: cameras[1], and: cameras[0]) == .overlapping)
    #expect(found.overlap(of: cameras[0], and: cameras[2]) == .disjoint)
    #expect(found.overlap(of: cameras[1], and: cameras[2]) == .learned)
    #expect(found.regions[cameras[0]]?["door"] == PictureRegion(left: 0.8, top: 0.1, right: 1, bottom: 0.9))
    #expect(
      found.transitions == [
        CameraTransition(from: cameras[0], exit: "door", to: cameras[1], entry: "gate", seconds: 5...30),
        CameraTransition(from: cameras[0], to: cameras[2], seconds: 10...60),
      ])
  }

  @Test(arguments: [
    ("overlaps: [hall+yrad]", "there is no camera 'yrad', did you mean 'yard'?"),
    ("overlaps: [hall]", "'hall' is no pair of cameras; write NAME+NAME"),
    ("disjoint: [hall+hall]", "'hall+hall' names one camera twice"),
    ("regions: [\"hall:door=0.8/0.1/0.7/0.9\"]", "are no edges of a part of the picture"),
    ("regions: [\"hall=0/0/1/1\"]", "is no region; write CAMERA:NAME=LEFT/TOP/RIGHT/BOTTOM"),
    ("regions: [\"hall:a=0/0/1/1\", \"hall:a=0/0/1/1\"]", "has two regions named 'a'"),
    ("transitions: [\"hall>yard=30-5\"]", "'30-5' are no times, the shorter one first"),
    ("transitions: [\"hall>yard\"]", "is no way; write FROM>TO=SECONDS-SECONDS"),
    ("transitions: [\"hall>hall=1-2\"]", "leads from a camera to itself"),
    ("transitions: [\"hall:dor>yard=1-2\"]", "has no region 'dor'; name it in association.regions"),
  ])
  func mistakesAreNamedWithTheirPlace(yaml: String, message: String) {
    do {
      _ = try settings("association:\n  similarity: 0.4\n  \(yaml)\n")
      Issue.record("'\(yaml)' was accepted")
    } catch {
      #expect("\(error)".hasPrefix("site.yaml:3: 'association."), "\(error)")
      #expect("\(error)".contains(message), "\(error)")
      #expect(!"\(error)".contains("\n"))
    }
  }

  @Test func aPairIsNotBoth() {
    #expect(throws: PipelineError.self) {
      try settings("association:\n  overlaps: [hall+yard]\n  disjoint: [yard+hall]\n")
    }
  }
}
