import ThroughlineCore

/// What a number of looks say together.
struct LookEvidence: Sendable {
  /// The sum of the looks' embeddings, each times its weight.
  var sum: [Float] = []
  /// The sum of the weights.
  var totalWeight = 0.0
  var lookCount = 0
  /// Looks that lie at least a second apart count as independent; others add little.
  var independentLooks = 0.0
  var lastLook: Timestamp?

  mutating func add(_ look: Look, weight: Double) {
    let embedding = look.embedding.values
    sum =
      sum.isEmpty
      ? VectorMath.scaled(embedding, by: Float(weight))
      : VectorMath.adding(sum, embedding, factor: Float(weight))
    totalWeight += weight
    lookCount += 1
    let gap = lastLook.map { look.time.seconds(since: $0) } ?? .infinity
    independentLooks += min(1, max(0.15, gap)) * min(1, weight / 0.5)
    lastLook = max(lastLook ?? look.time, look.time)
  }

  mutating func add(_ other: LookEvidence) {
    sum = sum.isEmpty ? other.sum : VectorMath.adding(sum, other.sum, factor: 1)
    totalWeight += other.totalWeight
    lookCount += other.lookCount
    independentLooks += other.independentLooks
    lastLook = [lastLook, other.lastLook].compactMap { $0 }.max()
  }
}
