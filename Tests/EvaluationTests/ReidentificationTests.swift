import Foundation
import Testing
import ThroughlineCore

@testable import Evaluation

@Suite struct ReidentificationTests {
  func label(_ person: Int, _ camera: Int) -> CropLabel { CropLabel(person: person, camera: camera) }

  @Test func followsTheProtocolOfMarket1501() throws {
    // Query: person 1 in camera 1. In order: same camera (removed), junk (removed), wrong, right, distractor, right.
    let gallery = [label(1, 1), label(-1, 2), label(2, 2), label(1, 2), label(0, 3), label(1, 3)]
    let metrics = try ReidentificationMetrics(
      distances: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], queries: [label(1, 1)], gallery: gallery)
    #expect(metrics.queries == 1)
    #expect(metrics.rank1 == 0)
    #expect(metrics.rank5 == 1)
    // Right ones at places 2 and 4 of those left: (1/2 + 2/4) / 2.
    #expect(abs(metrics.meanAveragePrecision - 0.5) < 1e-12)
  }

  @Test func queriesWithoutAnAnswerAreLeftOut() throws {
    let metrics = try ReidentificationMetrics(
      distances: [0.1, 0.2, 0.3, 0.1], queries: [label(1, 1), label(9, 1)],
      gallery: [label(1, 2), label(2, 2)])
    #expect(metrics.queries == 1)
    #expect(metrics.rank1 == 1)
    #expect(metrics.meanAveragePrecision == 1)
  }

  @Test func badInputIsAnError() throws {
    let short = try Embedding(normalizing: [1, 0])
    let long = try Embedding(normalizing: [1, 0, 0])
    #expect(throws: ReidentificationError.dimension(expected: 2, found: 3)) {
      try ReidentificationMetrics(
        queries: [short], queryLabels: [label(1, 1)], gallery: [long], galleryLabels: [label(1, 2)])
    }
    #expect(throws: ReidentificationError.labelCount(embeddings: 1, labels: 0)) {
      try ReidentificationMetrics(queries: [short], queryLabels: [], gallery: [], galleryLabels: [])
    }
    #expect(throws: ReidentificationError.distanceCount(expected: 1, found: 2)) {
      try ReidentificationMetrics(distances: [0, 0], queries: [label(1, 1)], gallery: [label(1, 2)])
    }
    let metrics = try ReidentificationMetrics(
      distances: [.nan, 0.5], queries: [label(1, 1)], gallery: [label(1, 2), label(2, 2)])
    #expect(metrics.rank1 == 0)
  }

  /// Points of `tools/evaluation/reranking.py`, which states the paper's formulas in NumPy.
  static func points(_ count: Int, _ seed: UInt64) throws -> [Embedding] {
    var state = seed
    return try (0..<count).map { _ in
      let values = (0..<8).map { _ -> Float in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Double(state >> 40) / Double(1 << 24) - 0.5)
      }
      return try Embedding(normalizing: values)
    }
  }

  @Test func rerankingAgreesWithNumPy() throws {
    let reranking = KReciprocalReranking(neighbours: 6, averaged: 3, originalShare: 0.3)
    let distances = try reranking.distances(queries: Self.points(4, 11), gallery: Self.points(12, 12))
    #expect(distances.count == goldenReranking.count)
    for (value, expected) in zip(distances, goldenReranking) { #expect(abs(value - expected) < 1e-4) }
  }

  @Test func rerankingOfManyAgreesWithNumPyAndTellsHowFarItIs() throws {
    var shares: [Double] = []
    let distances = try KReciprocalReranking().distances(
      queries: Self.points(10, 21), gallery: Self.points(110, 22)
    ) { shares.append($0) }
    for (row, expected) in goldenRerankingSums.enumerated() {
      let sum = distances[row * 110..<(row + 1) * 110].reduce(0, +)
      #expect(abs(sum - expected) < 1e-3, "query \(row)")
    }
    #expect(shares == shares.sorted() && shares.first == 0 && shares.last == 1)
  }

  @Test func rerankingRefusesEmbeddingsOfTwoNetworks() throws {
    let other = try Embedding(normalizing: [1, 2, 3])
    #expect(throws: ReidentificationError.dimension(expected: 8, found: 3)) {
      try KReciprocalReranking().distances(queries: Self.points(1, 1), gallery: [other])
    }
  }

  @Test func rerankingOfNothingIsNothing() throws {
    #expect(try KReciprocalReranking().distances(queries: [], gallery: Self.points(3, 1)).isEmpty)
    #expect(
      try KReciprocalReranking().distances(queries: Self.points(1, 1), gallery: Self.points(1, 2)).count == 1)
  }
}
