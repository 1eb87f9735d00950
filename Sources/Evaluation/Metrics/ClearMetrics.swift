import ThroughlineCore

/// CLEAR-MOT: K. Bernardin and R. Stiefelhagen, "Evaluating multiple object tracking performance", 2008.
///
/// The two libraries that everybody uses read the paper differently; see ``Convention``.
public struct ClearMetrics: Sendable, Hashable, Codable {
  /// Whose reading of the paper.
  public enum Convention: String, Sendable, Codable {
    /// TrackEval (J. Luiten), the one of MOTChallenge: a frame's pairs maximise "as in the frame before", then
    /// similarity; mostly tracked is more than 80 %; a fragment begins where a person is matched again after a
    /// frame without.
    case trackEval
    /// py-motmetrics (C. Heindl): whoever was last matched together, however long ago, stays together while
    /// possible; then as many further pairs as possible; mostly tracked is at least 80 %; fragments count from
    /// tracked to missed between the first and the last match.
    case motmetrics
  }

  /// Matched pairs.
  public var truePositives = 0
  /// Boxes of the truth without a match (misses).
  public var falseNegatives = 0
  /// Boxes of the result without a match (false alarms).
  public var falsePositives = 0
  /// Matches of a person with another id than at that person's match before.
  public var identitySwitches = 0
  /// Interruptions of persons' tracks.
  public var fragmentations = 0
  /// Persons who are matched in (more than) 80 % of their frames.
  public var mostlyTracked = 0
  /// Persons in between.
  public var partlyTracked = 0
  /// Persons who are matched in less than 20 % of their frames.
  public var mostlyLost = 0
  /// The sum of the matched pairs' similarities.
  public var similaritySum = 0.0

  /// Nothing counted.
  public init() {}

  /// Multiple object tracking accuracy: 1 - (misses + false alarms + switches) / truth. May be negative. 0 without truth.
  public var mota: Double {
    guard truthCount > 0 else { return 0 }
    return 1 - Double(falseNegatives + falsePositives + identitySwitches) / Double(truthCount)
  }
  /// Multiple object tracking precision as the mean similarity of the matched pairs (TrackEval's way); the mean
  /// distance that motmetrics calls so is 1 less this. 0 without matches.
  public var motp: Double { truePositives > 0 ? similaritySum / Double(truePositives) : 0 }
  /// The share of the truth that is matched.
  public var recall: Double { truthCount > 0 ? Double(truePositives) / Double(truthCount) : 0 }
  /// The share of the result that is matched.
  public var precision: Double {
    let count = truePositives + falsePositives
    return count > 0 ? Double(truePositives) / Double(count) : 0
  }
  /// All boxes of the truth.
  public var truthCount: Int { truePositives + falseNegatives }

  /// Counts of two sequences together.
  public static func + (left: ClearMetrics, right: ClearMetrics) -> ClearMetrics {
    var sum = left
    sum.truePositives += right.truePositives
    sum.falseNegatives += right.falseNegatives
    sum.falsePositives += right.falsePositives
    sum.identitySwitches += right.identitySwitches
    sum.fragmentations += right.fragmentations
    sum.mostlyTracked += right.mostlyTracked
    sum.partlyTracked += right.partlyTracked
    sum.mostlyLost += right.mostlyLost
    sum.similaritySum += right.similaritySum
    return sum
  }

  /// Counts a sequence.
  public init(_ sequence: EvaluationSequence, convention: Convention = .trackEval) {
    switch convention {
    case .trackEval: self = Self.countAsTrackEval(sequence)
    case .motmetrics: self = Self.countAsMotmetrics(sequence)
    }
  }

  private mutating func rate(_ ratios: some Sequence<Double>, isMostlyTracked: (Double) -> Bool) {
    for ratio in ratios {
      if isMostlyTracked(ratio) {
        mostlyTracked += 1
      } else if ratio >= 0.2 {
        partlyTracked += 1
      } else {
        mostlyLost += 1
      }
    }
  }

