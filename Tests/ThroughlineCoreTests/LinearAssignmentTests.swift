import Testing
import ThroughlineCore

@Suite struct LinearAssignmentTests {
  /// The cheapest choice by trying all of them.
  private func bruteForce(_ cost: [[Double]], unmatched: Double) -> Double {
    func best(_ row: Int, _ used: Set<Int>) -> Double {
      guard row < cost.count else { return 0 }
      var smallest = unmatched + best(row + 1, used)
      for column in cost[row].indices where !used.contains(column) {
        let value = cost[row][column]
        guard value.isFinite, value <= unmatched else { continue }
        smallest = min(smallest, value + best(row + 1, used.union([column])))
      }
      return smallest
    }
    return best(0, [])
  }

  @Test(arguments: 0..<200) func isAsCheapAsTheBestOfAllChoices(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let rows = Int.random(in: 0...6, using: &generator)
    let columns = Int.random(in: 0...6, using: &generator)
    let unmatched = Double.random(in: 0.1...1.2, using: &generator)
    let cost = (0..<rows).map { _ in
      (0..<columns).map { _ in
        Bool.random(using: &generator) && Bool.random(using: &generator)
          ? Double.infinity : Double.random(in: 0...1, using: &generator)
      }
    }
    let result = LinearAssignment.solve(rows: rows, columns: columns, unmatchedCost: unmatched) {
      cost[$0][$1]
    }
    var total = 0.0
    var used = Set<Int>()
    for (row, column) in result.enumerated() {
      if let column {
        #expect(used.insert(column).inserted, "seed \(seed): column \(column) given twice")
        total += cost[row][column]
      } else {
        total += unmatched
      }
    }
    #expect(abs(total - bruteForce(cost, unmatched: unmatched)) < 1e-9, "seed \(seed)")
  }

  @Test func nothingToAssign() {
    #expect(LinearAssignment.solve(rows: 0, columns: 3, unmatchedCost: 1) { _, _ in 0 }.isEmpty)
    #expect(LinearAssignment.solve(rows: 2, columns: 0, unmatchedCost: 1) { _, _ in 0 } == [nil, nil])
  }

  @Test func notANumberForbidsAPair() {
    #expect(LinearAssignment.solve(rows: 1, columns: 2, unmatchedCost: 1) { $1 == 0 ? .nan : 0.5 } == [1])
  }
}
