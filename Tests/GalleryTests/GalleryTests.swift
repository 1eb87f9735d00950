import Foundation
import Testing
import ThroughlineCore

@testable import Gallery

let testNetwork = EmbeddingNetwork(name: "test", version: "1", dimension: 8)
let north = CameraName(sanitizing: "north")
let south = CameraName(sanitizing: "south")

func at(_ seconds: Double) -> Timestamp { Timestamp(seconds: 1_000 + seconds) }

func vector(_ values: [Float]) throws -> Embedding {
  try Embedding(normalizing: values + [Float](repeating: 0, count: 8 - values.count))
}

func randomVector(_ random: inout SplitMix64, dimension: Int = 8) throws -> Embedding {
  try Embedding(normalizing: (0..<dimension).map { _ in Float(random.nextGaussian()) })
}

extension Gallery {
  static func test(limits: GalleryLimits = GalleryLimits()) throws -> Gallery {
    var gallery = Gallery(limits: limits)
    try gallery.setNetwork(testNetwork)
    return gallery
  }

  mutating func add(
    _ values: [Float], to id: IdentityID, camera: CameraName = north, time: Double = 0, quality: Double = 0.5,
    track: UInt64? = 1, trusted: Bool = false
  ) throws -> PrototypeOutcome {
    try addPrototype(
      Prototype(embedding: try vector(values), camera: camera, time: at(time), quality: quality),
      track: track.map { TrackID(camera: camera, number: $0) }, to: id, trusted: trusted)
  }

  mutating func see(_ id: IdentityID, _ camera: CameraName, track: UInt64, from: Double, to end: Double)
    throws
    -> SightingID
  {
    try openSighting(
      of: id, track: TrackID(camera: camera, number: track), begin: at(from), end: at(end), confidence: 1,
      explanation: "test")
  }
}

@Suite struct GalleryTests {
  @Test func numbersAreGivenOutOnce() throws {
    var gallery = try Gallery.test()
    let first = gallery.createIdentity(at: at(0))
    let second = gallery.createIdentity(at: at(1))
    #expect((first, second) == (IdentityID(1), IdentityID(2)))
    try gallery.forget(second)
    #expect(gallery.createIdentity(at: at(2)) == IdentityID(3))
    #expect(throws: GalleryError.unknownIdentity(second)) { try gallery.forget(second) }
  }

