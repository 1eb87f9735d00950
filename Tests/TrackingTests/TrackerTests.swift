import Testing
import ThroughlineCore

@testable import Tracking

let camera = CameraName(sanitizing: "hall")

func time(_ seconds: Double) -> Timestamp { Timestamp(seconds: 1000 + seconds) }

func person(
  _ x: Double, _ y: Double = 100, width: Double = 40, height: Double = 100, score: Double = 0.9
) -> Detection {
  Detection(box: BoundingBox(x: x, y: y, width: width, height: height), category: .person, score: score)
}

func face(_ x: Double, _ y: Double, size: Double = 12) -> Detection {
  Detection(box: BoundingBox(x: x, y: y, width: size, height: size), category: .face, score: 0.9)
}

@Suite struct TrackerTests {
  @Test(arguments: [5.0, 7, 10, 15, 30])
  func followsTwoPeopleWhoWalkPastEachOtherAtAnyFrameRate(rate: Double) throws {
    var tracker = Tracker(camera: camera)
    var numbers: [Set<UInt64>] = [[], []]
    for frame in 0..<Int(8 * rate) {
      let seconds = Double(frame) / rate
      // 80 pixels a second is 0.8 body heights: walking.
      let truth = [person(20 + 80 * seconds, 100), person(600 - 80 * seconds, 130)]
      let tracks = try tracker.update(detections: truth, at: time(seconds))
      #expect(tracks.count == 2)
      for (index, detection) in truth.enumerated() {
        let nearest = try #require(tracks.first { $0.isObserved && $0.box == detection.box })
        numbers[index].insert(nearest.id.number)
      }
    }
    #expect(numbers == [[1], [2]])
    let leftOver = tracker.takeEnded()
    #expect(leftOver.isEmpty)
    #expect(tracker.nextNumber == 3)
  }

  @Test func statesFollowTheLifeTimesInSeconds() throws {
    var settings = TrackerSettings()
    settings.keepTracked = 0.5
    settings.keepLost = 1
    var tracker = Tracker(camera: camera, settings: settings, firstNumber: 41)
    #expect(try tracker.update(detections: [person(100)], at: time(0)).map(\.state) == [.tentative])
    #expect(try tracker.update(detections: [person(101)], at: time(0.1)).map(\.state) == [.tracked])
    #expect(try tracker.update(detections: [], at: time(0.5)).map(\.state) == [.tracked])
    let unseen = try #require(try tracker.update(detections: [], at: time(0.7)).first)
    #expect(unseen.state == .lost)
    #expect(!unseen.isObserved)
    #expect(unseen.lastSeen == time(0.1))
    let found = try #require(try tracker.update(detections: [person(104)], at: time(1.2)).first)
    #expect(found.state == .tracked)
    #expect(found.id.number == 41)
    #expect(found.firstSeen == time(0))
    #expect(try tracker.update(detections: [], at: time(2.65)).map(\.state) == [.lost])
    #expect(try tracker.update(detections: [], at: time(2.75)).isEmpty)
    let ended = tracker.takeEnded()
    #expect(ended.map(\.state) == [.ended])
    #expect(ended.map(\.id.number) == [41])
    let leftOver = tracker.takeEnded()
    #expect(leftOver.isEmpty)
  }

  @Test func aTentativeTrackThatIsNotSeenAgainEnds() throws {
    var tracker = Tracker(camera: camera)
    _ = try tracker.update(detections: [person(100)], at: time(0))
    #expect(try tracker.update(detections: [], at: time(0.2)).map(\.state) == [.tentative])
    #expect(try tracker.update(detections: [], at: time(0.4)).isEmpty)
  }

  @Test func weakDetectionsKeepATrackButBeginNone() throws {
    var tracker = Tracker(camera: camera)
    #expect(try tracker.update(detections: [person(100, score: 0.2)], at: time(0)).isEmpty)
    for frame in 0..<20 {
      let score = frame < 3 ? 0.9 : 0.2
      let tracks = try tracker.update(
        detections: [person(100 + Double(frame) * 3, score: score)], at: time(0.1 + Double(frame) * 0.1))
      #expect(tracks.count == 1)
      #expect(tracks.first?.isObserved == true)
      #expect(tracks.first?.score == score)
    }
  }

  @Test func findsAPersonAgainBehindAPillar() throws {
    var tracker = Tracker(camera: camera)
    var numbers = Set<UInt64>()
    for frame in 0..<60 {
      let seconds = Double(frame) / 10
      let isHidden = (2.0..<3.2).contains(seconds)
      let tracks = try tracker.update(
        detections: isHidden ? [] : [person(50 + 90 * seconds)], at: time(seconds))
      numbers.formUnion(tracks.filter(\.isObserved).map(\.id.number))
      #expect(tracks.count == 1)
    }
    #expect(numbers == [1])
  }

