import Association
import Detection
import Foundation
import Imaging
import Media
import Privacy
import Synchronization
import Testing
import ThroughlineCore

@testable import Pipeline

/// A main stream that is covered by what was found in its sub-stream.
@Suite struct MainStreamLaneTests {
  /// Keeps what comes.
  private final class Collector: FrameSink {
    let frames = Mutex<[AnonymizedFrame]>([])
    let ended = Mutex<[CameraName]>([])

    func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) { frames.withLock { $0.append(frame) } }
    func end(_ camera: CameraName) { ended.withLock { $0.append(camera) } }
    func finish() -> [String] { [] }
  }

  /// Half of the main stream's size.
  private static let subSize = PictureSize(width: 80, height: 48)
  private static let face = Detection(
    box: BoundingBox(x: 20, y: 10, width: 8, height: 8), category: .face, score: 0.9)

  private func subFrame(_ seconds: Double, _ evidence: FaceEvidence) throws -> IdentifiedFrame {
    let picture = try PictureBuffer(size: Self.subSize).freeze()
    let frame = VideoFrame(
      camera: TestFrames.camera, number: 1, captureTime: TestFrames.start.advanced(bySeconds: seconds),
      picture: picture)
    return IdentifiedFrame(result: LaneResult(frame: frame, evidence: evidence), assignments: [:])
  }

  /// Frames of the main stream at these times, which have just arrived.
  private func run(
    _ times: [Double], found: [(Double, FaceEvidence)], arrivedBefore age: Double = 0,
    crowds: @escaping CrowdWatch.Maker = { nil }
  ) throws -> [AnonymizedFrame] {
    let collector = Collector()
    let lane = MainStreamLane(
      camera: TestFrames.camera, settings: try PrivacySettings(), drawsBoxes: false, showOnly: nil,
      makeCrowds: crowds, sinks: [collector])
    for (time, evidence) in found { lane.note(try subFrame(time, evidence)) }
    let picture = try TestFrames.picture(noise: 5)
    for (index, time) in times.enumerated() {
      lane.frames.push(
        VideoFrame(
          camera: TestFrames.camera, number: UInt64(index + 1),
          captureTime: TestFrames.start.advanced(bySeconds: time),
          arrivalTime: Timestamp(seconds: Date().timeIntervalSince1970 - age), picture: picture))
    }
    lane.close()
    lane.start()
    lane.wait()
    #expect(collector.ended.withLock { $0 } == [TestFrames.camera])
    #expect(lane.figures.frames == times.count)
    return collector.frames.withLock { $0 }
  }

  @Test func aFaceOfTheSubStreamIsCoveredAtItsPlaceInTheMainStream() throws {
    let frames = try run(
      [0.1], found: [(0, .detected([])), (0.1, .detected([Self.face])), (0.5, .detected([]))])
    let frame = try #require(frames.first)
    #expect(!frame.isWithheld)
    let wanted = BoundingBox(x: 40, y: 20, width: 16, height: 16)
    #expect(
      frame.regions.contains { region in
        region.box.minX <= wanted.minX && region.box.minY <= wanted.minY && region.box.maxX >= wanted.maxX
          && region.box.maxY >= wanted.maxY
      }, "\(frame.regions)")
    #expect(frame.picture.size == TestFrames.size)
  }

  /// Answers every look alike.
  private final class OneAnswer: Detector {
    let answer: () throws -> [Detection]
    init(_ answer: @escaping () throws -> [Detection]) { self.answer = answer }
    func detect(_ picture: Picture) throws -> [Detection] { try answer() }
  }

  @Test func facesThatTheSubStreamCannotShowAreLookedForInTheMainStream() throws {
    let small = Detection(box: BoundingBox(x: 10, y: 10, width: 6, height: 6), category: .face, score: 0.9)
    func frames(_ answer: @escaping @Sendable () throws -> [Detection]) throws -> [AnonymizedFrame] {
      try run([0.1], found: [(0, .detected([])), (0.1, .detected([])), (0.5, .detected([]))]) {
        CrowdWatch(
          detector: OneAnswer(answer), tile: PictureSize(width: 64, height: 48), settings: .standard)
      }
    }
    let found = try frames { [small] }
    #expect(found[0].regions.contains { $0.cause == .crowd } && !found[0].isWithheld)
    let failed = try frames { throw PipelineError.setting("the network is gone") }
    #expect(failed.map(\.isWithheld) == [true])
  }

  @Test(arguments: [-0.2, 0.2])
  func whatWasFoundShortlyBeforeOrAfterIsCoveredToo(offset: Double) throws {
    let frames = try run(
      [1],
      found: [(1, .detected([])), (1 + offset, .detected([Self.face])), (2, .detected([]))].sorted {
        $0.0 < $1.0
      })
    #expect(frames[0].regions.isEmpty == false)
  }

  @Test func aPictureInWhichNothingMovedKeepsWhatWasFoundInIt() throws {
    let frames = try run(
      [3],
      found: [
        (0, .detected([Self.face])), (1, .unchanged), (2, .unchanged), (2.9, .unchanged), (3.3, .unchanged),
      ])
    #expect(!frames[0].isWithheld)
    #expect(!frames[0].regions.isEmpty)
  }

  @Test(arguments: [
    // Nothing at all, nothing near, and a sub-stream that could not be looked at.
    [], [(5.0, FaceEvidence.detected([]))],
    [(0, .detected([])), (0.1, .unavailable(reason: "busy")), (1, .detected([]))],
  ])
  func whereNothingIsKnownTheFrameIsCoveredAsAWhole(found: [(Double, FaceEvidence)]) throws {
    let frames = try run([0.1], found: found)
    #expect(frames.map(\.isWithheld) == [true])
  }

  @Test func framesThatHaveWaitedLongEnoughDoNotWaitAgain() throws {
    // Sixty frames whose sub-stream is silent: none of them waits the whole time, and none is lost but what the queue drops.
    let times = (0..<30).map { Double($0) / 30 }
    let frames = try run(times, found: [], arrivedBefore: 10)
    #expect(frames.count == 30)
    #expect(!frames.contains { !$0.isWithheld })
  }
}
