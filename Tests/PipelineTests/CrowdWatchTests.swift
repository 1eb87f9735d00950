import Detection
import Imaging
import Privacy
import Testing
import ThroughlineCore

@testable import Pipeline

/// Which parts of a picture are looked at closely, and when.
@Suite struct CrowdWatchTests {
  /// Finds a face in the middle of everything that is bright, and remembers what it was shown.
  private final class BrightFinder: Detector {
    var calls = 0
    var fails = false

    func detect(_ picture: Picture) throws -> [Detection] {
      calls += 1
      if fails { throw PipelineError.setting("the detector is gone") }
      var (count, sumX, sumY) = (0, 0, 0)
      for y in 0..<picture.size.height {
        for x in 0..<picture.size.width where picture.luma.address[y * picture.luma.stride + x] > 180 {
          count += 1
          sumX += x
          sumY += y
        }
      }
      withExtendedLifetime(picture.owner) {}
      guard count > 0 else { return [] }
      return [
        Detection(
          box: BoundingBox(
            centerX: Double(sumX) / Double(count), centerY: Double(sumY) / Double(count), width: 6, height: 6),
          category: .face, score: 0.9)
      ]
    }
  }

  /// The test frames have 160 x 96 pixels: three by three tiles.
  private static let tile = PictureSize(width: 64, height: 48)

  private func watch(every seconds: Double = 3) throws -> (watch: CrowdWatch, finder: BrightFinder) {
    let finder = BrightFinder()
    let settings = try PrivacySettings(crowdInterval: seconds)
    return (CrowdWatch(detector: finder, tile: Self.tile, settings: settings), finder)
  }

  private func time(_ seconds: Double) -> Timestamp { TestFrames.start.advanced(bySeconds: seconds) }

  private func blob(_ x: Double, _ y: Double, luma: UInt8 = 90) throws -> Picture {
    try TestFrames.picture(person: BoundingBox(x: x, y: y, width: 6, height: 6), luma: luma)
  }

  @Test func theFirstFrameIsLookedAtAsAWhole() throws {
    let (watch, finder) = try watch()
    let regions = try watch.look(at: try blob(20, 70), time: time(0), known: [])
    #expect(finder.calls == CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count)
    let region = try #require(regions.first)
    #expect(regions.count == 1)
    #expect(abs(region.box.centerX - 22.5) < 1 && abs(region.box.centerY - 72.5) < 1, "\(region)")
  }

  @Test func aPictureThatTheDetectorSeesWholeIsNotLookedAtAgain() throws {
    let finder = BrightFinder()
    let watch = CrowdWatch(detector: finder, tile: TestFrames.size, settings: .standard)
    #expect(try watch.look(at: try blob(20, 70), time: time(0), known: []).isEmpty)
    #expect(finder.calls == 0)
  }

  @Test func whereNothingMovesThereIsRest() throws {
    let (watch, finder) = try watch()
    for frame in 0..<(25 * 20) {
      let picture = try TestFrames.picture(noise: UInt64(frame + 1))
      _ = try watch.look(at: picture, time: time(Double(frame) / 25), known: [])
    }
    // Each part has one turn in ten intervals, thirty seconds.
    let all = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count
    #expect(finder.calls <= all + all * 20 / 30)
  }

  @Test func everyPartInWhichSomethingMovesIsLookedAtWithinTheInterval() throws {
    let (watch, finder) = try watch()
    let all = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count
    var perFrame: [Int] = []
    for frame in 0..<(25 * 7) {
      let before = finder.calls
      // Grows brighter everywhere, slowly.
      let picture = try TestFrames.picture(luma: UInt8(60 + frame / 8))
      _ = try watch.look(at: picture, time: time(Double(frame) / 25), known: [])
      perFrame.append(finder.calls - before)
    }
    #expect(perFrame[0] == all)
    #expect(perFrame[1...].max() == 1)
    for second in [1, 4] {
      let looks = perFrame[(second * 25 - 24)...(second * 25 + 50)].reduce(0, +)
      #expect((6...12).contains(looks), "\(looks) looks from second \(second) on")
    }
  }

  @Test func partsAtRestHaveTheirTurnsOneAfterTheOther() throws {
    let (watch, finder) = try watch(every: 1)
    let picture = try TestFrames.picture()
    let all = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count
    var perSecond: [Int] = []
    for second in 0..<40 {
      let before = finder.calls
      for frame in 0..<10 {
        let seconds = Double(second) + Double(frame) / 10
        _ = try watch.look(at: picture, time: time(seconds), known: [])
      }
      perSecond.append(finder.calls - before)
    }
    #expect(perSecond[0] == all)
    #expect(perSecond[1...].max() == 1)
    #expect((5 * all - 2...5 * all).contains(finder.calls), "\(perSecond)")
  }

