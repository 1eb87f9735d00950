import Foundation
import Testing
import ThroughlineCore
import Tracking

@testable import Evaluation

@Suite struct ReplayTests {
  static let left = CameraName(sanitizing: "left")
  static let right = CameraName(sanitizing: "right")

  /// Two people who walk through one camera and then through the other, with clean embeddings and boxes.
  static func recording() -> (observations: [CameraName: [ObservedFrame]], truth: [CameraName: [MOTEntry]]) {
    var random = SplitMix64(seed: 4)
    var observations: [CameraName: [ObservedFrame]] = [:]
    var truth: [CameraName: [MOTEntry]] = [:]
    for (index, camera) in [left, right].enumerated() {
      for frame in 1...60 {
        var items: [ObservedFrame.Item] = []
        for person in 0..<2 {
          let box = BoundingBox(
            x: 40 + Double(person) * 300 + Double(frame) * 3, y: 60, width: 60, height: 170)
          var values = [Float](repeating: 0, count: 16)
          for place in values.indices { values[place] = Float(random.nextGaussian()) * 0.04 }
          values[person * 5] += 1
          items.append(
            ObservedFrame.Item(
              detection: Detection(box: box, category: .person, score: 0.9),
              embedding: try? Embedding(normalizing: values).values, quality: 0.8, sharpness: 900))
          truth[camera, default: []].append(MOTEntry(frame: frame, id: person + 1, box: box))
        }
        observations[camera, default: []].append(
          ObservedFrame(
            camera: camera, number: frame,
            time: Timestamp(seconds: 1000 + Double(index) * 30 + Double(frame) / 10),
            size: PictureSize(width: 768, height: 432), items: items))
      }
    }
    return (observations, truth)
  }

  @Test func theCacheKeepsEverything() throws {
    let frames = try #require(Self.recording().observations[Self.left])
    var text = Data()
    for frame in frames { text += try ObservationCache.line(frame) }
    let again = try ObservationCache.parse(text, source: "cache")
    #expect(again[Self.left] == frames)
  }

  @Test func aCutEndsTheTracksOfAReplay() throws {
    var frames = try #require(Self.recording().observations[Self.left])
    for place in frames.indices where frames[place].number == 31 { frames[place].isCut = true }
    var text = Data()
    for frame in frames { text += try ObservationCache.line(frame) }
    let again = try ObservationCache.parse(text, source: "cache")[Self.left] ?? []
    #expect(again == frames)
    let tracks = try CameraTracks(camera: Self.left, frames: again)
    #expect(tracks.observations.count == 4)
    for list in tracks.observations.values {
      #expect(Set(list.map { $0.frame <= 30 }).count == 1, "a track goes on over the cut")
    }
  }

  @Test(arguments: [
    ("{", "not valid JSON"), ("{\"camera\":\"a\"}", "'frame' is missing"),
    (
      "{\"camera\":\"a\",\"frame\":1,\"time\":0,\"size\":[1,1],\"items\":[{\"box\":[1,2],\"kind\":\"person\",\"score\":1}]}",
      "a box of four numbers"
    ),
    (
      "{\"camera\":\"a\",\"frame\":1,\"time\":0,\"size\":[1,1],\"items\":[{\"box\":[1,2,3,4],\"kind\":\"person\",\"score\":1,\"embedding\":\"AAA=\"}]}",
      "base64"
    ),
    ("{\"camera\":\"a\",\"frame\":0,\"time\":0,\"size\":[1,1],\"items\":[]}", "a frame from 1"),
  ])
  func theCacheNamesTheLine(line: String, problem: String) {
    do {
      _ = try ObservationCache.parse(Data(("\n" + line).utf8), source: "cache")
      Issue.record("no error")
    } catch {
      #expect(error.line == 2)
      #expect(error.description.contains(problem), "\(error)")
      #expect(!error.description.contains("\n"))
    }
  }

  @Test func aFrameTwiceIsAnError() throws {
    let frame = try #require(Self.recording().observations[Self.left]?.first)
    let line = try ObservationCache.line(frame)
    #expect(throws: ObservationCacheError.self) { try ObservationCache.parse(line + line, source: "cache") }
  }

  @Test func everybodyIsFoundInACleanRecording() throws {
    let recording = Self.recording()
    let evaluation = MultiCameraEvaluation(observations: recording.observations, truth: recording.truth)
    let report = try evaluation.report(title: "clean")
    func row(_ method: String) throws -> EvaluationRow {
      try #require(report.rows.first { $0.method == method })
    }
    #expect(try row("oracle").idf1 == 1)
    #expect(try row("throughline").idf1 == 1)
    #expect(try row("throughline").sharedInFrame == 0)
    #expect(try row("throughline, whole recording").idf1 == 1)
    #expect(try row("tracks, ideally joined").idf1 == 1)
    #expect(try row("greedy-merge 0.2").idf1 == 1)
    #expect(try row("reference").idf1 == 1)
    // Tracks alone: four identities for two people.
    #expect(try row("tracks alone").idf1 == 0.5)
    #expect(report.table.contains("throughline"))
    let decoded = try JSONDecoder().decode(EvaluationReport.self, from: report.json())
    #expect(decoded == report)
  }

