import Foundation
import ThroughlineCore

/// Learns who can come from where: for each camera, from which camera and after how long the people arrive whom
/// it sees, against what a random candidate's whereabouts would be.
///
/// The log-likelihood ratio is 0 while nothing is known, so that it needs no configuration; overlapping cameras
/// show up by themselves, since their people are "elsewhere at the same time" far oftener than chance.
struct TransitionModel: Sendable, Codable {
  /// Where a candidate was before: in which camera, and how long ago.
  struct Cell: Hashable, Sendable, Codable {
    var camera: CameraName
    /// 0: at the same time; then time gaps by powers of two seconds.
    var bin: Int
  }

  private struct Arrivals: Sendable, Codable {
    var same: [Cell: Double] = [:]
    var others: [Cell: Double] = [:]
    var sameTotal = 0.0
    var otherTotal = 0.0
  }

  static let binCount = 15
  /// So many confident arrivals weigh as much as the assumption that whereabouts tell nothing.
  static let priorWeight = 12.0
  static let limit = 3.0
  static let maximumTotal = 20_000.0

  private var arrivals: [CameraName: Arrivals] = [:]

  /// The bin of a time gap in seconds; `nil` means at the same time.
  static func bin(ofGap gap: Double?) -> Int {
    guard let gap else { return 0 }
    guard gap >= 1 else { return 1 }
    return min(binCount - 1, 2 + Int(log2(gap)))
  }

  /// Counts where a confidently recognised person was before, and where the other candidates were.
  mutating func learn(camera: CameraName, same: [Cell], others: [[Cell]]) {
    var model = arrivals[camera] ?? Arrivals()
    for cell in same {
      model.same[cell, default: 0] += 1 / Double(same.count)
    }
    if !same.isEmpty { model.sameTotal += 1 }
    for cells in others where !cells.isEmpty {
      for cell in cells { model.others[cell, default: 0] += 1 / Double(cells.count) }
      model.otherTotal += 1
    }
    if model.otherTotal > Self.maximumTotal {
      model.others = model.others.mapValues { $0 / 2 }
      model.otherTotal /= 2
    }
    if model.sameTotal > Self.maximumTotal {
      model.same = model.same.mapValues { $0 / 2 }
      model.sameTotal /= 2
    }
    arrivals[camera] = model
  }

  /// How much likelier these whereabouts are for the same person than for another one, as a natural logarithm.
  func logRatio(camera: CameraName, cells: [Cell]) -> Double {
    guard let model = arrivals[camera], !cells.isEmpty, model.otherTotal > 0 else { return 0 }
    var total = 0.0
    let cellCount = Double(max(8, model.others.count))
    for cell in cells {
      let other = ((model.others[cell] ?? 0) + 1 / cellCount) / (model.otherTotal + 1)
      let same = ((model.same[cell] ?? 0) + Self.priorWeight * other) / (model.sameTotal + Self.priorWeight)
      total += log(same / other)
    }
    return min(Self.limit, max(-Self.limit, total / Double(cells.count)))
  }

  /// The share of confident arrivals in a camera that were in another one at the same time, and their number.
  func simultaneousShare(of camera: CameraName, with other: CameraName) -> (share: Double, count: Double) {
    guard let model = arrivals[camera], model.sameTotal > 0 else { return (0, 0) }
    return ((model.same[Cell(camera: other, bin: 0)] ?? 0) / model.sameTotal, model.sameTotal)
  }
}