  @Test func predictsBetweenDetectionsWithoutMissing() throws {
    var tracker = Tracker(camera: camera)
    for frame in 0..<10 {
      _ = try tracker.update(detections: [person(100 + Double(frame) * 20)], at: time(Double(frame) * 0.2))
    }
    let predicted = try #require(tracker.predict(at: time(1.9)).first)
    #expect(!predicted.isObserved)
    #expect(predicted.state == .tracked)
    #expect(abs(predicted.box.minX - 290) < 4)
    let again = try #require(try tracker.update(detections: [person(300)], at: time(2)).first)
    #expect(again.id.number == 1)
    #expect(again.isObserved)
  }

  @Test func appearanceKeepsPeopleApartWhoMeet() throws {
    let red = try Embedding(normalizing: [1, 0.1, 0, 0])
    let blue = try Embedding(normalizing: [0, 0, 1, 0.1])
    var tracker = Tracker(camera: camera)
    for frame in 0..<10 {
      let x = Double(frame) * 6
      _ = try tracker.update(
        detections: [person(100 + x), person(220 - x)], at: time(Double(frame) * 0.1),
        appearances: [red, blue])
    }
    // Both turn round behind each other for a second: position and direction say "went on", appearance does not.
    let tracks = try tracker.update(
      detections: [person(140), person(180)], at: time(2.2), appearances: [red, blue])
    #expect(tracks.first { $0.box.minX == 140 }?.id.number == 1)
    #expect(tracks.first { $0.box.minX == 180 }?.id.number == 2)
  }

  @Test func whatCameWithTheDetectionIsNotLearnedTwice() throws {
    let first = try Embedding(normalizing: [1, 2, 3])
    let second = try Embedding(normalizing: [3, 1, 2])
    var once = Tracker(camera: camera)
    var twice = Tracker(camera: camera)
    for (frame, embedding) in [first, second].enumerated() {
      let moment = time(Double(frame) * 0.1)
      _ = try once.update(detections: [person(100)], at: moment, appearances: [embedding])
      _ = try twice.update(detections: [person(100)], at: moment, appearances: [embedding])
      twice.setAppearance(embedding, of: TrackID(camera: camera, number: 1), at: moment)
    }
    let known = try #require(once.persons.first?.appearance)
    #expect(twice.persons.first?.appearance?.embedding == known.embedding)
    twice.setAppearance(first, of: TrackID(camera: camera, number: 1), at: time(0.2))
    #expect(twice.persons.first?.appearance?.embedding != known.embedding)
  }

  @Test func setAppearanceKnowsItsTracks() throws {
    var tracker = Tracker(camera: camera)
    _ = try tracker.update(detections: [person(100)], at: time(0))
    let embedding = try Embedding(normalizing: [1, 2, 3])
    let short = try Embedding(normalizing: [1, 2])
    let other = TrackID(camera: CameraName(sanitizing: "yard"), number: 1)
    var isTaken = [tracker.setAppearance(embedding, of: TrackID(camera: camera, number: 1), at: time(0))]
    isTaken.append(tracker.setAppearance(embedding, of: TrackID(camera: camera, number: 2), at: time(0)))
    isTaken.append(tracker.setAppearance(embedding, of: other, at: time(0)))
    isTaken.append(tracker.setAppearance(short, of: TrackID(camera: camera, number: 1), at: time(0)))
    #expect(isTaken == [true, false, false, false])
    #expect(throws: TrackerError.appearanceDimension(expected: 3, found: 2)) {
      try tracker.update(detections: [person(100)], at: time(0.1), appearances: [short])
    }
    #expect(throws: TrackerError.appearanceCount(detections: 1, appearances: 2)) {
      try tracker.update(detections: [person(100)], at: time(0.1), appearances: [nil, nil])
    }
  }

  @Test func followsEverybodyWhenTheCameraIsKnocked() throws {
    var tracker = Tracker(camera: camera)
    let places = [60.0, 220, 330, 520, 610]
    for frame in 0..<10 {
      _ = try tracker.update(detections: places.map { person($0) }, at: time(Double(frame) * 0.1))
    }
    let tracks = try tracker.update(detections: places.map { person($0 + 75, 140) }, at: time(1))
    #expect(tracks.map(\.id.number) == [1, 2, 3, 4, 5])
    for (track, place) in zip(tracks, places) { #expect(track.isObserved && track.box.minX == place + 75) }
    #expect(tracker.figures.cameraMotions == 1)
  }

  @Test func facesGoToTheirPersons() throws {
    var tracker = Tracker(camera: camera)
    let people = [person(100), person(125, 110)]
    // The second face lies inside both boxes; one to one, it belongs to the second person.
    let faces = [face(112, 104), face(128, 114), face(110, 180), face(400, 100)]
    let tracks = try tracker.update(detections: people + faces, at: time(0))
    #expect(tracks.map(\.face?.box.minX) == [112, 128])
    #expect(try tracker.update(detections: people, at: time(0.1)).allSatisfy { $0.face == nil })
  }
}
