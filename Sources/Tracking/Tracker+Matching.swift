import Foundation
import ThroughlineCore

extension Tracker {
  /// Gives the frame's detections to the tracks, begins new tracks and notes who was missed.
  mutating func match(_ sight: Sight, at time: Timestamp) {
    var believed: [Int] = []
    var tentative: [Int] = []
    for index in persons.indices {
      if persons[index].state == .tentative { tentative.append(index) } else { believed.append(index) }
    }
    var strong = Array(sight.strong.indices)

    assign(&believed, &strong, of: sight.strong, at: time, isWeak: false) { tracker, person, candidate in
      tracker.firstCost(person, candidate, at: time)
    }

    var recent = believed.filter { persons[$0].state == .tracked }
    var weak = Array(sight.weak.indices)
    assign(&recent, &weak, of: sight.weak, at: time, isWeak: true) { tracker, person, candidate in
      let overlap = tracker.persons[person].box.intersectionOverUnion(with: candidate.detection.box)
      return overlap >= tracker.rules.secondOverlap ? 1 - overlap : .infinity
    }
    believed.removeAll { persons[$0].isObserved }

    assign(&believed, &strong, of: sight.strong, at: time, isWeak: false) { tracker, person, candidate in
      tracker.recoveryCost(person, candidate.detection.box, at: time)
    }

    assign(&tentative, &strong, of: sight.strong, at: time, isWeak: false) { tracker, person, candidate in
      let box = candidate.detection.box
      let overlap = tracker.persons[person].box.intersectionOverUnion(with: box)
      if overlap >= tracker.rules.tentativeOverlap { return 1 - overlap }
      return tracker.bufferedCost(tracker.persons[person].lastObservation, box)
    }

    for index in persons.indices where !persons[index].isObserved {
      persons[index].miss(time: time, settings: rules)
    }
    for index in strong where sight.strong[index].detection.score >= rules.newScore {
      begin(sight.strong[index], at: time)
    }
  }

  /// Matches free persons with free candidates at the least total cost and takes the matched ones out of both lists.
  private mutating func assign(
    _ free: inout [Int], _ candidates: inout [Int], of all: [Candidate], at time: Timestamp, isWeak: Bool,
    cost: (borrowing Tracker, _ person: Int, borrowing Candidate) -> Double
  ) {
    guard !free.isEmpty, !candidates.isEmpty else { return }
    var costs = [Double](repeating: .infinity, count: free.count * candidates.count)
    var isPossible = false
    var place = 0
    for person in free {
      for candidate in candidates {
        costs[place] = cost(self, person, all[candidate])
        if costs[place].isFinite { isPossible = true }
        place += 1
      }
    }
    guard isPossible else { return }
    let columns = candidates.count
    let choice = LinearAssignment.solve(rows: free.count, columns: columns, unmatchedCost: 2) {
      costs[$0 * columns + $1]
    }
    var isTaken = [Bool](repeating: false, count: columns)
    var left: [Int] = []
    for (row, column) in choice.enumerated() {
      guard let column else {
        left.append(free[row])
        continue
      }
      isTaken[column] = true
      let candidate = all[candidates[column]]
      persons[free[row]].observe(candidate.detection, time: time, isWeak: isWeak, settings: rules)
      if let appearance = candidate.appearance, !isWeak { persons[free[row]].learn(appearance, time: time) }
    }
    free = left
    candidates = candidates.enumerated().filter { !isTaken[$0.offset] }.map(\.element)
  }

