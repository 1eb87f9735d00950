import ThroughlineCore

/// A box and whose it is.
public struct LabeledBox: Sendable, Hashable, Codable {
  /// The person's number: of the truth, or of the result.
  public var id: Int
  /// The box in pixels.
  public var box: BoundingBox

  /// A labelled box by its parts.
  public init(id: Int, box: BoundingBox) {
    self.id = id
    self.box = box
  }
}

/// When a result's box counts as a box of the truth, and what is left out.
public struct MatchingRule: Sendable, Hashable, Codable {
  /// The least similarity of a pair for CLEAR-MOT and the identity metrics; 0.5 by convention. (HOTA goes
  /// through all thresholds from 0.05 to 0.95.)
  public var threshold: Double
  /// Where set: a pair whose foot points (middle of the lower edge) are at most this share of the truth's height
  /// apart matches too, even with less overlap. For truth whose boxes are projected, not drawn.
  public var footPointTolerance: Double?
  /// Where set: persons of the truth taller than this many pixels are not evaluated. What matches them, and what
  /// matches nothing and is that tall itself, counts neither for nor against.
  public var ignoreTallerThan: Double?

  /// A rule by its parts.
  public init(threshold: Double = 0.5, footPointTolerance: Double? = nil, ignoreTallerThan: Double? = nil) {
    self.threshold = threshold
    self.footPointTolerance = footPointTolerance
    self.ignoreTallerThan = ignoreTallerThan
  }

  /// The convention of MOTChallenge, motmetrics and TrackEval: intersection over union of at least 0.5.
  public static let standard = MatchingRule()

  /// For PETS 2009 S2.L1 with its projected second view: overlap of at least 0.3 or nearly the same foot point;
  /// persons taller than 250 pixels are left out.
  public static let pets = MatchingRule(threshold: 0.3, footPointTolerance: 0.25, ignoreTallerThan: 250)

  /// How alike two boxes are: 0...1, at least ``threshold`` where they match.
  public func similarity(truth: BoundingBox, result: BoundingBox) -> Double {
    let overlap = truth.intersectionOverUnion(with: result)
    guard let footPointTolerance, footPointTolerance > 0, truth.height > 0, overlap < 1 else {
      return overlap
    }
    let x = result.centerX - truth.centerX
    let y = result.maxY - truth.maxY
    let distance = (x * x + y * y).squareRoot() / (footPointTolerance * truth.height)
    return distance <= 1 ? max(overlap, 1 - (1 - threshold) * distance) : overlap
  }
}

/// Truth and result of one frame, with the similarity of every pair.
public struct EvaluationFrame: Sendable {
  /// The truth.
  public let truth: [LabeledBox]
  /// The result.
  public let results: [LabeledBox]
  /// Pairs that are alike at all: places in ``truth`` and ``results``, and how alike, above 0.
  public let pairs: [(truth: Int, result: Int, similarity: Double)]

  init(truth: [LabeledBox], results: [LabeledBox], rule: MatchingRule) {
    var pairs: [(truth: Int, result: Int, similarity: Double)] = []
    for (row, expected) in truth.enumerated() {
      for (column, found) in results.enumerated() {
        let similarity = rule.similarity(truth: expected.box, result: found.box)
        if similarity > 0 { pairs.append((row, column, similarity)) }
      }
    }
    self.truth = truth
    self.results = results
    self.pairs = pairs
  }
}

/// What is evaluated: the frames of one camera, or those of several cameras one after another.
public struct EvaluationSequence: Sendable {
  /// What the sequence is called in reports.
  public var name: String
  /// The frames in order. Frames in which there is neither truth nor result may be missing.
  public private(set) var frames: [EvaluationFrame]
  /// The rule by which the similarities were made.
  public let rule: MatchingRule

  /// Puts truth and result together, frame by frame.
  ///
  /// - Parameters:
  ///   - name: what to call it.
  ///   - truth: the truth; ids that repeat within a frame are the caller's mistake and count as written.
  ///   - results: the result.
  ///   - rule: when boxes match.
  public init(name: String, truth: [MOTEntry], results: [MOTEntry], rule: MatchingRule = .standard) {
    var byFrame: [Int: (truth: [LabeledBox], results: [LabeledBox])] = [:]
    for entry in truth {
      byFrame[entry.frame, default: ([], [])].truth.append(LabeledBox(id: entry.id, box: entry.box))
    }
    for entry in results {
      byFrame[entry.frame, default: ([], [])].results.append(LabeledBox(id: entry.id, box: entry.box))
    }
    self.name = name
    self.rule = rule
    frames = byFrame.sorted { $0.key < $1.key }.map { _, frame in
      let (truth, results) = Self.withoutIgnored(truth: frame.truth, results: frame.results, rule: rule)
      return EvaluationFrame(truth: truth, results: results, rule: rule)
    }
  }

  /// Several cameras as one: their frames one after another, identities shared, as the multi-camera benchmarks
  /// DukeMTMC (E. Ristani et al., 2016) and AI City do it.
  public init(name: String, concatenating cameras: [EvaluationSequence]) {
    self.name = name
    rule = cameras.first?.rule ?? .standard
    frames = cameras.flatMap(\.frames)
  }

  /// All boxes of the truth.
  public var truthCount: Int { frames.reduce(0) { $0 + $1.truth.count } }
  /// All boxes of the result.
  public var resultCount: Int { frames.reduce(0) { $0 + $1.results.count } }

  private static func withoutIgnored(
    truth: [LabeledBox], results: [LabeledBox], rule: MatchingRule
  ) -> (truth: [LabeledBox], results: [LabeledBox]) {
    guard let limit = rule.ignoreTallerThan,
      truth.contains(where: { $0.box.height > limit }) || results.contains(where: { $0.box.height > limit })
    else { return (truth, results) }
    let frame = EvaluationFrame(truth: truth, results: results, rule: rule)
    let matched = SparseAssignment.maximize(
      frame.pairs.filter { $0.similarity >= rule.threshold }.map { ($0.truth, $0.result, $0.similarity) })
    var partner: [Int: Int] = [:]
    for pair in matched { partner[pair.column] = pair.row }
    let kept = results.enumerated().filter { column, result in
      guard let row = partner[column] else { return result.box.height <= limit }
      return truth[row].box.height <= limit
    }
    return (truth.filter { $0.box.height <= limit }, kept.map(\.element))
  }
}
