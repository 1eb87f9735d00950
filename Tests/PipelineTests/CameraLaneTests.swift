import Detection
import Foundation
import Imaging
import Inference
import Media
import Privacy
import Reidentification
import Synchronization
import Testing
import ThroughlineCore
import Tracking

@testable import Pipeline

/// What a lane makes of frames, with a detector that finds what the test says.
@Suite struct CameraLaneTests {
  /// Finds one person wherever it looks; or does what the test wants.
  private final class ScriptedDetector: Detector {
    let act: (Int) throws -> [Detection]
    var calls = 0

    init(_ act: @escaping (Int) throws -> [Detection]) { self.act = act }

    func detect(_ picture: Picture) throws -> [Detection] {
      calls += 1
      return try act(calls)
    }
  }

  private static let person = Detection(
    box: BoundingBox(x: 40, y: 20, width: 20, height: 50), category: .person, score: 0.9)

  private func lane(
    _ frames: [VideoFrame], rules: CameraLane.Rules, level: QualityController.Level = .full,
    closeLook: (@Sendable () throws -> [Detection])? = nil,
    detect: @escaping @Sendable (Int) throws -> [Detection]
  ) throws -> (results: [LaneResult], lane: CameraLane) {
    let queue = BoundedQueue<VideoFrame>(capacity: max(1, frames.count), policy: .block)
    let results = Mutex<[LaneResult]>([])
    let done = DispatchSemaphore(value: 0)
    let lane = CameraLane(
      camera: TestFrames.camera, frames: queue, rules: rules, quality: QualityDial(level), meter: LaneMeter(),
      makeWorkers: {
        let embedder = try EmbedderFactory(
          model: ConstantNetwork(input: [1, 3, 32, 16], output: [1, 8]),
          specification: TensorImageSpecification(size: PictureSize(width: 16, height: 32), fit: .stretch),
          name: "constant",
          version: "1")
        return CameraLane.Workers(
          detector: ScriptedDetector(detect), smallDetector: nil,
          looks: LookTaker(
            judge: CropJudge(minimum: 0, minimumHeight: 16), planner: LookPlanner(),
            embedder: try embedder.makeEmbedder()), tracker: Tracker(camera: TestFrames.camera),
          crowds: closeLook.map { look in
            CrowdWatch(
              detector: ScriptedDetector { _ in try look() }, tile: PictureSize(width: 64, height: 48),
              settings: .standard)
          })
      }, deliver: { result in results.withLock { $0.append(result) } }, ended: { _ in done.signal() })
    for frame in frames { queue.push(frame) }
    queue.close()
    lane.start()
    done.wait()
    return (results.withLock { $0 }, lane)
  }

  private func rules(offline: Bool, interval: Double = 0, motion: Bool = false) -> CameraLane.Rules {
    CameraLane.Rules(
      isOffline: offline, interval: interval, motion: motion ? MotionGate.Settings() : nil, refresh: 2)
  }

  private func moving(_ count: Int) throws -> [VideoFrame] {
    try (1...count).map { number in
      let box = BoundingBox(x: Double(number * 7 % 100), y: 10, width: 20, height: 60)
      return TestFrames.frame(number, picture: try TestFrames.picture(person: box))
    }
  }

  @Test func offlineEveryFrameIsLookedAt() throws {
    let (results, lane) = try lane(moving(20), rules: rules(offline: true)) { _ in [Self.person] }
    #expect(results.map(\.frame.number) == Array(1...20))
    #expect(results.allSatisfy { $0.isDetected })
    #expect(lane.figures.detected == 20)
  }

  @Test func framesBetweenDetectionsWaitForTheNextOneAndAreCoveredByIt() throws {
    // Somebody comes with the second detection, on frame 5: the frames 2 to 4 must be covered for that person as well.
    let (results, _) = try lane(moving(9), rules: rules(offline: true, interval: 0.13)) { call in
      call == 1 ? [] : [Self.person]
    }
    #expect(results.map(\.frame.number) == Array(1...9))
    #expect(results.map(\.isDetected) == [true, false, false, false, true, false, false, false, true])
    #expect(results[1...3].allSatisfy { $0.evidence == .bridged(ahead: [Self.person]) })
    #expect(results[5...7].allSatisfy { $0.tracks.count == 1 && !$0.tracks[0].isObserved })
  }

  @Test func theLastFramesAreLookedAtToo() throws {
    let (results, _) = try lane(moving(7), rules: rules(offline: true, interval: 0.13)) { _ in [Self.person] }
    #expect(results.map(\.isDetected) == [true, false, false, false, true, false, true])
  }

