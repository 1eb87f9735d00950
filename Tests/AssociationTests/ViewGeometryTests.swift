import Foundation
import Testing
import ThroughlineCore

@testable import Association

@Suite struct ViewGeometryTests {
  /// Two cameras that look at one floor of 10 by 10 metres from two sides.
  private func seen(_ x: Double, _ y: Double, second: Bool) -> BoundingBox {
    let (across, depth) = second ? (y, 10 - x) : (x, y)
    let scale = 60 / (4 + depth * 0.6)
    let foot = (x: 400 + (across - 5) * scale * 4, y: 150 + 260 * 4 / (4 + depth * 0.6))
    let height = scale * 8
    return BoundingBox(
      centerX: foot.x, centerY: foot.y - height / 2, width: height * 0.4, height: height)
  }

  private struct People {
    var paths: [(first: TrackPath, second: TrackPath)] = []
  }

  private func walk(_ count: Int, seed: UInt64, noise: Double, shares: Bool = true) -> People {
    var random = SplitMix64(seed: seed)
    var people = People()
    for person in 0..<count {
      var paths = (first: TrackPath(), second: TrackPath())
      func line() -> (Double, Double, Double, Double) {
        (
          Double.random(in: 1...9, using: &random), Double.random(in: 1...9, using: &random),
          Double.random(in: -0.6...0.6, using: &random), Double.random(in: -0.6...0.6, using: &random)
        )
      }
      let own = line()
      let elsewhere = line()
      for step in 0..<50 {
        let time = Timestamp(seconds: 1000 + Double(person) * 4 + Double(step) * 0.25)
        let walked = Double(step) * 0.25
        func place(_ line: (Double, Double, Double, Double), second: Bool) -> BoundingBox {
          let box = seen(
            min(9.5, max(0.5, line.0 + line.2 * walked)), min(9.5, max(0.5, line.1 + line.3 * walked)),
            second: second)
          return box.offset(
            x: random.nextGaussian() * noise * box.height, y: random.nextGaussian() * noise * box.height)
        }
        paths.first.add(place(own, second: false), at: time)
        paths.second.add(place(shares ? own : elsewhere, second: true), at: time)
      }
      people.paths.append(paths)
    }
    return people
  }

  /// Everybody may be anybody who is there at the same time; the right one is a little likelier.
  private func learn(_ people: People, advantage: Double) -> ViewGeometry? {
    let walkers = people.paths.indices.map { mine in
      ViewGeometry.Walker(
        path: people.paths[mine].first,
        partners: people.paths.indices.map { ($0, $0 == mine ? advantage : 1) })
    }
    return ViewGeometry.learn(walkers, people.paths.map(\.second))
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func theFloorIsFoundFromWeakLooks(seed: UInt64) throws {
    let people = walk(14, seed: seed, noise: 0.03)
    let geometry = try #require(learn(people, advantage: 2.5), "seed \(seed)")
    var confused = 0
    for mine in people.paths.indices {
      for other in people.paths.indices {
        let ratio = geometry.logRatio(people.paths[mine].first, people.paths[other].second)
        if mine == other {
          #expect(ratio > 2, "seed \(seed), person \(mine)")
        } else if ratio > 2 {
          confused += 1
        }
      }
    }
    // Of 182 pairs of two people a few happen to walk together.
    #expect(confused <= 4, "seed \(seed)")
  }

  @Test(arguments: [4, 5, 6] as [UInt64])
  func whereNothingIsSharedNothingIsFound(seed: UInt64) {
    #expect(learn(walk(14, seed: seed, noise: 0.03, shares: false), advantage: 2.5) == nil, "seed \(seed)")
  }

  @Test func tooLittleTellsNothing() {
    #expect(ViewGeometry.learn([], []) == nil)
    #expect(learn(walk(0, seed: 1, noise: 0), advantage: 2) == nil)
    var standing = TrackPath()
    for step in 0..<40 {
      standing.add(BoundingBox(x: 10, y: 10, width: 20, height: 50), at: Timestamp(seconds: Double(step)))
    }
    let walker = ViewGeometry.Walker(path: standing, partners: [(0, 1)])
    #expect(ViewGeometry.learn([walker], [standing]) == nil)
  }

  @Test func aHomographyIsFoundFromItsPoints() throws {
    let corners = [(0.0, 0.0), (100, 5), (90, 120), (-10, 80), (40, 60)]
    let image = corners.map { x, y -> (Double, Double) in
      let depth = 0.002 * x + 0.004 * y + 1
      return ((2 * x + 0.3 * y + 20) / depth, (0.1 * x + 1.5 * y - 7) / depth)
    }
    let map = try #require(
      Homography.fit(
        zip(corners, image).map {
          Homography.Correspondence(fromX: $0.0, fromY: $0.1, toX: $1.0, toY: $1.1, weight: 1)
        }))
    let found = try #require(map.map(30, 20))
    let depth = 0.002 * 30 + 0.004 * 20 + 1
    #expect(abs(found.x - (60 + 6 + 20) / depth) < 1e-6)
    #expect(abs(found.y - (3 + 30 - 7) / depth) < 1e-6)
    let line = (0..<6).map {
      Homography.Correspondence(
        fromX: Double($0), fromY: Double($0), toX: Double($0), toY: 2 * Double($0), weight: 1)
    }
    #expect(Homography.fit(line) == nil)
    #expect(Homography.fit(Array(line.prefix(3))) == nil)
  }
}

@Suite struct TrackPathTests {
  @Test func aLongPathIsKeptCoarselyAndWhole() throws {
    var path = TrackPath()
    for step in 0..<5000 {
      path.add(
        BoundingBox(centerX: Double(step), centerY: 50, width: 40, height: 100),
        at: Timestamp(seconds: Double(step) / 10))
    }
    #expect(path.samples.count <= TrackPath.limit)
    #expect(path.samples.count > TrackPath.limit / 3)
    let middle = try #require(path.position(at: Timestamp(seconds: 250)))
    #expect(abs(middle.x - 2500) < 5 && middle.y == 100)
    #expect(path.position(at: Timestamp(seconds: 501)) == nil)
    let parts = path.divided(at: Timestamp(seconds: 250))
    #expect(parts.earlier.samples.count + parts.later.samples.count == path.samples.count)
  }

  @Test func nothingIsGuessedInAGap() {
    var path = TrackPath()
    let box = BoundingBox(x: 0, y: 0, width: 10, height: 30)
    path.add(box, at: Timestamp(seconds: 0))
    path.add(box, at: Timestamp(seconds: 10))
    #expect(path.position(at: Timestamp(seconds: 5)) == nil)
    #expect(path.position(at: Timestamp(seconds: 10)) != nil)
  }
}