  @Test func whoIsMissedForAMomentIsFilledInButNotAcrossACut() throws {
    for (isCut, missed) in [(false, 0), (true, 5)] {
      var recording = Self.recording()
      for place in 20..<25 { recording.observations[Self.left]?[place].items.removeFirst() }
      recording.observations[Self.left]?[22].isCut = isCut
      let evaluation = MultiCameraEvaluation(observations: recording.observations, truth: recording.truth)
      let rows = try evaluation.report(title: "gaps").rows
      func missing(_ method: String) throws -> Int {
        let row = try #require(rows.first { $0.method == method })
        return row.truthBoxes - row.resultBoxes
      }
      #expect(try missing("throughline") == missed)
      #expect(try missing("oracle") == 5)
      #expect(try missing("oracle, gaps filled") == missed)
    }
  }

  @Test func aPersonWithTwoNumbersInTheTruthCanBeJoined() throws {
    let recording = Self.recording()
    var truth = recording.truth
    for place in truth[Self.right, default: []].indices where truth[Self.right]?[place].id == 2 {
      truth[Self.right]?[place].id = 7
    }
    let evaluation = MultiCameraEvaluation(observations: recording.observations, truth: truth)
    let report = try evaluation.report(title: "<joined>", joining: [7: 2])
    let rows = report.rows.filter { $0.method == "throughline" }
    #expect(rows.map(\.sequence) == ["all cameras", "returning joined"])
    #expect(rows[0].idf1 == 0.75 && rows[1].idf1 == 1)
    #expect(report.rows.first { $0.method == "oracle" }?.idf1 == 1)
    let knowing = report.rows.filter { $0.method == "oracle that recognises who returns" }
    #expect(knowing.map(\.idf1) == [0.75], "the truth as it is holds against it that it knows them")
    let page = report.html()
    #expect(page.contains("&lt;joined&gt;") && !page.contains("<joined>"))
    #expect(page.contains("greedy-merge 0.2") && !page.contains("http"))
  }

  @Test func theCacheSaysItsNetwork() throws {
    let frame = try #require(Self.recording().observations[Self.left]?.first)
    let header = try ObservationCache.header(.init(network: "net", version: "2"))
    let text = header + (try ObservationCache.line(frame))
    #expect(ObservationCache.network(of: text) == .init(network: "net", version: "2"))
    #expect(try ObservationCache.parse(text, source: "cache")[Self.left] == [frame])
    #expect(ObservationCache.network(of: try ObservationCache.line(frame)) == nil)
    #expect(throws: ObservationCacheError.self) {
      try ObservationCache.parse(try ObservationCache.line(frame) + header, source: "cache")
    }
  }

  @Test func cropsAreCountedByQuality() throws {
    var recording = Self.recording()
    for place in recording.observations[Self.left, default: []].indices {
      recording.observations[Self.left]?[place].items[0].quality = 0
    }
    let report = CropReport(
      observations: recording.observations, truth: recording.truth, rule: .standard)
    #expect(report.bands.map(\.crops) == [60, 0, 0, 0, 180])
    let best = try #require(report.bands.last)
    #expect(best.separation == 1 && best.meanHeight == 170)
    #expect(try #require(best.samePerson) > 0.9 && #require(best.otherPerson) < 0.2)
    // Only one person is among the refused, so that there is nobody to tell apart.
    #expect(report.bands[0].separation == nil)
    #expect(report.table.split(separator: "\n").count == 6)
    #expect(CropReport.areaUnderCurve([1, 2], [1, 0]) == 0.875)
  }

  @Test func theReferenceIgnoresSmallPeople() throws {
    var observations = Self.recording().observations
    for camera in observations.keys {
      for index in observations[camera, default: []].indices {
        observations[camera]?[index].size = PictureSize(width: 768, height: 2000)
      }
    }
    let tracks = try observations.map { try CameraTracks(camera: $0, frames: $1) }
    #expect(ReferenceAssociation().run(tracks).isEmpty)
    #expect(ReferenceAssociation(hasSizeRule: false).run(tracks).count == 4)
  }

  @Test func theOracleTakesEachPersonOnce() {
    let size = PictureSize(width: 100, height: 100)
    let box = BoundingBox(x: 0, y: 0, width: 10, height: 10)
    let frame = ObservedFrame(
      camera: Self.left, number: 1, time: Timestamp(seconds: 0), size: size,
      items: [box, box.offset(x: 2, y: 0), box.offset(x: 50, y: 0)].map {
        ObservedFrame.Item(detection: Detection(box: $0, category: .person, score: 0.5))
      })
    let result = OracleBaseline.run(frames: [frame], truth: [MOTEntry(frame: 1, id: 9, box: box)])
    #expect(result.map(\.id) == [9])
    #expect(result.map(\.box) == [box])
  }

  @Test func detectionFramesFillTheHoles() {
    let box = BoundingBox(x: 0, y: 0, width: 10, height: 10)
    let frames = DetectionFrame.frames(
      from: [MOTEntry(frame: 3, id: -1, box: box, score: 50)], rate: 10, scores: { $0 / 100 }, count: 4)
    #expect(frames.map(\.number) == [1, 2, 3, 4])
    #expect(frames.map(\.detections.count) == [0, 0, 1, 0])
    #expect(frames[2].detections[0].score == 0.5)
    #expect(frames[2].time == Timestamp(seconds: 0.2))
  }
}
