import ThroughlineCore

/// What the anonymiser let through, on one video or one folder of photos.
public struct AnonymisationScore: Sendable, Codable {
  /// The data's name.
  public var name: String
  /// How many pictures were looked at.
  public var pictures = 0
  /// How many of them were withheld as a whole.
  public var withheld = 0
  /// Faces that the strong detector found in the input.
  public var facesIn = 0
  /// Faces that it found in the output.
  public var facesOut = 0
  /// Those of the output that lie where the input has a face. The others are mistakes of the detector, for example on a
  /// cover.
  public var facesLeaked = 0
  /// Those of ``facesLeaked`` that lie on a person. The others are what the detector takes for a face where nobody is, for
  /// example a pattern, or a picture on a wall.
  public var facesOnPersons = 0
  /// Those of ``facesOnPersons`` that lie where the person's head can be and are not covered: open faces, as long as nobody
  /// has looked and seen a hand. The others are at the legs of somebody who stands, or on a cover.
  public var facesOpen = 0
  /// Of the persons whom the pipeline found in the input: how much of the box is covered, on average.
  public var coveredShare: Double?
  /// How often a covered face's own open face is the most similar of all, by the re-ID network; chance is
  /// 1 / ``heads``.
  public var headRank1: Double?
  /// How many faces took part in that.
  public var heads = 0
  /// The same for whole bodies, whose clothes stay visible unless `privacy.faces` is `whole-body`.
  public var bodyRank1: Double?
  /// How many bodies took part in that.
  public var bodies = 0
}

/// Gathers a ``AnonymisationScore`` from pairs of pictures.
struct AnonymisationTally {
  /// More pairs than this tell nothing new.
  static let maximumPairs = 2000

  private(set) var score: AnonymisationScore
  private var heads: [(open: Embedding, covered: Embedding)] = []
  private var bodies: [(open: Embedding, covered: Embedding)] = []
  private var coverage: (sum: Double, count: Int) = (0, 0)

  init(name: String) { score = AnonymisationScore(name: name) }

  /// Counts one picture.
  ///
  /// - Returns: the faces of the output that lie where the input has one.
  @discardableResult
  mutating func add(input: [Detection], output: [Detection], isWithheld: Bool) -> [Detection] {
    score.pictures += 1
    if isWithheld { score.withheld += 1 }
    score.facesIn += input.count
    score.facesOut += output.count
    let leaked = output.filter { face in
      input.contains { $0.box.intersectionOverUnion(with: face.box) > 0.3 }
    }
    score.facesLeaked += leaked.count
    return leaked
  }

  /// Counts leaked faces that lie on a person, and those that lie where the head can be.
  mutating func add(onPersons: Int, openFaces: Int) {
    score.facesOnPersons += onPersons
    score.facesOpen += openFaces
  }

  /// Whether more pairs of heads tell anything.
  var wantsHeads: Bool { heads.count < Self.maximumPairs }
  /// Whether more pairs of bodies tell anything.
  var wantsBodies: Bool { bodies.count < Self.maximumPairs }

  mutating func add(head open: Embedding, covered: Embedding) {
    if wantsHeads { heads.append((open, covered)) }
  }

  mutating func add(body open: Embedding, covered: Embedding) {
    if wantsBodies { bodies.append((open, covered)) }
  }

  mutating func add(coverage share: Double) {
    coverage.sum += share
    coverage.count += 1
  }

  func finished() -> AnonymisationScore {
    var result = score
    (result.headRank1, result.heads) = (Self.rank1(heads), heads.count)
    (result.bodyRank1, result.bodies) = (Self.rank1(bodies), bodies.count)
    if coverage.count > 0 { result.coveredShare = coverage.sum / Double(coverage.count) }
    return result
  }

  /// How often the own open picture is the most similar one to a covered picture.
  static func rank1(_ pairs: [(open: Embedding, covered: Embedding)]) -> Double? {
    guard pairs.count > 1 else { return nil }
    let hits = pairs.indices.count { index in
      let own = pairs[index].covered.similarity(to: pairs[index].open)
      return pairs.indices.allSatisfy {
        $0 == index || pairs[index].covered.similarity(to: pairs[$0].open) < own
      }
    }
    return Double(hits) / Double(pairs.count)
  }
}
