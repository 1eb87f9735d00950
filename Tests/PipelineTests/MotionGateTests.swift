import Imaging
import Testing
import ThroughlineCore

@testable import Pipeline

@Suite struct MotionGateTests {
  private func time(_ seconds: Double) -> Timestamp { TestFrames.start.advanced(bySeconds: seconds) }
  private let person = BoundingBox(x: 40, y: 20, width: 20, height: 50)

  @Test func aStillPictureNeedsOneLookAndThenOneASecond() throws {
    var gate = MotionGate()
    var looks: [Int] = []
    for number in 0..<90 {
      let now = time(Double(number) / 30)
      let picture = try TestFrames.picture(person: person, noise: UInt64(number + 1))
      if gate.needsLook(picture, at: now) {
        looks.append(number)
        gate.noteLook(at: now)
      }
    }
    #expect(looks == [0, 30, 60], "noise of the sensor is no motion")
  }

  @Test(arguments: [
    BoundingBox(x: 0, y: 30, width: 6, height: 40), BoundingBox(x: 80, y: 40, width: 8, height: 12),
    BoundingBox(x: 150, y: 84, width: 10, height: 12),
  ])
  func somebodyWhoComesIsMotion(box: BoundingBox) throws {
    var gate = MotionGate()
    _ = gate.needsLook(try TestFrames.picture(noise: 1), at: time(0))
    gate.noteLook(at: time(0))
    let (empty, occupied) = (try TestFrames.picture(noise: 2), try TestFrames.picture(person: box, noise: 3))
    let movesWithoutAnybody = gate.needsLook(empty, at: time(0.03))
    let movesWithSomebody = gate.needsLook(occupied, at: time(0.07))
    #expect(!movesWithoutAnybody)
    #expect(movesWithSomebody)
  }

  @Test func whoeverCreepsIsSeenToo() throws {
    var gate = MotionGate(
      settings: {
        var rules = MotionGate.Settings(); rules.refresh = 1000; return rules
      }())
    _ = gate.needsLook(try TestFrames.picture(person: person), at: time(0))
    gate.noteLook(at: time(0))
    // A twentieth of a pixel per frame: hardly anything from one frame to the next.
    let seen = try (1...100).contains { number in
      var box = person
      box.x += Double(number / 20)
      return gate.needsLook(try TestFrames.picture(person: box), at: time(Double(number) / 30))
    }
    #expect(seen)
  }

  @Test func frozenAndBlackPicturesAreNoticedAndEnd() throws {
    var gate = MotionGate()
    func show(_ picture: Picture, from: Double, to: Double) {
      for step in 0..<Int((to - from) * 5) { _ = gate.needsLook(picture, at: time(from + Double(step) / 5)) }
    }
    show(try TestFrames.picture(noise: 5), from: 0, to: 9)
    #expect(gate.condition == .good)
    show(try TestFrames.picture(noise: 5), from: 9, to: 12)
    #expect(gate.condition == .frozen)
    _ = gate.needsLook(try TestFrames.picture(noise: 6), at: time(12))
    #expect(gate.condition == .good)
    show(try TestFrames.picture(luma: 16), from: 13, to: 25)
    #expect(gate.condition == .black)
    _ = gate.needsLook(try TestFrames.picture(noise: 7), at: time(26))
    #expect(gate.condition == .good)
  }
}

@Suite struct TrackBridgeTests {
  private func track(_ number: UInt64, x: Double, state: TrackState = .tracked) -> Track {
    Track(
      id: TrackID(camera: TestFrames.camera, number: number), state: state,
      box: BoundingBox(x: x, y: 10, width: 20, height: 40), isObserved: true, score: 0.9,
      firstSeen: TestFrames.start, lastSeen: TestFrames.start)
  }
  private func time(_ seconds: Double) -> Timestamp { TestFrames.start.advanced(bySeconds: seconds) }

  @Test func boxesLieBetweenTheTwoDetections() {
    var bridge = TrackBridge()
    bridge.note([track(1, x: 0), track(2, x: 100), track(3, x: 50, state: .ended)], at: time(0))
    let between = bridge.tracks(
      at: time(0.1), after: [track(1, x: 40), track(2, x: 7, state: .ended), track(4, x: 80)], end: time(0.4))
    #expect(between.map(\.id.number) == [1, 2])
    #expect(between.map(\.box.x) == [10, 100], "who has ended stays in place")
    #expect(between.allSatisfy { !$0.isObserved && $0.face == nil })
    bridge.reset()
    #expect(bridge.tracks(at: time(1)).isEmpty && !bridge.hasSomebody)
  }
}