  @Test func aLiveLaneThatIsLateLooksAtTheNewestFrameAndLosesNone() throws {
    let (results, lane) = try lane(moving(20), rules: rules(offline: false)) { _ in [Self.person] }
    #expect(results.map(\.frame.number) == Array(1...20))
    #expect(results.last?.isDetected == true)
    #expect(lane.figures.detected < 20)
    #expect(results.dropLast().allSatisfy { $0.evidence == .bridged(ahead: [Self.person]) || $0.isDetected })
  }

  @Test func whereNothingMovesTheDetectorsRest() throws {
    let frames = try (1...61).map {
      TestFrames.frame($0, picture: try TestFrames.picture(person: Self.person.box, noise: UInt64($0)))
    }
    // One after the other, as a camera sends them: only then is each frame judged by itself.
    let (results, lane) = try lane(frames, rules: rules(offline: true, motion: true)) { _ in [Self.person] }
    #expect(results.map(\.frame.number) == Array(1...61))
    #expect(lane.figures.detected == 3)
    #expect(lane.figures.unchanged == 58)
    #expect(results.allSatisfy { $0.isDetected || $0.evidence == .unchanged && $0.tracks.count == 1 })
  }

  @Test func aDetectionThatIsGivenUpWithholdsItsFrames() throws {
    let (results, lane) = try lane(moving(6), rules: rules(offline: true)) { call in
      if call == 3 { throw InferenceError.dropped(network: "person", reason: "late") }
      return [Self.person]
    }
    #expect(results.map { $0.failure != nil } == [false, false, true, false, false, false])
    #expect(lane.figures.givenUp == 1)
    #expect(lane.figures.failure == nil, "a busy processor is no fault")
  }

  /// Frames that waited for a detection are covered by what was known before it as well.
  @Test func whatACloseLookFindsGoesOnWithEveryFrame() throws {
    let small = Detection(box: BoundingBox(x: 10, y: 10, width: 6, height: 6), category: .face, score: 0.9)
    let (results, _) = try lane(
      moving(9), rules: rules(offline: true, interval: 0.13), closeLook: { [small] }
    ) { _ in [] }
    #expect(results.count == 9)
    #expect(results.allSatisfy { !$0.crowds.isEmpty })
    #expect(
      results.filter(\.isDetected).allSatisfy { $0.detections.isEmpty }, "the tracker hears nothing of it")
  }

  /// Nobody waits for close looks in real time: what has not been looked at goes out covered.
  @Test func liveFramesGoOutCoveredBeforeTheCloseLooks() throws {
    let (results, lane) = try lane(
      moving(9), rules: rules(offline: false),
      closeLook: { throw PipelineError.setting("the detector is gone") }
    ) { _ in [Self.person] }
    let tiles = CrowdWatch.tiles(of: TestFrames.size, tile: PictureSize(width: 64, height: 48))
    #expect(results.count == 9 && results.allSatisfy { $0.failure == nil })
    #expect(results.allSatisfy { Set($0.crowds.map(\.box)).isSuperset(of: tiles) })
    #expect(lane.figures.failure != nil)
  }

  @Test func whatIsStillCoveredIsLookedAtThoughNothingMoves() throws {
    let calls = Mutex(0)
    let still = try TestFrames.picture()
    let frames = (1...100).map { TestFrames.frame($0, picture: still) }
    let (results, lane) = try lane(
      frames, rules: rules(offline: false, motion: true), level: .smallInput,
      closeLook: {
        calls.withLock { $0 += 1 }
        return []
      }
    ) { _ in [] }
    // As often as frames pile up, and one part each time: nine parts are not done with that.
    #expect(lane.figures.detected == 5)
    #expect(calls.withLock { $0 } == 5)
    #expect(results.allSatisfy { !$0.crowds.isEmpty })
  }

  @Test func aCloseLookThatFailsWithholdsTheFrame() throws {
    let (results, lane) = try lane(
      moving(3), rules: rules(offline: true),
      closeLook: { throw InferenceError.dropped(network: "face", reason: "late") }
    ) { _ in [Self.person] }
    #expect(results.count == 3 && results.allSatisfy { $0.failure != nil })
    #expect(lane.figures.givenUp == 3)
  }

  @Test func aCutStartsAnew() throws {
    var frames = try moving(10)
    frames[6] = TestFrames.frame(7, picture: frames[6].picture, cut: true)
    let (results, _) = try lane(frames, rules: rules(offline: true, interval: 0.13)) { _ in [Self.person] }
    #expect(results.map(\.isDetected) == [true, false, false, false, true, true, true, false, false, true])
    let before = Set(results[4].tracks.map(\.id)),
      after = Set(results[6].tracks.filter { $0.state != .ended }.map(\.id))
    #expect(before.isDisjoint(with: after))
  }
}
