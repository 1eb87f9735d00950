import Foundation
import Testing
import ThroughlineCore

@testable import Association

@Suite struct TransitionTests {
  private let hall = camera("hall")
  private let door = camera("door")

  private func link(gap: Double?, exit: Int = 0, entry: Int = 0) -> [TransitionModel.Link] {
    [
      TransitionModel.Link(
        cell: TransitionModel.Cell(camera: door, bin: TransitionModel.bin(ofGap: gap)), exit: exit,
        entry: entry)
    ]
  }

  @Test func transitionsSayNothingUntilTheyAreLearned() {
    var model = TransitionModel()
    let near = link(gap: 5)
    let far = link(gap: 900)
    #expect(model.logRatio(camera: hall, links: near) == 0)
    model.learn(camera: hall, same: [], others: [near, far, far])
    #expect(abs(model.logRatio(camera: hall, links: near)) < 0.01)
    for _ in 0..<40 { model.learn(camera: hall, same: near, others: [far, far, near]) }
    #expect(model.logRatio(camera: hall, links: near) > 0.5)
    #expect(model.logRatio(camera: hall, links: far) < -0.5)
    #expect(model.logRatio(camera: hall, links: []) == 0)
  }

  @Test func partsOfPicturesRefineWhatIsKnownAboutCameras() throws {
    var model = TransitionModel()
    // Everybody comes from the door camera within seconds, but only out of its region 1 into region 2.
    for turn in 0..<60 {
      model.learn(
        camera: hall, same: link(gap: 5, exit: 1, entry: 2),
        others: [link(gap: 5, exit: 1 + turn % 3, entry: 1 + turn % 2), link(gap: 5, exit: 3, entry: 2)],
        gap: 5)
    }
    let right = model.logRatio(camera: hall, links: link(gap: 5, exit: 1, entry: 2))
    let wrong = model.logRatio(camera: hall, links: link(gap: 5, exit: 3, entry: 2))
    let unknown = model.logRatio(camera: hall, links: link(gap: 5))
    #expect(right > unknown + 0.5 && wrong < unknown - 0.5)
    #expect(abs(right) <= TransitionModel.limit + TransitionModel.linkLimit)
    let relation = try #require(model.relations().first)
    #expect(relation.from == door && relation.to == hall && !relation.isOverlapping)
    #expect(relation.arrivals == 60)
    #expect(relation.seconds.map { $0.contains(5) || abs($0.lowerBound - 5) < 0.01 } == true)
    // It survives a restart.
    let copy = try JSONDecoder().decode(TransitionModel.self, from: JSONEncoder().encode(model))
    #expect(
      abs(copy.logRatio(camera: hall, links: link(gap: 5, exit: 1, entry: 2)) - right) < 1e-9)
    #expect(copy.relations() == model.relations())
  }

  @Test func whatWasLearnedBeforeThereWereRegionsIsKept() throws {
    let text =
      #"{"arrivals":["hall",{"same":[{"camera":"door","bin":4},30],"others":[{"camera":"door","bin":4},10,{"camera":"door","bin":9},90],"sameTotal":30,"otherTotal":100}]}"#
    let model = try JSONDecoder().decode(TransitionModel.self, from: Data(text.utf8))
    #expect(model.logRatio(camera: hall, links: link(gap: 5)) > 0.5)
  }

  @Test func theRarestLinksAreForgottenAndTheOthersTakeLittleRoom() throws {
    var model = TransitionModel()
    for exit in 0..<100 {
      for entry in 0..<100 {
        let rare = link(gap: 5, exit: exit, entry: entry)
        model.learn(camera: hall, same: link(gap: 5, exit: 1, entry: 2), others: [rare, rare])
      }
    }
    let data = try JSONEncoder().encode(model)
    #expect(data.count < 100_000)
    #expect(model.logRatio(camera: hall, links: link(gap: 5, exit: 1, entry: 2)) > 1)
    let copy = try JSONDecoder().decode(TransitionModel.self, from: data)
    for place in 0..<100 {
      let some = link(gap: 5, exit: place, entry: 99)
      #expect(copy.logRatio(camera: hall, links: some) == model.logRatio(camera: hall, links: some))
    }
  }

  @Test(arguments: ["AAAA", "AAAAAAAAAAAAAIB/", "AAAAAAAAAAAAAMB/", "AAAAAAAAAAAAAIC/"])
  func whatIsNoLinkIsRefused(base64: String) throws {
    // Too short, infinite, not a number, and negative.
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TransitionLinks.self, from: Data("\"\(base64)\"".utf8))
    }
  }

  @Test(arguments: ["0", "4294967295", "-1"])
  func whatIsNoNumberOfACameraIsRefused(number: String) {
    let text = #"{"arrivals":[],"cameraNumbers":["hall",\#(number)]}"#
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TransitionModel.self, from: Data(text.utf8))
    }
  }

  @Test func doorsAreFoundWhereTracksBeginAndEnd() {
    for seed in 1...5 as ClosedRange<UInt64> {
      var random = SplitMix64(seed: seed)
      var regions = PassageRegions()
      func box(_ x: Double, _ y: Double) -> BoundingBox {
        BoundingBox(
          centerX: x + 12 * random.nextGaussian(), centerY: y - 50 + 12 * random.nextGaussian(), width: 40,
          height: 100)
      }
      for _ in 0..<60 {
        regions.add(box(100, 300))
        regions.add(box(900, 350))
      }
      let left = regions.region(of: BoundingBox(centerX: 100, centerY: 250, width: 40, height: 100))
      let right = regions.region(of: BoundingBox(centerX: 900, centerY: 300, width: 40, height: 100))
      let middle = regions.region(of: BoundingBox(centerX: 500, centerY: 300, width: 40, height: 100))
      #expect(left != 0 && right != 0 && left != right && middle == 0, "seed \(seed)")
      for _ in 0..<500 {
        regions.add(
          box(Double.random(in: 0...2000, using: &random), Double.random(in: 0...1000, using: &random)))
      }
      #expect(regions.regions.count <= PassageRegions.limit, "seed \(seed)")
    }
  }

  @Test(arguments: [
    (gap: 10.0, exit: 0.9, isLikely: true), (10, 0.1, false), (300, 0.9, false), (5, 0.9, true),
  ])
  func givenWaysAreWeighed(gap: Double, exit: Double, isLikely: Bool) throws {
    var settings = AssociationSettings()
    settings.regions[door] = [
      "out": try #require(PictureRegion(left: 0.8, top: 0, right: 1, bottom: 1))
    ]
    settings.transitions = [CameraTransition(from: door, exit: "out", to: hall, seconds: 5...30)]
    func box(_ x: Double) -> BoundingBox { BoundingBox(centerX: x, centerY: 500, width: 40, height: 100) }
    func ratio(_ passage: GivenTransitions.Passage) -> Double {
      GivenTransitions(settings: settings).logRatio(passage, extents: ((1000, 1000), (1000, 1000)))
    }
    let passage = GivenTransitions.Passage(
      from: door, exit: box(exit * 1000), to: hall, entry: box(10), gap: gap)
    #expect(isLikely ? ratio(passage) > 0.5 : ratio(passage) < -0.5)
    #expect(abs(ratio(passage)) < TransitionModel.limit + TransitionModel.linkLimit)
    var other = passage
    other.from = camera("yard")
    #expect(ratio(other) == 0)
  }

  /// The looks of two people are hardly to be told apart; the way that was given decides.
  @Test func aGivenWayDecidesWhereLooksLeaveADoubt() throws {
    var settings = AssociationSettings()
    settings.transitions = [CameraTransition(from: door, to: hall, seconds: 3...12)]
    var right = 0
    for seed in 1...4 as ClosedRange<UInt64> {
      var stage = try Stage(people: 2, seed: seed, settings: settings)
      stage.people[1] = try Embedding(
        normalizing: zip(stage.people[0], stage.people[1]).map { 0.97 * $0 + 0.24 * $1 }
      ).values
      try stage.play("door", from: 0, to: 4, [(1, 0, 0)])
      _ = try stage.frame("door", 4, [], ended: [1])
      // The other one leaves a minute later, and only then comes somebody into the hall.
      try stage.play("door", from: 60, to: 64, [(2, 1, 5)])
      _ = try stage.frame("door", 64, [], ended: [2])
      try stage.play("hall", from: 70, to: 73, [(1, 1, 0)])
      let came = stage.identity("hall", 1)
      if came != nil, came == stage.identity("door", 2) { right += 1 }
    }
    #expect(right == 4)
  }

  @Test func camerasThatSeeACommonPlaceAreRecognised() throws {
    var stage = try Stage(people: 8)
    for person in 0..<8 {
      let begin = Double(person) * 20
      let number = UInt64(person + 1)
      for step in 0..<60 {
        let time = begin + Double(step) / 10
        _ = try stage.frame("a", time, [(number, person, 0)])
        if step >= 10 { _ = try stage.frame("b", time, [(number, person, 0)]) }
      }
      _ = try stage.frame("a", begin + 6, [], ended: [number])
      _ = try stage.frame("b", begin + 6, [], ended: [number])
    }
    let relations = stage.associator.cameraRelations()
    #expect(relations.contains { $0.from == camera("a") && $0.to == camera("b") && $0.isOverlapping })
  }
}
