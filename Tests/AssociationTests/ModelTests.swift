import Foundation
import Testing
import ThroughlineCore

@testable import Association

@Suite struct ModelTests {
  @Test func thePriorGivesASaneThreshold() {
    let report = ThresholdCalibrator().report()
    #expect((0.22...0.38).contains(report.threshold))
    #expect(!report.isMeasured)
    #expect((0.0...0.1).contains(report.falseMatchRate) && (0.0...0.15).contains(report.falseNonMatchRate))
  }

  @Test func theThresholdFollowsTheFootage() {
    var random = SplitMix64(seed: 4)
    var calibrator = ThresholdCalibrator()
    for _ in 0..<2000 {
      calibrator.addPositive(0.7 + 0.08 * random.nextGaussian())
      calibrator.addNegative(0.35 + 0.08 * random.nextGaussian())
    }
    let report = calibrator.report()
    #expect(report.isMeasured)
    #expect((0.42...0.53).contains(report.threshold))
    #expect(report.falseMatchRate < 0.2 && report.falseNonMatchRate < 0.2)
    calibrator.addPositive(.nan)
    calibrator.addNegative(.infinity)
    #expect(calibrator.report() == report)
  }

  @Test func calibrationSurvivesCoding() throws {
    var calibrator = ThresholdCalibrator()
    calibrator.addPositive(0.7)
    let data = try JSONEncoder().encode(calibrator)
    #expect(try JSONDecoder().decode(ThresholdCalibrator.self, from: data) == calibrator)
  }

  @Test func evidenceGrowsWithLooksAndIsBounded() {
    let model = SimilarityModel(calibrator: ThresholdCalibrator(), fixedThreshold: 0.3)
    #expect(abs(model.logRatio(0.3, looks: (1, 1))) < 1e-9)
    #expect(model.logRatio(0.4, looks: (5, 5)) > model.logRatio(0.4, looks: (1, 1)))
    #expect(model.logRatio(0.2, looks: (5, 5)) < model.logRatio(0.2, looks: (1, 1)))
    #expect(model.logRatio(1, looks: (100, 100)) <= SimilarityModel.upperLimit)
    #expect(model.logRatio(-1, looks: (100, 100)) >= SimilarityModel.lowerLimit)
  }

  @Test(arguments: [(nil, 0), (0, 1), (0.9, 1), (1, 2), (3, 3), (1e9, 14)] as [(Double?, Int)])
  func gapsFallIntoBins(gap: Double?, bin: Int) {
    #expect(TransitionModel.bin(ofGap: gap) == bin)
  }

  @Test func aCamerasColourCastIsRemoved() throws {
    var random = SplitMix64(seed: 8)
    var alignment = CameraAlignment()
    let cast = (0..<32).map { _ in Float(random.nextGaussian()) * 0.1 }
    var pairs: [([Float], [Float])] = []
    for _ in 0..<60 {
      let person = try Embedding(normalizing: (0..<32).map { _ in Float(random.nextGaussian()) }).values
      let tinted = VectorMath.adding(person, cast, factor: 1)
      pairs.append((person, tinted))
      alignment.add(person, camera: camera("a"), weight: 1, indexInTrack: 1)
      alignment.add(tinted, camera: camera("b"), weight: 1, indexInTrack: 1)
    }
    alignment.refresh()
    func gap(_ left: [Float], _ right: [Float]) -> Float {
      let difference = VectorMath.adding(left, right, factor: -1)
      return VectorMath.dot(difference, difference)
    }
    for (plain, tinted) in pairs {
      let after = gap(
        alignment.aligned(plain, camera: camera("a")), alignment.aligned(tinted, camera: camera("b")))
      #expect(after < 0.2 * gap(plain, tinted))
    }
    #expect(alignment.aligned([1, 2], camera: camera("unknown")) == [1, 2])
  }
}
