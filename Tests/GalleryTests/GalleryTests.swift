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
    for width in [64, 256, 32_832] {
      for count in [0, 1, 7] {
        let query = (0..<width).map { _ in Int8.random(in: -127...127, using: &random) }
        let rows = (0..<width * count).map { _ in Int8.random(in: -128...127, using: &random) }
        var results = [Int32](repeating: 1, count: count)
        query.withUnsafeBufferPointer { query in
          rows.withUnsafeBufferPointer { rows in
            results.withUnsafeMutableBufferPointer {
              VectorScanner().scan(query: query, rows: rows, results: $0)
            }
          }
        }
        for row in 0..<count {
          let exact = (0..<width).reduce(Int32(0)) { $0 + Int32(query[$1]) * Int32(rows[row * width + $1]) }
          #expect(results[row] == exact)
        }
      }
    }
  }

  @Test func swiftScannerComputesDotProductsOfHalves() throws {
    var random = SplitMix64(seed: 6)
    for width in [128, 256, 1152, 33_024] {
      for count in [0, 1, 7] {
        let query = (0..<width).map { _ in Int8.random(in: -127...127, using: &random) }
        let rows = (0..<width / 2 * count).map { _ in UInt8.random(in: 0...255, using: &random) }
        var results = [Int32](repeating: 1, count: count)
        query.withUnsafeBufferPointer { query in
          rows.withUnsafeBufferPointer { rows in
            results.withUnsafeMutableBufferPointer {
              VectorScanner().scanHalves(query: query, rows: rows, results: $0)
            }
          }
        }
        for row in 0..<count {
          let exact = (0..<width).reduce(Int32(0)) { sum, element in
            let pair = rows[row * width / 2 + element / 128 * 64 + element % 64]
            return sum + Int32(query[element]) * Int32(element % 128 < 64 ? pair & 15 : pair >> 4)
          }
          #expect(results[row] == exact)
        }
      }
    }
  }

  @Test func sumsAtTheEdgeOfWhatFloatsHoldAreExact() {
    let width = 32_768
    let extreme = [Int8](repeating: -128, count: width)
    var result: [Int32] = [0]
    extreme.withUnsafeBufferPointer { extreme in
      result.withUnsafeMutableBufferPointer {
        VectorScanner().scan(query: extreme, rows: extreme, results: $0)
      }
    }
    #expect(result[0] == Int32(width) * 16_384)
  }
}

@Suite struct VectorIndexTests {
  /// Vectors in clusters, as embeddings are: the hard case for anything that is not exact.
  private func vectors(_ count: Int, dimension: Int, random: inout SplitMix64) throws -> [Embedding] {
    let centres = try (0..<20).map { _ in try randomVector(&random, dimension: dimension) }
    return try (0..<count).map { index in
      let noise = try randomVector(&random, dimension: dimension)
      return try Embedding(
        normalizing: zip(centres[index % 20].values, noise.values).map { $0 + 0.3 * $1 })
    }
  }

  @Test(arguments: [3, 64, 100, 256]) func theNearestAreThoseOfAnExhaustiveSearch(dimension: Int) throws {
    let seed: UInt64 = 21
    var random = SplitMix64(seed: seed)
    let all = try vectors(600, dimension: dimension, random: &random)
    var index = VectorIndex<IdentityID>()
    for (number, vector) in all.enumerated() { index.set(IdentityID(UInt64(number)), to: vector) }
    for query in try vectors(20, dimension: dimension, random: &random) {
      let exact = all.map { query.similarity(to: $0) }.sorted(by: >)
      let found = index.nearest(to: query, limit: 10, scanner: VectorScanner())
      #expect(found.count == 10)
      for (place, entry) in found.enumerated() {
        // What is found is as near as what is truly there, and its similarity is right.
        let truth = query.similarity(to: all[Int(entry.key.rawValue)])
        #expect(abs(entry.similarity - truth) < 1e-4, "seed \(seed)")
        #expect(abs(entry.similarity - exact[place]) < 1e-4, "seed \(seed), place \(place)")
      }
    }
  }

