import Foundation
import Gallery
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Store

typealias TemporaryFolder = ThroughlineTestKit.TemporaryFolder

extension TemporaryFolder {
  var gallery: String { path + "/gallery.db" }

  /// The bytes of every file in the folder, by name.
  func files() throws -> [String: Data] {
    var found: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      found[name] = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
    }
    return found
  }

  /// The names of the files that hold these bytes.
  func names(containing marker: Data) throws -> [String] {
    try files().filter { $0.value.range(of: marker) != nil }.keys.sorted()
  }
}

/// A stream of valid changes to a gallery: what a busy day does, in any order.
struct ChangeGenerator {
  private(set) var contents: GalleryContents
  private var random: SplitMix64
  private var clock: Int64 = 1_700_000_000_123_456_789
  let dimension: Int

  init(seed: UInt64, dimension: Int = 24, contents: GalleryContents = GalleryContents()) {
    random = SplitMix64(seed: seed)
    self.dimension = dimension
    self.contents = contents
  }

  static let network = EmbeddingNetwork(name: "network", version: "1", dimension: 24)

  mutating func next(_ count: Int) throws -> [GalleryChange] {
    var changes: [GalleryChange] = []
    if contents.network == nil {
      let network = EmbeddingNetwork(name: "network", version: "1", dimension: dimension)
      changes.append(.networkSet(network))
      try contents.apply(.networkSet(network))
    }
    while changes.count < count {
      guard let change = try candidate() else { continue }
      try contents.apply(change)
      changes.append(change)
    }
    return changes
  }

  mutating func time() -> Timestamp {
    clock += Int64.random(in: 1...2_000_000_000, using: &random)
    return Timestamp(nanoseconds: clock)
  }

  mutating func embedding() throws -> Embedding {
    try Embedding(normalizing: (0..<dimension).map { _ in Float(random.nextGaussian()) })
  }

  private func camera(_ number: Int) throws -> CameraName { try #require(CameraName("camera-\(number)")) }

  private mutating func someone() -> GalleryIdentity? {
    contents.identities.values.sorted { $0.id < $1.id }.randomElement(using: &random)
  }

  private mutating func candidate() throws -> GalleryChange? {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<12:
      let time = time()
      return .identityCreated(Identity(id: contents.nextIdentity, firstSeen: time, lastSeen: time))
    case 12..<20:
      guard var identity = someone()?.identity else { return nil }
      identity.lastSeen = time()
      return .identityUpdated(identity)
    case 20..<24: return someone().map { .named($0.id, name: $0.id.rawValue % 3 == 0 ? nil : "Zoë \($0.id)") }
    case 24..<44:
      guard let id = someone()?.id else { return nil }
      let prototype = Prototype(
        embedding: try embedding(), camera: try camera(Int.random(in: 1...4, using: &random)), time: time(),
        quality: Double.random(in: 0...1, using: &random))
      let track = Bool.random(using: &random) ? TrackID(camera: prototype.camera, number: 9) : nil
      return .prototypeAdded(
        GalleryPrototype(id: contents.nextPrototype, prototype: prototype, track: track), to: id)
    case 44..<48:
      guard let record = someone(), let prototype = record.prototypes.randomElement(using: &random) else {
        return nil
      }
      return .prototypeRemoved(prototype.id, from: record.id)
    case 48..<62:
      guard let id = someone()?.id else { return nil }
      let track = TrackID(camera: try camera(2), number: UInt64.random(in: 1...900, using: &random))
      let begin = time()
      return .sightingOpened(
        GallerySighting(
          id: contents.nextSighting, sighting: Sighting(identity: id, track: track, begin: begin, end: begin),
          isOpen: true, confidence: 0.75, explanation: "two looks, 0.81 and 0.79"))
    case 62..<74:
      guard let record = someone(), let sighting = record.sightings.randomElement(using: &random) else {
        return nil
      }
      switch Int.random(in: 0..<4, using: &random) {
      case 0: return .sightingClosed(sighting.id, identity: record.id, end: time())
      case 1: return .sightingRemoved(sighting.id, identity: record.id)
      case 2:
        guard let other = someone()?.id else { return nil }
        return .sightingReassigned(
          sighting.id, from: record.id, to: other, confidence: 0.5, explanation: "a later look")
      default: return .sightingExtended(sighting.id, identity: record.id, end: time())
      }
    case 74..<80: return try merge()
    case 80..<84: return split()
    case 84..<87:
      // Undoing the latest is always in order.
      return contents.corrections.last.map { .undone($0) }
    case 87..<91:
      guard let one = someone()?.id, let other = someone()?.id, let pair = IdentityPair(one, other) else {
        return nil
      }
      if contents.vetoes.contains(pair) { return .vetoRemoved(pair) }
      guard Bool.random(using: &random) else { return .vetoAdded(pair) }
      return .vetoed(
        VetoRecord(
          id: contents.nextCorrection, time: time(), source: .person, pair: pair, explanation: "they differ"))
    case 91..<95:
      guard let id = someone()?.id else { return nil }
      return .forgotten(id, reason: Bool.random(using: &random) ? .requested : .expired)
    case 95..<98:
      let name = "part-\(Int.random(in: 1...3, using: &random))"
      return .learnedStateSet(
        name: name,
        value: Bool.random(using: &random) ? Data([1, 2, UInt8.random(in: 0...9, using: &random)]) : nil)
    default:
      return .trackNumberReserved(try camera(3), number: UInt64.random(in: 1...1_000_000, using: &random))
    }
  }

