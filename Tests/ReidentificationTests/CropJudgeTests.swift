import Imaging
import Reidentification
import Testing
import ThroughlineCore

@Suite struct CropJudgeTests {
  private let size = PictureSize(width: 1920, height: 1080)
  private let judge = CropJudge()

  private func track(_ box: BoundingBox, score: Double = 0.9, observed: Bool = true) -> Track {
    let moment = Timestamp(seconds: 1)
    return Track(
      id: TrackID(camera: CameraName(sanitizing: "a"), number: 1), state: .tracked, box: box,
      isObserved: observed,
      score: score, firstSeen: moment, lastSeen: moment)
  }

  private func box(_ x: Double = 500, _ y: Double = 300, width: Double = 100, height: Double = 250)
    -> BoundingBox
  {
    BoundingBox(x: x, y: y, width: width, height: height)
  }

  @Test func aLargeLonelyPersonIsGood() {
    let quality = judge.judge(track(box()), among: [], in: size)
    #expect(quality.isAccepted)
    #expect(quality.value > 0.9)
  }

  @Test func smallPeopleCountLess() {
    let small = judge.judge(track(box(width: 26, height: 64)), among: [], in: size)
    let large = judge.judge(track(box()), among: [], in: size)
    #expect(small.isAccepted)
    #expect(small.value > 0.3)
    #expect(small.value < large.value)
  }

  static let refused: [(BoundingBox, Double, Bool, CropRefusal)] = [
    (BoundingBox(x: 500, y: 300, width: 100, height: 250), 0.9, false, .predicted),
    (BoundingBox(x: 500, y: 300, width: 18, height: 40), 0.9, true, .tooSmall),
    (BoundingBox(x: 500, y: 300, width: 200, height: 100), 0.9, true, .wrongShape),
    (BoundingBox(x: 500, y: 300, width: 100, height: 250), 0.1, true, .lowScore),
    (BoundingBox(x: 1880, y: 300, width: 100, height: 250), 0.9, true, .truncated),
    (BoundingBox(x: .nan, y: 300, width: 100, height: 250), 0.9, true, .predicted),
  ]

  @Test(arguments: refused)
  func refusalsHaveAReason(box: BoundingBox, score: Double, observed: Bool, reason: CropRefusal) {
    #expect(
      judge.judge(track(box, score: score, observed: observed), among: [], in: size).refusals.contains(reason)
    )
  }

  @Test func someoneInFrontCoversMoreThanSomeoneBehind() {
    let front = judge.judge(track(box()), among: [box(530, 320)], in: size)
    let behind = judge.judge(track(box()), among: [box(530, 280)], in: size)
    #expect(front.refusals.contains(.overlapped))
    #expect(behind.isAccepted)
  }

  @Test func pixelsOnlyLowerTheQuality() {
    let start = judge.judge(track(box()), among: [], in: size)
    let good = judge.judge(start, measures: CropMeasures(sharpness: 900, brightness: 110, contrast: 50))
    let soft = judge.judge(start, measures: CropMeasures(sharpness: 5, brightness: 110, contrast: 50))
    let dark = judge.judge(start, measures: CropMeasures(sharpness: 900, brightness: 10, contrast: 12))
    #expect(good.isAccepted && good.value <= start.value)
    #expect(soft.refusals == [.blurred])
    #expect(dark.refusals == [.tooDark])
  }

  @Test func theUsersMinimumIsObeyed() {
    let strict = CropJudge(minimum: 0.99)
    let start = strict.judge(track(box()), among: [], in: size)
    #expect(
      strict.judge(start, measures: CropMeasures(sharpness: 200, brightness: 110, contrast: 50)).refusals == [
        .belowMinimum
      ])
  }
}
