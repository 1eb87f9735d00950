import ThroughlineCore

/// How surely the tracks have been off together lately: tells a camera that moves from people who walk to and fro.
///
/// The measure of one frame is the square of the standardised signed-rank sum (F. Wilcoxon, 1945) of the
/// displacements, averaged over both axes. Before a camera that stands still its expectation is 1, however many the
/// pairs are and however the displacements scatter, as long as they do so to both sides; so that its running average
/// over frames can be compared with fixed thresholds.
struct CommonShiftEvidence: Sendable {
  /// The weight of a new frame is the reciprocal of this.
  static let frames = 30.0
  /// The camera moves from here on ...
  static let begin = 1.7
  /// ... until below this.
  static let end = 1.3
  /// What one frame can say at most, along each axis: three standard deviations.
  static let most = 9.0

  /// The running average.
  private(set) var strength = 1.0
  /// Whether the camera is taken to move.
  private(set) var isMoving = false

  /// Takes in the displacements of one frame, in pixels, along both axes.
  mutating func add(x: [Double], y: [Double]) {
    let frame = (min(Self.most, Self.signedRank(x)) + min(Self.most, Self.signedRank(y))) / 2
    strength += (frame - strength) / Self.frames
    if strength > Self.begin {
      isMoving = true
    } else if strength < Self.end {
      isMoving = false
    }
  }

  /// The square of the signed-rank sum, in units of its variance where both signs are equally likely.
  static func signedRank(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    var sum = 0.0
    for (index, value) in values.sorted(by: { abs($0) < abs($1) }).enumerated() where value != 0 {
      sum += value > 0 ? Double(index + 1) : -Double(index + 1)
    }
    let count = Double(values.count)
    return sum * sum / (count * (count + 1) * (2 * count + 1) / 6)
  }
}

extension Tracker {
  /// The fewest pairs of a track and a detection that may speak for the whole picture: with fewer, persons who walk
  /// the same way look like a camera that moves.
  static let fewestPairsForShift = 5

  /// How long a place is known for before a camera that moves, in seconds without being seen.
  static let longestUnseenWhileMoving = 1.0

  /// Moves all tracks by what most of them are off their detections together, while the camera moves: one that pans
  /// slowly, is carried or shakes.
  ///
  /// The pairs are those that choose each other by overlap. Their median displacement is taken along each axis for
  /// itself, and shrunk by its own uncertainty (from the median absolute deviation), so that the jitter of single
  /// boxes moves nobody. Persons who are not seen move along, which is what this is for. Before a camera that stands
  /// still every shift would be an error; ``CommonShiftEvidence`` tells.
  mutating func compensateCommonShift(_ candidates: [Candidate]) {
    let places = persons.indices.filter {
      persons[$0].state == .tracked && persons[$0].misses <= 1 && persons[$0].sightings >= 4
    }
    let limits = Self.fewestPairsForShift...64
    guard limits.contains(places.count), limits.contains(candidates.count) else { return }
    var chosenBy = [(overlap: Double, place: Int?)](repeating: (0, nil), count: candidates.count)
    var choices: [(place: Int, candidate: Int)] = []
    for place in places {
      var best = (overlap: 0.2, candidate: -1)
      for (index, candidate) in candidates.enumerated() {
        let overlap = candidate.detection.box.intersectionOverUnion(with: persons[place].box)
        if overlap > best.overlap { best = (overlap, index) }
        if overlap > chosenBy[index].overlap { chosenBy[index] = (overlap, place) }
      }
      if best.candidate >= 0 { choices.append((place, best.candidate)) }
    }
    let pairs = choices.filter { chosenBy[$0.candidate].place == $0.place }
    guard pairs.count >= Self.fewestPairsForShift else { return }
    func displacements(_ axis: (BoundingBox) -> Double) -> [Double] {
      pairs.map { axis(candidates[$0.candidate].detection.box) - axis(persons[$0.place].box) }
    }
    let x = displacements(\.centerX)
    let y = displacements(\.centerY)
    shiftEvidence.add(x: x, y: y)
    guard shiftEvidence.isMoving else { return }
    figures.commonShifts += 1
    let shift = (x: Self.shrunkenMedian(x), y: Self.shrunkenMedian(y))
    for index in persons.indices { persons[index].shift(x: shift.x, y: shift.y) }
  }

  /// The median, drawn towards 0 by twice its standard error: whole where it is sure, nothing where it is noise.
  static func shrunkenMedian(_ values: [Double]) -> Double {
    func median(_ values: [Double]) -> Double {
      let sorted = values.sorted()
      let middle = sorted.count / 2
      return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
    guard !values.isEmpty else { return 0 }
    let center = median(values)
    // 1.4826 makes a standard deviation of the median absolute deviation, 1.2533 the median's error of a mean's.
    let deviation = 1.4826 * median(values.map { abs($0 - center) })
    let error = 2 * 1.2533 * deviation / Double(values.count).squareRoot()
    let total = center * center + error * error
    return total > 0 ? center * center * center / total : 0
  }
}
