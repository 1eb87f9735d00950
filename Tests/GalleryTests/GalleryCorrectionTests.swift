import Foundation
import Testing
import ThroughlineCore

@testable import Gallery

@Suite struct GalleryCorrectionTests {
  private func twoPeople() throws -> (Gallery, IdentityID, IdentityID) {
    var gallery = try Gallery.test()
    let first = gallery.createIdentity(at: at(0))
    let second = gallery.createIdentity(at: at(10))
    _ = try gallery.add([1], to: first, track: 1)
    _ = try gallery.add([1, 0.5], to: second, camera: south, track: 2)
    _ = try gallery.see(first, north, track: 1, from: 0, to: 5)
    _ = try gallery.see(second, south, track: 2, from: 10, to: 15)
    return (gallery, first, second)
  }

  @Test func mergeMovesEverythingAndUndoBringsItBack() throws {
    var (gallery, first, second) = try twoPeople()
    try gallery.name(second, as: "Ada")
    let third = gallery.createIdentity(at: at(20))
    try gallery.declareNotSame(second, third)
    let before = gallery.contents
    let record = try gallery.merge(second, into: first, at: at(30), source: .person, explanation: "test")
    #expect(gallery[second]?.id == first)
    #expect(gallery[first]?.identity.name == "Ada")
    #expect(gallery[first]?.identity.lastSeen == at(15))
    #expect(gallery[first]?.prototypes.count == 2 && gallery[first]?.sightings.count == 2)
    #expect(gallery[first]?.sightings.allSatisfy { $0.sighting.identity == first } == true)
    #expect(gallery.isVetoed(first, third), "vetoes are inherited")
    #expect(try gallery.search(try vector([1, 0.5]), limit: 1).first?.identity == first)
    let undone = try gallery.undo(record.id)
    #expect(undone == .merge(record))
    #expect(gallery.contents.identities == before.identities)
    #expect(gallery.contents.vetoes == before.vetoes)
    #expect(gallery.contents.aliases.isEmpty && gallery.contents.corrections.isEmpty)
    #expect(try gallery.search(try vector([1, 0.5]), limit: 1).first?.identity == second)
    #expect(throws: GalleryError.nothingToUndo) { try gallery.undo(record.id) }
  }

  @Test func splitMovesTheChosenRecordsAndUndoBringsThemBack() throws {
    var (gallery, first, second) = try twoPeople()
    try gallery.merge(second, into: first, at: at(30), source: .association, explanation: "wrong")
    let before = try #require(gallery[first])
    let split = try gallery.split(
      first, prototypes: [before.prototypes[1].id], sightings: [before.sightings[1].id], at: at(31),
      source: .person, explanation: "test")
    #expect(split.created.id == IdentityID(3), "a new number, never the old one")
    #expect(gallery[split.created.id]?.sightings.map(\.sighting.track.number) == [2])
    #expect(gallery[first]?.identity.lastSeen == at(5))
    #expect(throws: GalleryError.undoOutOfOrder(CorrectionID(1))) { try gallery.undo(CorrectionID(1)) }
    try gallery.undo()
    #expect(gallery[first]?.prototypes == before.prototypes)
    #expect(gallery[first]?.sightings == before.sightings)
    #expect(gallery.resolve(split.created.id) == first, "the number that was given out still means somebody")
  }