  /// The first stage: overlap weighted by score (ByteTrack), direction (OC-SORT), and appearance where it speaks
  /// more clearly (BoT-SORT's minimum of both).
  private func firstCost(_ person: Int, _ candidate: borrowing Candidate, at time: Timestamp) -> Double {
    let box = candidate.detection.box
    let overlap = persons[person].box.intersectionOverUnion(with: box)
    var cost = Double.infinity
    if overlap >= rules.firstOverlap, isPlaceKnown(person, at: time) {
      cost = 1 - overlap * (0.7 + 0.3 * min(1, candidate.detection.score))
      if rules.directionWeight > 0 { cost += rules.directionWeight * persons[person].turn(to: box) }
    }
    guard candidate.appearance != nil, cost.isFinite || persons[person].isReachable(box, at: time, rules),
      let similarity = similarity(person, candidate, at: time)
    else { return cost }
    let range = 1 - rules.appearanceSimilarity
    if similarity >= rules.appearanceSimilarity, range > 0, persons[person].isReachable(box, at: time, rules)
    {
      // A likeness at the threshold costs as much as a poor overlap; a perfect one nothing.
      let distance = 0.7 * (1 - similarity) / range
      cost = min(cost, max(distance, overlap > 0 ? 0 : 0.3))
    } else if cost.isFinite {
      cost += 0.2 * min(1, max(0, rules.appearanceSimilarity - similarity) / max(range, 0.05))
    }
    return cost
  }

  /// Whether a track's place says who it is: what the shifts of a moving camera leave undone adds up, so that there
  /// somebody unseen for long is found again by appearance alone.
  private func isPlaceKnown(_ person: Int, at time: Timestamp) -> Bool {
    !shiftEvidence.isMoving
      || time.seconds(since: persons[person].lastSeen) <= Self.longestUnseenWhileMoving
  }

  /// Recovery: the last observation instead of the prediction (OC-SORT), then widened boxes (C-BIoU: F. Yang et
  /// al., WACV 2023).
  private func recoveryCost(_ person: Int, _ box: BoundingBox, at time: Timestamp) -> Double {
    guard isPlaceKnown(person, at: time) else { return .infinity }
    let last = persons[person].lastObservation
    let overlap = last.intersectionOverUnion(with: box)
    if overlap >= rules.recoveryOverlap { return 1 - overlap }
    guard persons[person].state == .tracked else { return .infinity }
    return min(bufferedCost(persons[person].box, box), bufferedCost(last, box))
  }

  /// The cost of a pair whose widened boxes overlap; always more than that of one whose boxes overlap themselves.
  private func bufferedCost(_ left: BoundingBox, _ right: BoundingBox) -> Double {
    guard rules.buffer > 0 else { return .infinity }
    let ratio = left.height / right.height
    guard (0.6...1.67).contains(ratio) else { return .infinity }
    let buffer = rules.buffer
    let overlap = left.expanded(byShareOfWidth: buffer, height: buffer).intersectionOverUnion(
      with: right.expanded(byShareOfWidth: buffer, height: buffer))
    return overlap >= rules.tentativeOverlap ? 1.9 - overlap * 0.9 : .infinity
  }

  private func similarity(_ person: Int, _ candidate: borrowing Candidate, at time: Timestamp) -> Double? {
    guard let known = persons[person].appearance, let found = candidate.appearance,
      known.embedding.dimension == found.dimension,
      time.seconds(since: known.time) <= rules.appearanceLifetime
    else { return nil }
    return Double(known.embedding.similarity(to: found))
  }

  /// Ends tracks that have become one person: where a track that was seen lies on one that was not, the hidden one
  /// goes if it is lost or much shorter (ByteTrack). One who was there before the other came is merely hidden.
  mutating func suppressDuplicates() {
    var isOver = Set<UInt64>()
    for hidden in persons.indices where !persons[hidden].isObserved && persons[hidden].sightings > 1 {
      for seen in persons.indices where persons[seen].isObserved && persons[seen].sightings > 1 {
        guard persons[hidden].box.intersectionOverUnion(with: persons[seen].box) > rules.duplicateOverlap,
          persons[hidden].state == .lost || persons[hidden].sightings < persons[seen].sightings / 4,
          persons[seen].firstSeen <= persons[hidden].lastSeen
        else { continue }
        isOver.insert(persons[hidden].number)
      }
    }
    if !isOver.isEmpty { removePersons { isOver.contains($0.number) } }
  }
}
