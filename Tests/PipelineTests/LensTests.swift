import Configuration
import Foundation
import Imaging
import Media
import Testing
import ThroughlineCore

@testable import Pipeline

/// A camera's lens, from its settings to its frames.
@Suite struct LensTests {
  private static func settings(_ lens: String) throws -> PipelineSettings {
    let text = """
      cameras:
        hall:
          source: /tmp/hall.mp4
          lens:
      \(lens.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
        plain: /tmp/plain.mp4
      """
    var configuration = Configuration()
    try configuration.read(yaml: text, path: "lens.yaml")
    return try PipelineSettings(configuration, environment: [:])
  }

  @Test func aCameraHasItsOwnLens() throws {
    let settings = try Self.settings(
      """
      model: fisheye
      focal-x: 480
      center-x: 630.5
      center-y: 361
      calibrated-size: 1280x720
      coefficients: [-0.02, 0.01, -0.004, 0.0005]
      zoom: 0.8
      """)
    #expect(
      settings.cameras[0].lens
        == (try Lens(
          model: .fisheye(k1: -0.02, k2: 0.01, k3: -0.004, k4: 0.0005), focalX: 480, centerX: 630.5,
          centerY: 361,
          unit: .pixels(PictureSize(width: 1280, height: 720)), zoom: 0.8)))
    #expect(settings.cameras[1].lens == nil)
  }

  @Test(arguments: [
    ("model: fisheye\nfocal-x: 0.5\ncoefficients: [0.1, 0.2]", "needs four numbers for a fisheye"),
    ("model: brown-conrady\nfocal-x: 0.5\ncoefficients: [0.1, 0.2, 0, 0, 0, 0]", "four or five numbers"),
    ("model: brown-conrady\nfocal-x: 0.5\ncoefficients: [a, 0.2, 0, 0]", "'a', which is no number"),
    ("model: brown-conrady\ncoefficients: [0.1, 0.2, 0, 0]", "needs lens.focal-x"),
    ("model: brown-conrady\nfocal-x: 900\ncoefficients: [0.1, 0, 0, 0]", "calibrated picture"),
    (
      "model: brown-conrady\nfocal-x: 900\ncalibrated-size: large\ncoefficients: [0.1, 0, 0, 0]",
      "write WIDTHxHEIGHT"
    ),
    ("model: fisheye\nfocal-x: 0.5\ncoefficients: [1e9, 0, 0, 0]", "between -1000 and 1000"),
  ])
  func aWrongLensIsOneClearLine(lens: String, part: String) {
    do {
      _ = try Self.settings(lens)
      Issue.record("accepted: \(lens)")
    } catch {
      let line = "\(error)"
      #expect(line.contains("hall") && line.contains(part) && !line.contains("\n"), "\(line)")
    }
  }

  @Test func picturesOfAnEncryptedCameraNeverTravelOpenly() throws {
    var configuration = Configuration()
    try configuration.read(arguments: ["door=rtsps://10.0.0.8/main", "--camera.transport", "udp"])
    #expect(throws: PipelineError.self) { try PipelineSettings(configuration, environment: [:]) }
  }

  @Test func framesComeOutStraightAndThoseThatCannotAreCounted() throws {
    let lens = try Lens(model: .brownConrady(k1: -0.2, k2: 0, p1: 0, p2: 0, k3: 0), focalX: 0.6)
    let stage = LensStage(lens: lens, isOffline: false, meter: LaneMeter())
    let bent = TestFrames.frame(
      3, picture: try TestFrames.picture(person: BoundingBox(x: 10, y: 10, width: 20, height: 40)), cut: true)
    let straight = try #require(stage.apply(bent))
    #expect(straight.number == 3 && straight.captureTime == bent.captureTime && straight.isDiscontinuity)
    #expect(straight.picture.size == bent.picture.size)
    #expect(straight.picture.luma.address != bent.picture.luma.address)
    let tiny = try PictureBuffer(size: PictureSize(width: 8, height: 8)).freeze()
    #expect(stage.apply(TestFrames.frame(4, picture: tiny)) == nil)
    #expect(stage.figures.dropped == 1)
    #expect(stage.figures.failure?.contains("cannot be de-warped") == true)
  }
}