  @Test func impossibleCorrectionsAreRefusedAndChangeNothing() throws {
    var (gallery, first, second) = try twoPeople()
    let third = gallery.createIdentity(at: at(2))
    _ = try gallery.see(third, north, track: 3, from: 5, to: 8)
    try gallery.declareNotSame(second, third)
    let before = gallery.contents
    func refused(_ expected: GalleryError, _ body: (inout Gallery) throws -> Void) {
      #expect(throws: expected) { try body(&gallery) }
      #expect(gallery.contents == before)
      #expect(!expected.description.contains("\n"))
    }
    let pair = try #require(IdentityPair(first, third))
    refused(.seenTogether(pair, camera: north, time: at(5))) {
      try $0.merge(third, into: first, at: at(9), source: .person, explanation: "")
    }
    refused(.vetoed(try #require(IdentityPair(second, third)))) {
      try $0.merge(third, into: second, at: at(9), source: .person, explanation: "")
    }
    refused(.sameIdentity(first)) {
      try $0.merge(first, into: first, at: at(9), source: .person, explanation: "")
    }
    refused(.unknownIdentity(IdentityID(99))) {
      try $0.merge(IdentityID(99), into: first, at: at(9), source: .person, explanation: "")
    }
    refused(.emptySplit(first)) {
      try $0.split(first, prototypes: [], sightings: [], at: at(9), source: .person, explanation: "")
    }
    refused(.unknownSighting(SightingID(77))) {
      try $0.split(
        first, prototypes: [], sightings: [SightingID(77)], at: at(9), source: .person, explanation: "")
    }
    for name in ["", "  ", "a\u{1B}[31mb", "a\nb", String(repeating: "a", count: 201)] {
      refused(.invalidName(name)) { try $0.name(first, as: name) }
      #expect(!"\(GalleryError.invalidName(name))".contains("\u{1B}"))
    }
    refused(.nothingToUndo) { try $0.undo() }
  }

  @Test func forgettingLeavesNoTrace() throws {
    var (gallery, first, second) = try twoPeople()
    let third = gallery.createIdentity(at: at(40))
    try gallery.declareNotSame(first, third)
    try gallery.merge(second, into: first, at: at(41), source: .person, explanation: "test")
    try gallery.forget(second)  // by the number that was merged away
    #expect(gallery.resolve(first) == nil && gallery.resolve(second) == nil)
    #expect(gallery.contents.aliases.isEmpty && gallery.contents.vetoes.isEmpty)
    #expect(gallery.contents.corrections.isEmpty)
    #expect(try gallery.search(try vector([1])).isEmpty)
    #expect(gallery.contents.identities.keys.sorted() == [third])
  }

  /// The journal is the truth: applied to the contents from before, it gives the contents from after.
  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func journalReplaysRandomHistories(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var gallery = try Gallery.test(
      limits: GalleryLimits(
        maximumIdentities: 12, maximumPrototypesPerIdentity: 4, maximumSightingsPerIdentity: 3,
        outlierSimilarity: -1))
    var replica = GalleryContents()
    var track: UInt64 = 0
    for step in 0..<400 {
      let ids = gallery.contents.identities.keys.sorted()
      let one = ids.randomElement(using: &random) ?? IdentityID(1)
      let other = ids.randomElement(using: &random) ?? IdentityID(1)
      let now = Double(step * 10)
      switch Int.random(in: 0..<10, using: &random) {
      case 0, 1: _ = gallery.createIdentity(at: at(now))
      case 2, 3:
        _ = try? gallery.addPrototype(
          Prototype(embedding: try randomVector(&random), camera: north, time: at(now), quality: 0.5),
          track: nil,
          to: one)
      case 4, 5:
        track += 1
        if let sighting = try? gallery.see(one, north, track: track, from: now, to: now + 5) {
          try gallery.extendSighting(sighting, of: one, to: at(now + 6), closing: true)
        }
      case 6: _ = try? gallery.merge(one, into: other, at: at(now), source: .person, explanation: "random")
      case 7:
        let sightings = Set((gallery[one]?.sightings ?? []).prefix(1).map(\.id))
        _ = try? gallery.split(
          one, prototypes: [], sightings: sightings, at: at(now), source: .person, explanation: "random")
      case 8: _ = try? gallery.undo()
      default:
        _ = try? gallery.declareNotSame(one, other)
        if step % 5 == 0 { _ = try? gallery.forget(one) }
      }
      for change in gallery.drainChanges() { try replica.apply(change) }
      #expect(replica == gallery.contents, "seed \(seed), step \(step)")
      let restored = GalleryContents(
        network: replica.network, identities: Array(replica.identities.values), vetoes: Array(replica.vetoes),
        aliases: replica.aliases, corrections: replica.corrections, learnedState: replica.learnedState,
        lastTrackNumbers: replica.lastTrackNumbers, nextIdentity: replica.nextIdentity,
        nextPrototype: replica.nextPrototype, nextSighting: replica.nextSighting,
        nextCorrection: replica.nextCorrection)
      #expect(restored == replica, "seed \(seed), step \(step)")
      for record in gallery.contents.identities.values {
        #expect(record.prototypes.count <= 4 && record.sightings.count <= 3, "seed \(seed), step \(step)")
      }
    }
  }

  @Test func changesThatDoNotFitAreRefused() throws {
    var contents = GalleryContents()
    let unknown = IdentityID(7)
    let changes: [GalleryChange] = [
      .named(unknown, name: "x"), .prototypeRemoved(PrototypeID(1), from: unknown),
      .sightingExtended(SightingID(1), identity: unknown, end: at(0)),
      .forgotten(unknown, reason: .requested),
      .identityUpdated(Identity(id: unknown, firstSeen: at(0), lastSeen: at(0))),
    ]
    for change in changes {
      #expect(throws: GalleryError.unknownIdentity(unknown)) { try contents.apply(change) }
    }
    try contents.apply(.identityCreated(Identity(id: IdentityID(.max), firstSeen: at(0), lastSeen: at(0))))
    #expect(contents.nextIdentity == IdentityID(.max), "the largest number does not overflow")
    try contents.apply(.trackNumberReserved(north, number: 5))
    try contents.apply(.trackNumberReserved(north, number: 3))
    #expect(contents.lastTrackNumbers[north] == 5)
  }

  @Test func aliasesInACircleEndNowhere() {
    let contents = GalleryContents(
      network: nil, identities: [], aliases: [IdentityID(1): IdentityID(2), IdentityID(2): IdentityID(1)])
    #expect(contents.aliases.isEmpty)
    #expect(contents.resolve(IdentityID(1)) == nil)
  }
}