  private static func countAsTrackEval(_ sequence: EvaluationSequence) -> ClearMetrics {
    var result = ClearMetrics()
    var lastPartner: [Int: Int] = [:]
    var partnerInFrameBefore: [Int: Int] = [:]
    var frameCount: [Int: Int] = [:]
    var matchCount: [Int: Int] = [:]
    var fragmentCount: [Int: Int] = [:]
    // TrackEval returns early, without rating a single person, where there is nothing to compare.
    let isEmpty = sequence.resultCount == 0
    for frame in sequence.frames {
      for expected in frame.truth { frameCount[expected.id, default: 0] += 1 }
      if frame.truth.isEmpty || frame.results.isEmpty {
        result.falsePositives += frame.results.count
        result.falseNegatives += frame.truth.count
        continue
      }
      let allowed = frame.pairs.filter { $0.similarity >= sequence.rule.threshold - Double.ulpOfOne }
      let matches = SparseAssignment.maximize(
        allowed.map { pair in
          let goesOn = partnerInFrameBefore[frame.truth[pair.truth].id] == frame.results[pair.result].id
          return (pair.truth, pair.result, pair.similarity + (goesOn ? 1000 : 0))
        })
      var partners: [Int: Int] = [:]
      for match in matches {
        let person = frame.truth[match.row].id
        let found = frame.results[match.column].id
        if let before = lastPartner[person], before != found { result.identitySwitches += 1 }
        lastPartner[person] = found
        partners[person] = found
        matchCount[person, default: 0] += 1
        if partnerInFrameBefore[person] == nil { fragmentCount[person, default: 0] += 1 }
        result.similaritySum += match.score >= 1000 ? match.score - 1000 : match.score
      }
      partnerInFrameBefore = partners
      result.truePositives += matches.count
      result.falseNegatives += frame.truth.count - matches.count
      result.falsePositives += frame.results.count - matches.count
    }
    if isEmpty {
      result.mostlyLost = frameCount.count
    } else {
      result.rate(frameCount.map { Double(matchCount[$0.key] ?? 0) / Double($0.value) }) { $0 > 0.8 }
    }
    result.fragmentations = fragmentCount.values.reduce(0) { $0 + $1 - 1 }
    return result
  }

  private static func countAsMotmetrics(_ sequence: EvaluationSequence) -> ClearMetrics {
    var result = ClearMetrics()
    var lastPartner: [Int: Int] = [:]
    var wasMatched: [Int: [Bool]] = [:]
    let threshold = sequence.rule.threshold
    for frame in sequence.frames {
      var similarity: [Int: Double] = [:]
      func key(_ truth: Int, _ found: Int) -> Int { truth * frame.results.count + found }
      // The library compares distances: what is exactly at the threshold is a match.
      for pair in frame.pairs where 1 - pair.similarity <= 1 - threshold {
        similarity[key(pair.truth, pair.result)] = pair.similarity
      }
      var place: [Int: Int] = [:]
      for (column, found) in frame.results.enumerated() where place[found.id] == nil {
        place[found.id] = column
      }
      var partner = [Int?](repeating: nil, count: frame.truth.count)
      var isTaken = [Bool](repeating: false, count: frame.results.count)
      for (row, expected) in frame.truth.enumerated() {
        guard let before = lastPartner[expected.id], let column = place[before], !isTaken[column],
          similarity[key(row, column)] != nil
        else { continue }
        partner[row] = column
        isTaken[column] = true
      }
      let rest = frame.pairs.filter {
        partner[$0.truth] == nil && !isTaken[$0.result] && similarity[key($0.truth, $0.result)] != nil
      }
      for match in SparseAssignment.maximize(
        rest.map { ($0.truth, $0.result, $0.similarity) }, isFullest: true)
      {
        partner[match.row] = match.column
        isTaken[match.column] = true
        let person = frame.truth[match.row].id
        if let before = lastPartner[person], before != frame.results[match.column].id {
          result.identitySwitches += 1
        }
        lastPartner[person] = frame.results[match.column].id
      }
      for (row, expected) in frame.truth.enumerated() {
        wasMatched[expected.id, default: []].append(partner[row] != nil)
        guard let column = partner[row] else {
          result.falseNegatives += 1
          continue
        }
        result.truePositives += 1
        result.similaritySum += similarity[key(row, column)] ?? 0
      }
      result.falsePositives += isTaken.count { !$0 }
    }
    result.rate(wasMatched.values.map { Double($0.count { $0 }) / Double($0.count) }) { $0 >= 0.8 }
    for states in wasMatched.values {
      guard let first = states.firstIndex(of: true), let last = states.lastIndex(of: true) else { continue }
      for index in first..<last where states[index] && !states[index + 1] { result.fragmentations += 1 }
    }
    return result
  }
}