  @Test func aLikelySearchFindsWhatACertainOneFinds() throws {
    let seed: UInt64 = 22
    var random = SplitMix64(seed: seed)
    // People who hardly resemble each other, and clusters; both larger than a block of rows.
    let strangers = try (0..<3000).map { _ in try randomVector(&random, dimension: 256) }
    for all in [strangers, try vectors(3000, dimension: 256, random: &random)] {
      var index = VectorIndex<IdentityID>()
      for (number, vector) in all.enumerated() { index.set(IdentityID(UInt64(number)), to: vector) }
      let queries = try (0..<10).map { _ in
        let noise = try randomVector(&random, dimension: 256)
        return try Embedding(
          normalizing: zip(all[Int.random(in: 0..<3000, using: &random)].values, noise.values).map(+))
      }
      let certain = index.nearest(to: queries, limit: 32, scanner: VectorScanner())
      let likely = index.nearest(to: queries, limit: 32, certainty: .likely, scanner: VectorScanner())
      for (query, (certain, likely)) in zip(queries, zip(certain, likely)) {
        #expect(
          certain.map(\.key) == index.nearest(to: query, limit: 32, scanner: VectorScanner()).map(\.key))
        #expect(likely.count == 32)
        #expect(likely.first?.key == certain.first?.key, "seed \(seed)")
        for (one, other) in zip(certain, likely) {
          #expect(abs(one.similarity - other.similarity) < 0.01, "seed \(seed)")
        }
      }
    }
  }

  @Test func vectorsOfFewLargeAndManySmallElementsAreFound() throws {
    // Upper halves of the small elements are zero, so that only the lower ones tell these vectors apart.
    let seed: UInt64 = 23
    var random = SplitMix64(seed: seed)
    let all = try (0..<1500).map { _ in
      try Embedding(
        normalizing: (0..<128).map { $0 < 2 ? 1 : Float.random(in: 0...0.05, using: &random) })
    }
    var index = VectorIndex<IdentityID>()
    for (number, vector) in all.enumerated() { index.set(IdentityID(UInt64(number)), to: vector) }
    for (number, vector) in all.enumerated().prefix(30) {
      let found = index.nearest(to: vector, limit: 3, scanner: VectorScanner())
      #expect(found.first?.key == IdentityID(UInt64(number)), "seed \(seed)")
      let exact = all.map { vector.similarity(to: $0) }.sorted(by: >)
      for (place, entry) in found.enumerated() { #expect(abs(entry.similarity - exact[place]) < 1e-4) }
    }
  }

  @Test func rowsMoveAndGoWithTheirKeys() throws {
    var random = SplitMix64(seed: 4)
    var index = VectorIndex<IdentityID>()
    var known: [IdentityID: Embedding] = [:]
    for step in 0..<10_000 {
      let key = IdentityID(UInt64.random(in: 0..<4500, using: &random))
      let vector = step < 5000 || step % 3 == 0 ? try randomVector(&random, dimension: 3) : nil
      index.set(key, to: vector)
      known[key] = vector
    }
    #expect(index.count == known.count)
    #expect(index.byteCount == known.count * (2 * 128 + 4))
    for (key, vector) in known.sorted(by: { $0.key < $1.key }).prefix(50) {
      let found = index.nearest(to: vector, limit: 1, scanner: VectorScanner())
      #expect(abs((found.first?.similarity ?? 0) - 1) < 1e-3, "\(key)")
    }
    for key in known.keys { index.set(key, to: nil) }
    let query = try randomVector(&random, dimension: 3)
    #expect(index.count == 0)
    #expect(index.nearest(to: query, limit: 1, scanner: VectorScanner()).isEmpty)
    index.set(IdentityID(1), to: try randomVector(&random, dimension: 200))
    #expect(index.width == 256, "an empty index takes another dimension")
    index.set(IdentityID(2), to: try randomVector(&random, dimension: 3))
    #expect(index.count == 1, "a vector of another length is left out")
  }
}
