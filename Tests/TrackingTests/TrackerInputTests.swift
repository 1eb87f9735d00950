import Testing
import ThroughlineCore

@testable import Tracking

@Suite struct TrackerInputTests {
  @Test func leavesDegenerateDetectionsOutAndCountsThem() throws {
    var tracker = Tracker(camera: camera)
    let bad = [
      person(.nan), person(.infinity), person(1e300), person(10, width: 0), person(10, height: -5),
      person(10, score: .nan), person(10, width: 1e-9), person(-1e7),
    ]
    #expect(try tracker.update(detections: bad + [person(300)], at: time(0)).count == 1)
    #expect(tracker.figures.invalidDetections == bad.count)
  }

  @Test func aRepeatedTimeIsAFrameInWhichNoTimePassed() throws {
    var tracker = Tracker(camera: camera)
    for _ in 0..<5 { _ = try tracker.update(detections: [person(100)], at: time(1)) }
    #expect(tracker.tracks.map(\.state) == [.tracked])
    #expect(tracker.tracks.allSatisfy { $0.box.isValid })
  }

  @Test func aFrameOutOfOrderChangesNothing() throws {
    var tracker = Tracker(camera: camera)
    _ = try tracker.update(detections: [person(100)], at: time(10))
    _ = try tracker.update(detections: [person(100)], at: time(10.1))
    let late = try tracker.update(detections: [person(500)], at: time(9))
    #expect(late.map(\.id.number) == [1])
    #expect(late.allSatisfy { !$0.isObserved })
    #expect(tracker.figures.framesOutOfOrder == 1)
    #expect(tracker.latest == time(10.1))
    #expect(try tracker.update(detections: [person(100)], at: time(10.2)).map(\.id.number) == [1])
  }

  @Test func timeThatJumpsBackEndsTheTracks() throws {
    var tracker = Tracker(camera: camera)
    _ = try tracker.update(detections: [person(100)], at: time(100))
    let tracks = try tracker.update(detections: [person(100)], at: time(0))
    #expect(tracks.map(\.id.number) == [2])
    let ended = tracker.takeEnded()
    #expect(ended.map(\.id.number) == [1])
    #expect(tracker.figures.cuts == 1)
  }

  @Test func aCutEndsTheTracksAndTakesAnyTime() throws {
    var tracker = Tracker(camera: camera)
    _ = try tracker.update(detections: [person(100)], at: time(100))
    tracker.cut(at: time(2))
    #expect(tracker.tracks.isEmpty)
    let ended = tracker.takeEnded()
    #expect(ended.map(\.id.number) == [1])
    #expect(try tracker.update(detections: [person(100)], at: time(2)).map(\.id.number) == [2])
  }

  @Test func aLongGapEndsTheTracksBeforeMatching() throws {
    var tracker = Tracker(camera: camera)
    for frame in 0..<5 { _ = try tracker.update(detections: [person(100)], at: time(Double(frame) * 0.1)) }
    #expect(try tracker.update(detections: [person(100)], at: time(60)).map(\.id.number) == [2])
  }

  @Test func theNumberOfTracksIsBounded() throws {
    var settings = TrackerSettings()
    settings.maximumTracks = 10
    settings.maximumDetections = 30
    var tracker = Tracker(camera: camera, settings: settings)
    let crowd = (0..<50).map { person(Double($0) * 60) }
    for frame in 0..<3 { _ = try tracker.update(detections: crowd, at: time(Double(frame) * 0.1)) }
    #expect(tracker.tracks.count == 10)
    #expect(tracker.figures.refusedTracks == 60)
    #expect(tracker.figures.surplusDetections == 60)
  }

  @Test func absurdSettingsDoNotBreakIt() throws {
    var settings = TrackerSettings()
    settings.keepNew = .nan
    settings.keepTracked = -5
    settings.keepLost = .infinity
    settings.measurementNoise = 0
    settings.maximumTracks = -1
    settings.sightingsToConfirm = 0
    settings.highScore = 7
    settings.lowScore = -3
    var tracker = Tracker(camera: camera, settings: settings)
    for frame in 0..<5 {
      let tracks = try tracker.update(detections: [person(100, score: 1)], at: time(Double(frame) * 0.1))
      #expect(tracks.count == 1)
    }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func noInputBreaksTheInvariants(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    var tracker = Tracker(camera: camera)
    var everSeen = Set<UInt64>()
    var ended = Set<UInt64>()
    var now = 0.0
    for _ in 0..<400 {
      now += Double.random(in: -0.3...0.6, using: &random)
      if Int.random(in: 0..<80, using: &random) == 0 { now -= 20 }
      let detections = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        let isOdd = Int.random(in: 0..<10, using: &random) == 0
        return Detection(
          box: BoundingBox(
            x: .random(in: -50...640, using: &random), y: .random(in: -50...480, using: &random),
            width: isOdd ? .nan : .random(in: 0.1...200, using: &random),
            height: .random(in: 0.1...400, using: &random)),
          category: Bool.random(using: &random) ? .person : .face, score: .random(in: 0...1, using: &random))
      }
      let tracks =
        Bool.random(using: &random)
        ? try tracker.update(detections: detections, at: time(now)) : tracker.predict(at: time(now))
      let numbers = tracks.map(\.id.number)
      #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
      #expect(tracks.allSatisfy { $0.box.isValid && $0.state != .ended && $0.lastSeen >= $0.firstSeen })
      #expect(ended.isDisjoint(with: numbers))
      everSeen.formUnion(numbers)
      for track in tracker.takeEnded() {
        let isNew = ended.insert(track.id.number).inserted
        #expect(isNew)
      }
    }
    #expect(tracker.nextNumber > everSeen.max() ?? 0)
  }
}

@Suite struct TrackerAppearanceTests {
  private func person(_ x: Double, score: Double = 0.9) -> Detection {
    Detection(box: BoundingBox(x: x, y: 100, width: 40, height: 100), category: .person, score: score)
  }

  @Test func anEmbeddingIsAskedForOnlyWhereItHelps() throws {
    var tracker = Tracker(camera: CameraName(sanitizing: "a"))
    let look = try Embedding(normalizing: [1, 0, 0])
    func at(_ seconds: Double) -> Timestamp { Timestamp(seconds: 100 + seconds) }
    // Nobody is known: nobody to be mixed up with.
    #expect(tracker.wantsAppearance([person(0), person(300)], at: at(0)) == [false, false])
    for step in 0..<4 {
      _ = try tracker.update(
        detections: [person(0), person(300)], at: at(Double(step) / 10), appearances: [look, look])
    }
    // Everybody is alone and known; a weak detection and a face are never asked about.
    let face = Detection(box: BoundingBox(x: 10, y: 100, width: 10, height: 10), category: .face, score: 0.9)
    #expect(
      tracker.wantsAppearance([person(0), person(300), person(600, score: 0.2), face], at: at(0.4))
        == [false, false, false, false])
    // What is known grows old.
    #expect(tracker.wantsAppearance([person(0)], at: at(2)) == [true])
    // Two on one place.
    #expect(tracker.wantsAppearance([person(0), person(15)], at: at(0.4)) == [true, true])
    // Somebody is missed, and somebody is seen near by.
    _ = try tracker.update(detections: [person(0)], at: at(0.4), appearances: [look])
    #expect(tracker.wantsAppearance([person(0), person(365)], at: at(0.5)) == [false, true])
  }
}