  private mutating func merge() throws -> GalleryChange? {
    guard let survivor = someone(), let absorbed = someone(), survivor.id != absorbed.id else { return nil }
    var merged = survivor.identity
    merged.lastSeen = max(merged.lastSeen, absorbed.identity.lastSeen)
    let vetoes = contents.vetoes.filter { $0.contains(absorbed.id) }.sorted()
    let inherited = vetoes.compactMap { veto in
      veto.other(than: absorbed.id).flatMap { IdentityPair(survivor.id, $0) }
    }.filter { !contents.vetoes.contains($0) }
    return .merged(
      MergeRecord(
        id: contents.nextCorrection, time: time(), source: .association, absorbed: absorbed.identity,
        survivor: survivor.identity, merged: merged, prototypes: absorbed.prototypes.map(\.id),
        sightings: absorbed.sightings.map(\.id), absorbedVetoes: vetoes, inheritedVetoes: inherited,
        confidence: 0.9, explanation: "alike in camera-1 and camera-2"))
  }

  private mutating func split() -> GalleryChange? {
    guard let original = someone(), original.prototypes.count > 1 else { return nil }
    let time = time()
    let created = Identity(id: contents.nextIdentity, firstSeen: time, lastSeen: time)
    return .split(
      SplitRecord(
        id: contents.nextCorrection, time: time, source: .person, original: original.identity,
        remaining: original.identity, created: created, prototypes: [original.prototypes[0].id],
        sightings: original.sightings.prefix(1).map(\.id), confidence: 1, explanation: "two people"))
  }
}

/// Compares two galleries; embeddings may differ by the rounding of two rotations.
func expectEqual(
  _ found: GalleryContents, _ expected: GalleryContents, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.network == expected.network, sourceLocation: sourceLocation)
  #expect(found.vetoes == expected.vetoes, sourceLocation: sourceLocation)
  #expect(found.aliases == expected.aliases, sourceLocation: sourceLocation)
  #expect(found.corrections == expected.corrections, sourceLocation: sourceLocation)
  #expect(found.learnedState == expected.learnedState, sourceLocation: sourceLocation)
  #expect(found.lastTrackNumbers == expected.lastTrackNumbers, sourceLocation: sourceLocation)
  #expect(found.nextIdentity == expected.nextIdentity, sourceLocation: sourceLocation)
  #expect(found.nextPrototype == expected.nextPrototype, sourceLocation: sourceLocation)
  #expect(found.nextSighting == expected.nextSighting, sourceLocation: sourceLocation)
  #expect(found.nextCorrection == expected.nextCorrection, sourceLocation: sourceLocation)
  #expect(found.identities.keys.sorted() == expected.identities.keys.sorted(), sourceLocation: sourceLocation)
  for (id, record) in expected.identities {
    guard let other = found.identities[id] else { continue }
    #expect(other.identity == record.identity, sourceLocation: sourceLocation)
    #expect(other.sightings == record.sightings, sourceLocation: sourceLocation)
    #expect(other.prototypes.map(\.id) == record.prototypes.map(\.id), sourceLocation: sourceLocation)
    for (left, right) in zip(other.prototypes, record.prototypes) {
      let similarity = left.prototype.embedding.similarity(to: right.prototype.embedding)
      var plain = left
      plain.prototype.embedding = right.prototype.embedding
      #expect(plain == right, sourceLocation: sourceLocation)
      #expect(similarity > 0.999_99, sourceLocation: sourceLocation)
    }
  }
}

extension StoreOptions {
  /// Writes only when told to.
  static var manual: StoreOptions { StoreOptions(writeInterval: 3600) }
}

/// A store's error, or an issue where there is none.
func storeError(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) throws -> StoreError {
  let error = #expect(throws: StoreError.self, sourceLocation: sourceLocation) { try body() }
  return try #require(error, sourceLocation: sourceLocation)
}
