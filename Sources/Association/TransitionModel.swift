import Foundation
import ThroughlineCore

/// Learns who can come from where: for each camera, from which camera, out of which part of its picture and after how
/// long the people arrive whom it sees, against what a random candidate's whereabouts would be.
///
/// The log-likelihood ratio is 0 while nothing is known, so that it needs no configuration; overlapping cameras
/// show up by themselves, since their people are "elsewhere at the same time" far oftener than chance. Parts of
/// pictures are those of ``PassageRegions``; what is known about a pair of them refines what is known about their
/// cameras (D. Makris, T. Ellis, J. Black, "Bridging the gaps between cameras", CVPR 2004).
struct TransitionModel: Sendable, Codable {
  /// Where a candidate was before: in which camera, and how long ago.
  struct Cell: Hashable, Sendable, Codable {
    var camera: CameraName
    /// 0: at the same time; then time gaps by powers of two seconds.
    var bin: Int
  }

  /// Out of which part of the other camera's picture into which part of this one's; 0 is anywhere.
  struct Link: Hashable, Sendable, Codable {
    var cell: Cell
    var exit: Int
    var entry: Int
  }

  private struct Arrivals: Sendable, Codable {
    var same: [Cell: Double] = [:]
    var others: [Cell: Double] = [:]
    var sameTotal = 0.0
    var otherTotal = 0.0
  }

  private struct Links: Sendable, Codable {
    var same = TransitionLinks()
    var others = TransitionLinks()
  }

  /// How long confident arrivals from one camera took.
  private struct Times: Sendable, Codable {
    var count = 0.0
    var sum = 0.0
    var squares = 0.0
  }

  static let binCount = 15
  /// So many confident arrivals weigh as much as the assumption that whereabouts tell nothing.
  static let priorWeight = 12.0
  static let limit = 3.0
  /// The most that the parts of the pictures add or take away.
  static let linkLimit = 2.0
  static let maximumTotal = 20_000.0
  /// Cameras are taken for overlapping where so many confident arrivals, and this share of them, were in the other camera
  /// at the same time.
  static let overlapCount = 5.0
  static let overlapShare = 0.15

  private var arrivals: [CameraName: Arrivals] = [:]
  private var links: [CameraName: Links] = [:]
  private static let largestNumber: UInt32 = 1 << 24
  /// The numbers of cameras in links, from 1.
  private var cameraNumbers: [CameraName: UInt32] = [:]
  private var times: [CameraName: [CameraName: Times]] = [:]
  private var regions: [CameraName: PassageRegions] = [:]

  init() {}