  @Test func otherLengthsAndNetworksAreRefused() throws {
    var gallery = try Gallery.test()
    let id = gallery.createIdentity(at: at(0))
    let short = try Embedding(normalizing: [1, 2, 3])
    #expect(throws: GalleryError.wrongNetwork(expected: testNetwork, found: "3 elements")) {
      try gallery.addPrototype(
        Prototype(embedding: short, camera: north, time: at(0), quality: 1), track: nil, to: id)
    }
    #expect(throws: GalleryError.wrongNetwork(expected: testNetwork, found: "3 elements")) {
      try gallery.search(short)
    }
    _ = try gallery.add([1], to: id)
    let other = EmbeddingNetwork(name: "other", version: "1", dimension: 8)
    #expect(throws: GalleryError.wrongNetwork(expected: testNetwork, found: other.description)) {
      try gallery.setNetwork(other)
    }
    #expect(throws: GalleryError.noNetwork) {
      var empty = Gallery()
      let id = empty.createIdentity(at: at(0))
      _ = try empty.add([1], to: id)
    }
  }

  @Test func prototypesStayBoundedAndDiverse() throws {
    var random = SplitMix64(seed: 3)
    var gallery = try Gallery.test(
      limits: GalleryLimits(maximumPrototypesPerIdentity: 5, outlierSimilarity: -1))
    let id = gallery.createIdentity(at: at(0))
    _ = try gallery.add([0, 0, 0, 0, 0, 0, 0, 1], to: id, camera: south)
    for step in 0..<200 {
      let prototype = Prototype(
        embedding: try randomVector(&random), camera: north, time: at(Double(step)),
        quality: Double.random(in: 0...1, using: &random))
      _ = try gallery.addPrototype(prototype, track: nil, to: id)
      let kept = try #require(gallery[id]?.prototypes)
      #expect(kept.count <= 5)
      // The lonely view from the other camera is never crowded out.
      #expect(kept.contains { $0.prototype.camera == south })
    }
  }

  @Test func likeViewsAreKeptOnceAndTheBetterOneStays() throws {
    var gallery = try Gallery.test()
    let id = gallery.createIdentity(at: at(0))
    #expect(try gallery.add([1, 0.01], to: id, quality: 0.5) == .added(PrototypeID(1)))
    #expect(try gallery.add([1, 0.02], to: id, quality: 0.4) == .redundant(with: PrototypeID(1)))
    #expect(try gallery.add([1, 0.03], to: id, quality: 0.9) == .added(PrototypeID(2)))
    #expect(try gallery.add([1, 0.02], to: id, camera: south, quality: 0.1) == .added(PrototypeID(3)))
    #expect(gallery[id]?.prototypes.map(\.id) == [PrototypeID(2), PrototypeID(3)])
  }

  @Test func outliersAreNotKept() throws {
    var gallery = try Gallery.test()
    let id = gallery.createIdentity(at: at(0))
    for values: [Float] in [[1, 0.6], [1, -0.6], [1, 0, 0.8]] { _ = try gallery.add(values, to: id) }
    #expect(try gallery.add([-1, 0, 0, 1], to: id) == .outlier)
    #expect(try gallery.add([-1, 0, 0, 1], to: id, trusted: true) == .added(PrototypeID(4)))
  }

  @Test func theIdentityNotSeenForLongestIsEvicted() throws {
    var gallery = try Gallery.test(limits: GalleryLimits(maximumIdentities: 3))
    let ids = (0..<3).map { gallery.createIdentity(at: at(Double($0))) }
    try gallery.name(ids[0], as: "Ada")
    try gallery.noteSeen(ids[1], at: at(50))
    let next = gallery.createIdentity(at: at(60))
    #expect(gallery.count == 3)
    #expect(gallery[ids[2]] == nil)
    #expect(gallery[ids[0]] != nil && gallery[ids[1]] != nil && gallery[next] != nil)
    _ = gallery.createIdentity(at: at(70), protected: [ids[1], next])
    #expect(gallery[ids[0]] == nil, "with all others in sight, the named one goes")
  }

  @Test func searchFindsTheRightPersonAmongMany() throws {
    let seed: UInt64 = 11
    var random = SplitMix64(seed: seed)
    var gallery = try Gallery.test()
    var owners: [(IdentityID, Embedding)] = []
    for step in 0..<300 {
      let id = gallery.createIdentity(at: at(Double(step)))
      let embedding = try randomVector(&random)
      _ = try gallery.addPrototype(
        Prototype(
          embedding: embedding, camera: step % 2 == 0 ? north : south, time: at(Double(step)), quality: 1),
        track: nil, to: id)
      owners.append((id, embedding))
    }
    for (id, embedding) in owners {
      let found = try gallery.search(embedding, limit: 3)
      #expect(found.first?.identity == id, "seed \(seed)")
      #expect(abs((found.first?.similarity ?? 0) - 1) < 1e-5)
      #expect(found.count == 3 && found[0].similarity >= found[1].similarity)
    }
    let filtered = try gallery.search(
      owners[0].1, limit: 400, filter: GallerySearchFilter(cameras: [south], from: at(100), to: at(200)))
    #expect(filtered.count == 50)
    #expect(try gallery.search([], limit: 5).isEmpty)
  }

  @Test func sweepEnforcesEveryRetentionTime() throws {
    var gallery = try Gallery.test()
    var policy = RetentionPolicy()
    policy[.embedding] = 100
    policy[.sighting] = 200
    let id = gallery.createIdentity(at: at(0))
    let named = gallery.createIdentity(at: at(0))
    try gallery.name(named, as: "Ada")
    _ = try gallery.add([0, 1], to: named, track: nil)
    _ = try gallery.add([1], to: id, time: 0)
    _ = try gallery.add([0, 0, 1], to: id, time: 90)
    let sighting = try gallery.see(id, north, track: 1, from: 0, to: 90)
    try gallery.extendSighting(sighting, of: id, to: at(90), closing: true)
    #expect(gallery.sweep(now: at(150), policy: policy) == (1, 0, 0))
    #expect(gallery.sweep(now: at(195), policy: policy) == (1, 0, 0))
    #expect(gallery[id]?.sightings.count == 1)
    #expect(gallery.sweep(now: at(400), policy: policy) == (0, 1, 1))
    #expect(gallery[id] == nil)
    #expect(gallery[named]?.prototypes.count == 1, "an enrolled photo stays")
    policy[.crop] = -.infinity
    #expect(policy[.crop] == 0)
  }

  @Test func swiftScannerComputesDotProducts() throws {
    var random = SplitMix64(seed: 5)
    for width in [16, 64, 256] {
      for count in [0, 1, 7, 33] {
        let query = (0..<width).map { _ in Float(random.nextGaussian()) / Float(width).squareRoot() }
        let rows = (0..<width * count).map { _ in Float(random.nextGaussian()) / Float(width).squareRoot() }
        let bits = rows.map { BFloat16.bits(of: $0) }
        var results = [Float](repeating: .nan, count: count)
        query.withUnsafeBufferPointer { query in
          bits.withUnsafeBufferPointer { bits in
            results.withUnsafeMutableBufferPointer {
              VectorScanner().scan(query: query, rows: bits, results: $0)
            }
          }
        }
        for row in 0..<count {
          let exact = (0..<width).reduce(Float(0)) { $0 + query[$1] * rows[row * width + $1] }
          #expect(abs(results[row] - exact) < 0.01)
        }
      }
    }
  }

  @Test func largestScoresMatchASort() {
    var random = SplitMix64(seed: 9)
    for count in [0, 1, 5, 100] {
      let scores = (0..<count).map { _ in Float.random(in: 0..<1, using: &random) }
      for limit in [1, 3, 10, 200] {
        let expected = scores.indices.sorted { scores[$0] > scores[$1] }.prefix(limit)
        #expect(IdentityIndex.largest(of: scores, limit: limit) == Array(expected))
      }
    }
  }
}
