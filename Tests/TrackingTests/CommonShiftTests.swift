import Foundation
import Testing
import ThroughlineCore

@testable import Tracking

@Suite struct CommonShiftTests {
  /// Eight persons who walk to and fro before a camera; after two seconds everybody is missed for six frames in turn.
  struct Scene {
    var tracker = Tracker(camera: camera)
    var random: SplitMix64
    var numbers = [Set<UInt64>](repeating: [], count: 8)
    /// Whom nobody sees.
    var hidden: Int?
    private var frame = 0

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// 25 frames a second; the camera swings by 60 pixels where it does.
    mutating func run(frames: Int, swings: Bool) throws {
      for _ in 0..<frames {
        let seconds = Double(frame) / 25
        let swing = swings ? 60 * sin(seconds * 5) : 0
        var seen: [(person: Int, detection: Detection)] = []
        for index in 0..<8
        where index != hidden && (frame < 52 || (frame / 13) % 8 != index || frame % 13 > 5) {
          // To and fro, each for itself; the boxes jitter by 2 % of their height.
          let way = 60 * sin(seconds * 0.6 + Double(index) * 0.8)
          let x = 200 + Double(index) * 90 + way + swing + random.nextGaussian() * 2
          seen.append((index, person(x, 100 + Double(index) * 40 + random.nextGaussian() * 2)))
        }
        let tracks = try tracker.update(detections: seen.map(\.detection), at: time(seconds))
        for (index, detection) in seen {
          if let track = tracks.first(where: { $0.isObserved && $0.box == detection.box }) {
            numbers[index].insert(track.id.number)
          }
        }
        frame += 1
      }
    }
  }

  /// It takes about a second to know that the camera moves; the numbers of the first two do not count.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func personsKeepTheirNumbersBeforeASwingingCamera(seed: UInt64) throws {
    var scene = Scene(seed: seed)
    try scene.run(frames: 50, swings: true)
    scene.numbers = Array(repeating: [], count: 8)
    try scene.run(frames: 200, swings: true)
    #expect(scene.numbers.allSatisfy { $0.count == 1 }, "seed \(seed): \(scene.numbers.map(\.count))")
    #expect(scene.tracker.figures.commonShifts > 150)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func nobodyIsShiftedBeforeACameraThatStandsStill(seed: UInt64) throws {
    var scene = Scene(seed: seed)
    try scene.run(frames: 1000, swings: false)
    #expect(scene.tracker.figures.commonShifts == 0, "seed \(seed)")
    #expect(scene.numbers.allSatisfy { $0.count == 1 })
  }

  /// Unseen for 1.6 seconds: long enough for the swinging camera to be elsewhere than the shifts say.
  @Test(arguments: [1, 2, 3, 4] as [UInt64], [true, false])
  func aPlaceLeftLongAgoIsKnownOnlyToACameraThatStandsStill(seed: UInt64, swings: Bool) throws {
    var scene = Scene(seed: seed)
    try scene.run(frames: 104, swings: swings)
    #expect(scene.tracker.shiftEvidence.isMoving == swings)
    let before = scene.numbers[4]
    scene.hidden = 4
    try scene.run(frames: 40, swings: swings)
    scene.hidden = nil
    scene.numbers[4] = []
    try scene.run(frames: 8, swings: swings)
    #expect(scene.numbers[4].count == 1, "seed \(seed)")
    #expect(scene.numbers[4].isDisjoint(with: before) == swings, "seed \(seed)")
  }

  @Test func shiftsEndWhenTheCameraComesToRest() throws {
    var scene = Scene(seed: 5)
    try scene.run(frames: 100, swings: true)
    #expect(scene.tracker.shiftEvidence.isMoving)
    try scene.run(frames: 100, swings: false)
    let shifts = scene.tracker.figures.commonShifts
    #expect(!scene.tracker.shiftEvidence.isMoving)
    try scene.run(frames: 200, swings: false)
    #expect(scene.tracker.figures.commonShifts == shifts)
  }

  @Test func aCutForgetsThatTheCameraMoved() throws {
    var scene = Scene(seed: 6)
    try scene.run(frames: 100, swings: true)
    #expect(scene.tracker.shiftEvidence.isMoving)
    scene.tracker.cut(at: time(0))
    #expect(!scene.tracker.shiftEvidence.isMoving)
  }

  @Test(
    arguments: [
      ([], 0.0), ([0, 0, 0], 0), ([3, -1, -2], 0), ([1, 2, 3, 4, 5], 225.0 / 55),
      ([-5, -4, -3, -2, -1], 225.0 / 55),
      ([-1, 2, 3, 4, 900], 169.0 / 55),
    ] as [([Double], Double)])
  func signedRanksSayHowSurelyTheSignIsCommon(values: [Double], expected: Double) {
    #expect(abs(CommonShiftEvidence.signedRank(values) - expected) < 1e-9)
  }

  @Test(
    arguments: [
      ([], 0.0), ([4, 4, 4, 4, 4], 4), ([0, 0, 0, 0, 0], 0), ([4, 4, 4, 4, 4, 90, -50], 4),
    ] as [([Double], Double)])
  func agreementMovesAllAndNoiseNobody(values: [Double], expected: Double) {
    #expect(abs(Tracker.shrunkenMedian(values) - expected) < 1e-9)
  }

  @Test func aMedianWithinItsErrorShrinks() {
    #expect(abs(Tracker.shrunkenMedian([-6, -3, 1, 4, 7])) < 0.1)
  }
}
