import Testing
import ThroughlineCore

@testable import Association

@Suite struct ClusteringTests {
  private func matrix(_ count: Int, _ pairs: [(Int, Int, Float)], other: Float = 0) -> [Float] {
    var result = [Float](repeating: other, count: count * count)
    for (row, column, value) in pairs {
      result[row * count + column] = value
      result[column * count + row] = value
    }
    return result
  }

  private func clusters(_ evidence: [Float], _ count: Int, threshold: Float) -> [Int] {
    EvidenceClustering.clusters(
      evidence: evidence, weights: [Float](repeating: 1, count: count * count), count: count,
      threshold: threshold)
  }

  @Test func likeElementsEndTogether() {
    let similarity = matrix(5, [(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.7), (3, 4, 0.6)])
    let owners = clusters(similarity, 5, threshold: 0.5)
    #expect(owners == [0, 0, 0, 3, 3])
  }

  @Test func excludedPairsStayApartAlsoThroughOthers() {
    let similarity = matrix(3, [(0, 1, 0.9), (1, 2, 0.95), (0, 2, -.infinity)])
    let owners = clusters(similarity, 3, threshold: 0.1)
    #expect(owners == [0, 1, 1])
  }

  @Test func averagesCountNotSingleLinks() {
    let similarity = matrix(4, [(0, 1, 0.9), (2, 3, 0.9), (1, 2, 0.8)])
    let owners = clusters(similarity, 4, threshold: 0.5)
    #expect(owners == [0, 0, 2, 2])
  }

  @Test func degenerateInputGivesSingletons() {
    #expect(clusters([], 0, threshold: 0).isEmpty)
    #expect(clusters([1], 2, threshold: 0) == [0, 1])
    #expect(clusters([Float](repeating: .nan, count: 4), 2, threshold: 0) == [0, 1])
  }

  @Test func whatCountsMoreDecides() {
    // 1 is drawn to 0 by little and pushed away by 2, which belongs to 0, with much weight.
    let evidence = matrix(3, [(0, 1, 2), (0, 2, 3), (1, 2, -2)])
    let weights = matrix(3, [(0, 1, 1), (0, 2, 5), (1, 2, 6)])
    #expect(
      EvidenceClustering.clusters(evidence: evidence, weights: weights, count: 3, threshold: 0) == [0, 1, 0])
  }

  @Test func anElementMovesToWhereItFitsBetter() {
    // The best pair is made first; what joins it later makes one of them fit better elsewhere.
    let evidence = matrix(4, [(0, 1, 3), (1, 2, 2.5), (1, 3, 2.5), (2, 3, 2)], other: -2)
    let owners = EvidenceClustering.clusters(
      evidence: evidence, weights: [Float](repeating: 1, count: 16), count: 4, threshold: 0)
    #expect(owners == [0, 1, 1, 1])
  }

  @Test func sharedNeighboursMakeAlike() {
    // Two groups of four; within a group everybody is alike.
    var similarity = [Float](repeating: 0.1, count: 64)
    for row in 0..<8 {
      for column in 0..<8 where row / 4 == column / 4 { similarity[row * 8 + column] = 0.8 }
    }
    let jaccard = KReciprocal.jaccard(similarity: similarity, count: 8, neighbours: 3)
    for row in 0..<8 {
      for column in 0..<8 where row != column {
        if row / 4 == column / 4 {
          #expect(jaccard[row * 8 + column] > 0.8)
        } else {
          #expect(jaccard[row * 8 + column] < 0.1)
        }
      }
    }
    #expect(KReciprocal.jaccard(similarity: [1], count: 1, neighbours: 5).count == 1)
    #expect(KReciprocal.jaccard(similarity: [1, 2], count: 4, neighbours: 5).isEmpty)
  }
}
