import Foundation
import ThroughlineCore

extension Tracker {
  /// One stage of the matching: persons and candidates that are still free, by their places.
  private struct Stage {
    var persons: [Int]
    var candidates: [Int]
  }

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
      let overlap = person.box.intersectionOverUnion(with: candidate.detection.box)
      return overlap >= tracker.rules.secondOverlap ? 1 - overlap : .infinity
    }
    believed.removeAll { persons[$0].isObserved }

    assign(&believed, &strong, of: sight.strong, at: time, isWeak: false) { tracker, person, candidate in
      tracker.recoveryCost(person, candidate, at: time)
    }

    assign(&tentative, &strong, of: sight.strong, at: time, isWeak: false) { tracker, person, candidate in
      let box = candidate.detection.box
      let overlap = person.box.intersectionOverUnion(with: box)
      if overlap >= tracker.rules.tentativeOverlap { return 1 - overlap }
      return tracker.bufferedCost(person.lastObservation, box)
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
    cost: (borrowing Tracker, Person, Candidate) -> Double
  ) {
    guard !free.isEmpty, !candidates.isEmpty else { return }
    var costs = [Double](repeating: .infinity, count: free.count * candidates.count)
    var place = 0
    for person in free {
      for candidate in candidates {
        costs[place] = cost(self, persons[person], all[candidate])
        place += 1
      }
    }
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
  private func firstCost(_ person: Person, _ candidate: Candidate, at time: Timestamp) -> Double {
    let box = candidate.detection.box
    let overlap = person.box.intersectionOverUnion(with: box)
    var cost = Double.infinity
    if overlap >= rules.firstOverlap {
      cost = 1 - overlap * (0.7 + 0.3 * min(1, candidate.detection.score))
      if rules.directionWeight > 0 { cost += rules.directionWeight * turn(of: person, to: box) }
    }
    if let similarity = similarity(person, candidate, at: time) {
      let range = 1 - rules.appearanceSimilarity
      if similarity >= rules.appearanceSimilarity, isReachable(box, by: person, at: time), range > 0 {
        // A likeness at the threshold costs as much as a poor overlap; a perfect one nothing.
        let distance = 0.7 * (1 - similarity) / range
        cost = min(cost, max(distance, overlap > 0 ? 0 : 0.3))
      } else if cost.isFinite {
        cost += 0.2 * min(1, max(0, rules.appearanceSimilarity - similarity) / max(range, 0.05))
      }
    }
    return cost
  }

  /// Recovery: the last observation instead of the prediction (OC-SORT), then widened boxes (C-BIoU: F. Yang et
  /// al., WACV 2023).
  private func recoveryCost(_ person: Person, _ candidate: Candidate, at time: Timestamp) -> Double {
    let box = candidate.detection.box
    let overlap = person.lastObservation.intersectionOverUnion(with: box)
    if overlap >= rules.recoveryOverlap { return 1 - overlap }
    guard person.state == .tracked else { return .infinity }
    return min(bufferedCost(person.box, box), bufferedCost(person.lastObservation, box))
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

  /// How far a detection lies off a person's way: 0 (straight on, or nobody can tell) ... 1 (straight back).
  private func turn(of person: Person, to box: BoundingBox) -> Double {
    guard let direction = person.direction else { return 0 }
    let last = person.lastObservation
    let x = (box.centerX - last.centerX) / last.height
    let y = (box.centerY - last.centerY) / last.height
    let speed = (direction.x * direction.x + direction.y * direction.y).squareRoot()
    let distance = (x * x + y * y).squareRoot()
    // Below a tenth of the body height both are jitter of the boxes.
    guard speed > 0.1, distance > 0.1 else { return 0 }
    let cosine = (direction.x * x + direction.y * y) / (speed * distance)
    return (1 - cosine) / 2 * min(1, distance * 3)
  }

  private func similarity(_ person: Person, _ candidate: Candidate, at time: Timestamp) -> Double? {
    guard let known = person.appearance, let found = candidate.appearance,
      known.embedding.dimension == found.dimension,
      time.seconds(since: known.time) <= rules.appearanceLifetime
    else { return nil }
    return Double(known.embedding.similarity(to: found))
  }

  /// Whether a person could have come to a place since last seen.
  private func isReachable(_ box: BoundingBox, by person: Person, at time: Timestamp) -> Bool {
    let last = person.lastObservation
    let ratio = last.height / box.height
    guard (0.5...2).contains(ratio) else { return false }
    let reach = last.height * (0.3 + rules.topSpeed * max(0, time.seconds(since: person.lastSeen)))
    let x = box.centerX - last.centerX
    let y = box.centerY - last.centerY
    return x * x + y * y <= reach * reach
  }

  /// Ends tracks that have become one person: where a track that was seen and one that was not lie on each other,
  /// the one with the shorter life goes (ByteTrack).
  mutating func suppressDuplicates() {
    var isOver = Set<UInt64>()
    for first in persons.indices {
      for second in persons.indices where second > first {
        let left = persons[first]
        let right = persons[second]
        guard !(left.isObserved && right.isObserved),
          left.box.intersectionOverUnion(with: right.box) > rules.duplicateOverlap
        else { continue }
        // One that is merely hidden behind somebody who was there before it keeps its number.
        guard left.sightings > 1, right.sightings > 1 else { continue }
        guard left.isObserved != right.isObserved else { continue }
        let hidden = left.isObserved ? right : left
        let seen = left.isObserved ? left : right
        if hidden.state == .lost || hidden.sightings < seen.sightings / 4 {
          if seen.firstSeen > hidden.lastSeen { continue }
          isOver.insert(hidden.number)
        }
      }
    }
    if !isOver.isEmpty { removePersons { isOver.contains($0.number) } }
  }
}
