import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Association

@Suite struct AssociatorCorrectionTests {
  private func twoPeople() throws -> (Stage, IdentityID, IdentityID) {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0)])
    try stage.play("b", from: 20, to: 24, [(1, 1, 0)])
    return (stage, try #require(stage.identity("a", 1)), try #require(stage.identity("b", 1)))
  }

  @Test func whatAPersonMergesStaysMergedUntilUndone() throws {
    var (stage, first, second) = try twoPeople()
    #expect(first != second)
    try stage.associator.merge(second, into: first, at: at(25))
    #expect(stage.identity("b", 1) == first)
    let correction = try stage.associator.undo()
    #expect(correction.source == .person)
    #expect(stage.identity("b", 1) == second && stage.identity("a", 1) == first)
    #expect(stage.associator.gallery.isVetoed(first, second))
    try stage.play("b", from: 25, to: 40, [(1, 1, 0)])
    #expect(stage.identity("b", 1) == second)
  }

  @Test func aVetoKeepsLookalikesApart() throws {
    var stage = try Stage(people: 1)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 0, 5)])
    let first = try #require(stage.identity("a", 1))
    let second = try #require(stage.identity("a", 2))
    try stage.associator.declareNotSame(first, second)
    #expect(throws: GalleryError.vetoed(try #require(IdentityPair(first, second)))) {
      try stage.associator.merge(first, into: second, at: at(5))
    }
  }

  @Test func mergingWhoWasSeenAtOnceIsRefused() throws {
    var stage = try Stage(people: 2)
    try stage.play("a", from: 0, to: 4, [(1, 0, 0), (2, 1, 5)])
    let first = try #require(stage.identity("a", 1))
    let second = try #require(stage.identity("a", 2))
    let error = #expect(throws: GalleryError.self) {
      try stage.associator.merge(first, into: second, at: at(5))
    }
    guard case .seenTogether = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func aSplitByAPersonLasts() throws {
    var (stage, first, second) = try twoPeople()
    try stage.associator.merge(second, into: first, at: at(25))
    let sightings = try #require(stage.associator.gallery[first]?.sightings)
    let wrong = try #require(sightings.first { $0.sighting.camera == camera("b") })
    let split = try stage.associator.split(first, sightings: [wrong.id], at: at(26))
    #expect(stage.identity("b", 1) == split.created.id)
    #expect(stage.associator.gallery[split.created.id]?.prototypes.isEmpty == false)
    #expect(stage.associator.gallery.isVetoed(first, split.created.id))
  }

  @Test func forgettingRemovesTheLiveTrackToo() throws {
    var (stage, first, second) = try twoPeople()
    try stage.associator.forget(second)
    #expect(stage.identity("b", 1) == nil)
    #expect(stage.associator.gallery[second] == nil)
    #expect(throws: GalleryError.unknownIdentity(second)) { try stage.associator.forget(second) }
    try stage.play("b", from: 25, to: 30, [(1, 1, 0)])
    let next = try #require(stage.identity("b", 1))
    #expect(next != second && next != first, "a number is never given out again")
  }

  @Test func sweepKeepsWhoIsInSight() throws {
    var (stage, first, second) = try twoPeople()
    _ = try stage.frame("a", 24, [], ended: [1])
    var policy = RetentionPolicy()
    policy[.embedding] = 0
    policy[.sighting] = 0
    stage.associator.sweep(now: at(100), policy: policy)
    #expect(stage.associator.gallery[first] == nil)
    #expect(stage.associator.gallery[second] != nil)
    #expect(stage.identity("a", 1) == nil)
  }
}