  private enum CodingKeys: String, CodingKey { case arrivals, parts, cameraNumbers, times, regions }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    arrivals = try container.decode([CameraName: Arrivals].self, forKey: .arrivals)
    // What was learned before there were regions goes on.
    links = try container.decodeIfPresent([CameraName: Links].self, forKey: .parts) ?? [:]
    cameraNumbers =
      try container.decodeIfPresent([CameraName: UInt32].self, forKey: .cameraNumbers) ?? [:]
    guard cameraNumbers.values.allSatisfy({ (1...Self.largestNumber).contains($0) }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .cameraNumbers, in: container, debugDescription: "these are no numbers of cameras")
    }
    times = try container.decodeIfPresent([CameraName: [CameraName: Times]].self, forKey: .times) ?? [:]
    regions = try container.decodeIfPresent([CameraName: PassageRegions].self, forKey: .regions) ?? [:]
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(arrivals, forKey: .arrivals)
    try container.encode(links, forKey: .parts)
    try container.encode(cameraNumbers, forKey: .cameraNumbers)
    try container.encode(times, forKey: .times)
    try container.encode(regions, forKey: .regions)
  }

  private mutating func number(of camera: CameraName) -> UInt32 {
    if let known = cameraNumbers[camera] { return known }
    let new = (cameraNumbers.values.max() ?? 0) + 1
    cameraNumbers[camera] = new
    return new
  }

  /// The bin of a time gap in seconds; `nil` means at the same time.
  static func bin(ofGap gap: Double?) -> Int {
    guard let gap else { return 0 }
    guard gap >= 1 else { return 1 }
    return min(binCount - 1, 2 + Int(min(60, log2(gap))))
  }

  /// Notes where a track began and ended.
  mutating func learnRegions(camera: CameraName, begin: BoundingBox, end: BoundingBox) {
    regions[camera, default: PassageRegions()].add(begin)
    regions[camera, default: PassageRegions()].add(end)
  }

  /// The part of a camera's picture in which a box stands; 0 where no such part is known.
  func region(of box: BoundingBox?, camera: CameraName) -> Int {
    guard let box else { return 0 }
    return regions[camera]?.region(of: box) ?? 0
  }

  /// Counts where a confidently recognised person was before, and where the other candidates were.
  ///
  /// - Parameter gap: how long the person was out of sight, in seconds.
  mutating func learn(camera: CameraName, same: [Link], others: [[Link]], gap: Double? = nil) {
    var model = arrivals[camera] ?? Arrivals()
    var pairs = links[camera] ?? Links()
    for link in same {
      model.same[link.cell, default: 0] += 1 / Double(same.count)
      pairs.same.add(1 / Double(same.count), to: link, camera: number(of: link.cell.camera))
    }
    if !same.isEmpty { model.sameTotal += 1 }
    for candidate in others where !candidate.isEmpty {
      for link in candidate {
        model.others[link.cell, default: 0] += 1 / Double(candidate.count)
        pairs.others.add(1 / Double(candidate.count), to: link, camera: number(of: link.cell.camera))
      }
      model.otherTotal += 1
    }
    if model.otherTotal > Self.maximumTotal {
      model.others = model.others.mapValues { $0 / 2 }
      pairs.others.halve()
      model.otherTotal /= 2
    }
    if model.sameTotal > Self.maximumTotal {
      model.same = model.same.mapValues { $0 / 2 }
      pairs.same.halve()
      model.sameTotal /= 2
    }
    arrivals[camera] = model
    links[camera] = pairs
    if let gap, let from = same.first?.cell.camera { note(gap, from: from, to: camera) }
  }

  private mutating func note(_ gap: Double, from: CameraName, to: CameraName) {
    var known = times[to]?[from] ?? Times()
    if known.count > 1000 {
      known = Times(count: known.count / 2, sum: known.sum / 2, squares: known.squares / 2)
    }
    let value = log(max(0, gap) + 1)
    known.count += 1
    known.sum += value
    known.squares += value * value
    times[to, default: [:]][from] = known
  }

  /// How much likelier these whereabouts are for the same person than for another one, as a natural logarithm.
  func logRatio(camera: CameraName, links candidate: [Link]) -> Double {
    guard let model = arrivals[camera], !candidate.isEmpty, model.otherTotal > 0 else { return 0 }
    var total = 0.0
    var parts = 0.0
    let cellCount = Double(max(8, model.others.count))
    for link in candidate {
      let other = ((model.others[link.cell] ?? 0) + 1 / cellCount) / (model.otherTotal + 1)
      let same =
        ((model.same[link.cell] ?? 0) + Self.priorWeight * other) / (model.sameTotal + Self.priorWeight)
      total += log(same / other)
      parts += partRatio(link, camera: camera, model: model)
    }
    let count = Double(candidate.count)
    return min(Self.limit, max(-Self.limit, total / count))
      + min(Self.linkLimit, max(-Self.linkLimit, parts / count))
  }

  /// The same for the parts of the pictures alone, cameras and gap given.
  private func partRatio(_ link: Link, camera: CameraName, model: Arrivals) -> Double {
    guard link.exit != 0 || link.entry != 0, let pairs = links[camera],
      let number = cameraNumbers[link.cell.camera]
    else { return 0 }
    let kinds = 16.0
    let others = model.others[link.cell] ?? 0
    let other = (pairs.others.count(of: link, camera: number) + 1 / kinds) / (others + 1)
    let known = model.same[link.cell] ?? 0
    let same =
      (pairs.same.count(of: link, camera: number) + Self.priorWeight * other) / (known + Self.priorWeight)
    return log(same / other)
  }

  /// The share of confident arrivals in a camera that were in another one at the same time, and their number.
  func simultaneousShare(of camera: CameraName, with other: CameraName) -> (share: Double, count: Double) {
    guard let model = arrivals[camera], model.sameTotal > 0 else { return (0, 0) }
    return ((model.same[Cell(camera: other, bin: 0)] ?? 0) / model.sameTotal, model.sameTotal)
  }

  /// What has been learned about pairs of cameras.
  func relations() -> [CameraRelation] {
    var relations: [CameraRelation] = []
    for (camera, model) in arrivals.sorted(by: { $0.key < $1.key }) {
      for other in Set(model.same.keys.map(\.camera)).sorted() where other != camera {
        let together = model.same[Cell(camera: other, bin: 0)] ?? 0
        let share = together / max(1, model.sameTotal)
        let known = times[camera]?[other] ?? Times()
        let mean = known.count > 0 ? known.sum / known.count : 0
        let variance = known.count > 1 ? max(0, known.squares / known.count - mean * mean) : 0
        relations.append(
          CameraRelation(
            from: other, to: camera,
            isOverlapping: together >= Self.overlapCount && share >= Self.overlapShare,
            together: Int(together.rounded()), arrivals: Int(known.count.rounded()),
            seconds: known.count >= 3
              ? (exp(mean - variance.squareRoot()) - 1)...(exp(mean + variance.squareRoot()) - 1) : nil))
      }
    }
    return relations
  }
}

/// What confident matches have told about the way from one camera to another.
public struct CameraRelation: Sendable, Hashable, Codable {
  /// The camera in which people were.
  public var from: CameraName
  /// The camera in which they appeared.
  public var to: CameraName
  /// Whether the two see a common place.
  public var isOverlapping: Bool
  /// How many were recognised in the one while they were in the other.
  public var together: Int
  /// How many came from the one to the other.
  public var arrivals: Int
  /// How long two of three of them took, in seconds; `nil` while fewer than three came.
  public var seconds: ClosedRange<Double>?
}
