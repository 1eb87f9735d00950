import Reidentification
import Testing
import ThroughlineCore

@Suite struct LookPlannerTests {
  private func track(_ number: UInt64, height: Double = 200) -> Track {
    let moment = Timestamp(seconds: 0)
    return Track(
      id: TrackID(camera: CameraName(sanitizing: "a"), number: number), state: .tracked,
      box: BoundingBox(x: 0, y: 0, width: 80, height: height), isObserved: true, score: 0.9,
      firstSeen: moment,
      lastSeen: moment)
  }

  /// The times at which one track is looked at over ten seconds of 25 frames each.
  private func looks(
    _ planner: LookPlanner, quality: (Double) -> Double, height: (Double) -> Double = { _ in 200 }
  ) -> [Double] {
    var planner = planner
    var times: [Double] = []
    for frame in 0..<250 {
      let seconds = Double(frame) / 25
      let candidate = (track(1, height: height(seconds)), CropQuality(value: quality(seconds)))
      for chosen in planner.choose(from: [candidate], at: Timestamp(seconds: seconds)) {
        planner.noteLook(at: chosen.track, quality: chosen.quality, time: Timestamp(seconds: seconds))
        times.append(seconds)
      }
    }
    return times
  }

  @Test func theFirstGoodLookIsTakenAtOnceAndThenSlowly() {
    let times = looks(LookPlanner(), quality: { _ in 0.5 })
    #expect(times.first == 0)
    #expect(times.prefix { $0 < 1.2 }.count == 4)
    #expect((7...9).contains(times.count))
  }

  @Test func aClearlyBetterCropIsTakenAtOnce() {
    let times = looks(LookPlanner(), quality: { $0 < 5.5 ? 0.4 : 0.9 })
    #expect(times.contains { abs($0 - 5.52) < 0.03 })
  }

  @Test func refusedCropsAreNeverChosen() {
    let candidate = (track(1), CropQuality(value: 0.9, refusals: [.overlapped]))
    #expect(LookPlanner().choose(from: [candidate], at: Timestamp(seconds: 0)).isEmpty)
  }

  @Test func aCrowdIsServedInTurns() {
    var planner = LookPlanner()
    var served = Set<TrackID>()
    let crowd = (1...20).map { (track: track(UInt64($0)), quality: CropQuality(value: 0.6)) }
    for frame in 0..<5 {
      let time = Timestamp(seconds: Double(frame) / 25)
      let chosen = planner.choose(from: crowd, at: time)
      #expect(chosen.count == 4)
      for look in chosen {
        planner.noteLook(at: look.track, quality: look.quality, time: time)
        served.insert(look.track.id)
      }
    }
    #expect(served.count == 20)
  }

  @Test func tracksThatAreGoneAreForgotten() {
    var planner = LookPlanner()
    planner.noteLook(at: track(1), quality: CropQuality(value: 0.6), time: Timestamp(seconds: 0))
    planner.keep(only: [])
    #expect(
      planner.choose(from: [(track(1), CropQuality(value: 0.6))], at: Timestamp(seconds: 0.01)).count == 1)
  }
}