  @Test func somebodyWhoComesFarAwayIsFoundAndKept() throws {
    let (watch, _) = try watch()
    var found: Double?
    for frame in 0..<200 {
      let picture = frame < 10 ? try TestFrames.picture() : try blob(100, 40)
      let seconds = Double(frame) / 25
      let regions = try watch.look(at: picture, time: time(seconds), known: [])
      if found == nil, !regions.isEmpty { found = seconds }
      if found != nil { #expect(regions.count == 1) }
    }
    #expect(try #require(found) <= 0.4 + 3 + 0.4)
  }

  @Test func anotherPictureIsLookedAtAsAWholeAtOnce() throws {
    let (watch, finder) = try watch()
    let all = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count
    #expect(try watch.look(at: try blob(20, 70), time: time(0), known: []).count == 1)
    let regions = try watch.look(at: try blob(120, 20, luma: 150), time: time(0.04), known: [])
    #expect(finder.calls == 2 * all)
    #expect(regions.count == 1 && regions[0].box.centerX > 100, "what the other picture had is forgotten")
    watch.reset()
    #expect(watch.regions.isEmpty)
    _ = try watch.look(at: try blob(120, 20, luma: 150), time: time(0.08), known: [])
    #expect(finder.calls == 3 * all)
  }

  @Test func partsThatNobodyHasLookedAtAreCoveredMeanwhile() throws {
    let (watch, finder) = try watch()
    let tiles = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile)
    let picture = try blob(20, 70)
    #expect(Set(watch.notice(picture, time: time(0), known: []).map(\.box)) == Set(tiles))
    #expect(finder.calls == 0 && !watch.isSettled)
    for call in 1...tiles.count {
      try watch.lookClosely(at: picture, time: time(0), known: [], limit: 1)
      #expect(finder.calls == call && watch.isSettled == (call == tiles.count))
      #expect(watch.regions.count { tiles.contains($0.box) } == tiles.count - call)
    }
    #expect(watch.notice(picture, time: time(0.04), known: []).count == 1, "the face that was found")
    let other = try blob(120, 20, luma: 150)
    #expect(Set(watch.notice(other, time: time(0.08), known: []).map(\.box)) == Set(tiles))
  }

  @Test func aPartThatHasChangedIsCoveredUntilItIsLookedAt() throws {
    let (watch, _) = try watch()
    _ = try watch.look(at: try TestFrames.picture(), time: time(0), known: [])
    #expect(watch.regions.isEmpty)
    // Half of the tile in a corner.
    let large = BoundingBox(x: 0, y: 0, width: 40, height: 48)
    let picture = try TestFrames.picture(person: large)
    #expect(watch.notice(picture, time: time(0.1), known: []).isEmpty, "too soon")
    let covered = watch.notice(picture, time: time(0.3), known: [])
    #expect(covered.contains { $0.box.minX == 0 && $0.box.minY == 0 })
    #expect(covered.count < CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count)
  }

  @Test(arguments: [(0.9, 3.3...3.6), (0.01, 0.25...2.0)])
  func knownPersonsWhoWalkAreNoReasonToLookBeforeThePartsTurn(score: Double, expected: ClosedRange<Double>)
    throws
  {
    // The first of nine parts has its first turn after a ninth of the interval.
    let (watch, finder) = try watch(every: 30)
    let all = CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count
    var seconds = 0.0
    while seconds < 20, finder.calls <= all {
      let box = BoundingBox(x: 20 + seconds * 4, y: 20, width: 20, height: 50)
      let person = Detection(box: box, category: .person, score: score)
      _ = try watch.look(at: try TestFrames.picture(person: box), time: time(seconds), known: [person])
      if finder.calls <= all { seconds += 0.2 }
    }
    #expect(expected.contains((seconds * 100).rounded() / 100))
  }

  @Test func aFailureCoversEverything() throws {
    let (watch, finder) = try watch(every: 0.1)
    _ = try watch.look(at: try blob(20, 70), time: time(0), known: [])
    finder.fails = true
    #expect(throws: PipelineError.self) {
      try watch.look(at: try blob(40, 70), time: time(1), known: [])
    }
    #expect(!watch.isSettled)
    #expect(watch.regions.count >= CrowdWatch.tiles(of: TestFrames.size, tile: Self.tile).count)
  }

  @Test func aLookThatFailsIsToldAndMadeAgain() throws {
    let (watch, finder) = try watch()
    finder.fails = true
    #expect(throws: PipelineError.self) {
      try watch.look(at: try blob(20, 70), time: time(0), known: [])
    }
    finder.fails = false
    #expect(try watch.look(at: try blob(20, 70), time: time(0.04), known: []).count == 1)
  }

  @Test func aClockThatGoesBackDoesNotStopTheLooks() throws {
    let (watch, finder) = try watch()
    _ = try watch.look(at: try blob(20, 70), time: time(100), known: [])
    let before = finder.calls
    _ = try watch.look(at: try blob(20, 70), time: time(0), known: [])
    #expect(finder.calls > before)
  }

  @Test(arguments: [
    (PictureSize(width: 1920, height: 1080), 16), (PictureSize(width: 1280, height: 720), 9),
    (PictureSize(width: 768, height: 576), 4), (PictureSize(width: 640, height: 384), 1),
    (PictureSize(width: 4000, height: 100), 8),
  ])
  func tilesOverlapAndReachEveryEdge(size: PictureSize, count: Int) {
    let tile = PictureSize(width: 640, height: 384)
    let tiles = CrowdWatch.tiles(of: size, tile: tile)
    #expect(tiles.count == count)
    #expect(tiles.map(\.maxX).max() == Double(size.width) && tiles.map(\.maxY).max() == Double(size.height))
    #expect(tiles.map(\.minX).min() == 0 && tiles.map(\.minY).min() == 0)
    let columns = Set(tiles.map(\.minX)).sorted()
    for (left, right) in zip(columns, columns.dropFirst()) { #expect(right - left <= 480) }
  }
}
