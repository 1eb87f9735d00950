import Foundation
import ThroughlineCore

/// What the crops of recorded observations are worth.
public struct CropReport: Sendable, Codable {
  /// One band of quality.
  public struct Band: Sendable, Codable {
    /// The band's name, for example `0.25-0.50` or `refused`.
    public var name: String
    /// Crops in it.
    public var crops: Int
    /// Their mean height in pixels.
    public var meanHeight: Double
    /// Mean similarity of two crops of one person, both of the band; `nil` without truth.
    public var samePerson: Double?
    /// Mean similarity of crops of two persons.
    public var otherPerson: Double?
    /// The probability that a pair of one person is more alike than a pair of two (area under the ROC curve).
    public var separation: Double?
  }

  /// The bands, worst first.
  public var bands: [Band]

  private struct Crop {
    var person: Int?
    var camera: CameraName
    var frame: Int
    var height: Double
    var embedding: Embedding
  }

  /// Crops of a band beyond this number are thinned out evenly before pairs are compared.
  static let mostCompared = 600
  /// Crops of one person in one camera nearer in time than this many frames are too alike to tell anything.
  static let separationInFrames = 10

  /// Measures recorded crops.
  ///
  /// - Parameters:
  ///   - observations: what was recorded.
  ///   - truth: who is where; cameras without it are only counted.
  ///   - rule: when a box is a person's.
  public init(
    observations: [CameraName: [ObservedFrame]], truth: [CameraName: [MOTEntry]], rule: MatchingRule
  ) {
    let limits = [0, 0.001, 0.25, 0.4, 0.55, 1.01]
    let names = ["refused", "0.00-0.25", "0.25-0.40", "0.40-0.55", "0.55-1.00"]
    var crops = [[Crop]](repeating: [], count: names.count)
    for (camera, frames) in observations.sorted(by: { $0.key < $1.key }) {
      let truthByFrame = Dictionary(grouping: truth[camera] ?? [], by: \.frame)
      for frame in frames {
        let persons = frame.items.filter { $0.detection.category == .person && $0.embedding != nil }
        let owners = Self.owners(
          of: persons.map(\.detection.box), truth: truthByFrame[frame.number] ?? [], rule)
        for (item, owner) in zip(persons, owners) {
          guard let embedding = item.embedding.flatMap({ try? Embedding(normalizing: $0) }) else { continue }
          let quality = item.quality ?? 0
          let band = max(0, (limits.firstIndex { quality < $0 } ?? limits.count - 1) - 1)
          crops[band].append(
            Crop(
              person: owner, camera: camera, frame: frame.number, height: item.detection.box.height,
              embedding: embedding))
        }
      }
    }
    bands = zip(names, crops).map { Self.band($0, $1) }
  }

  private static func owners(of boxes: [BoundingBox], truth: [MOTEntry], _ rule: MatchingRule) -> [Int?] {
    let compared = EvaluationFrame(
      truth: truth.map { LabeledBox(id: $0.id, box: $0.box) },
      results: boxes.map { LabeledBox(id: 0, box: $0) }, rule: rule)
    var owners = [Int?](repeating: nil, count: boxes.count)
    let matches = SparseAssignment.maximize(
      compared.pairs.filter { $0.similarity >= rule.threshold }.map { ($0.truth, $0.result, $0.similarity) })
    for match in matches { owners[match.column] = truth[match.row].id }
    return owners
  }

  private static func band(_ name: String, _ crops: [Crop]) -> Band {
    var band = Band(
      name: name, crops: crops.count,
      meanHeight: crops.isEmpty ? 0 : crops.reduce(0) { $0 + $1.height } / Double(crops.count))
    let known = crops.filter { $0.person != nil }
    let stride = max(1, known.count / mostCompared)
    let chosen = known.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    var same: [Float] = []
    var other: [Float] = []
    for (place, one) in chosen.enumerated() {
      for two in chosen.dropFirst(place + 1) {
        if one.person != two.person {
          other.append(one.embedding.similarity(to: two.embedding))
        } else if one.camera != two.camera || abs(one.frame - two.frame) >= separationInFrames {
          same.append(one.embedding.similarity(to: two.embedding))
        }
      }
    }
    guard !same.isEmpty, !other.isEmpty else { return band }
    band.samePerson = Double(same.reduce(0, +)) / Double(same.count)
    band.otherPerson = Double(other.reduce(0, +)) / Double(other.count)
    band.separation = areaUnderCurve(same, other)
    return band
  }

  /// The rank sum statistic of Mann and Whitney (1947), ties counted half.
  static func areaUnderCurve(_ same: [Float], _ other: [Float]) -> Double {
    let sorted = other.sorted()
    func below(_ value: Float, orEqual: Bool) -> Int {
      var low = 0
      var high = sorted.count
      while low < high {
        let middle = (low + high) / 2
        if orEqual ? sorted[middle] <= value : sorted[middle] < value {
          low = middle + 1
        } else {
          high = middle
        }
      }
      return low
    }
    let wins = same.reduce(0.0) {
      $0 + Double(below($1, orEqual: false) + below($1, orEqual: true)) / 2
    }
    return wins / Double(same.count) / Double(other.count)
  }

  /// A plain table.
  public var table: String {
    func text(_ value: Double?, _ format: String) -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    let head = ["quality", "crops", "height", "same person", "other person", "separation"]
    let lines = bands.map {
      [
        $0.name, String($0.crops), String(format: "%.0f", $0.meanHeight), text($0.samePerson, "%.2f"),
        text($0.otherPerson, "%.2f"), text($0.separation.map { $0 * 100 }, "%.1f"),
      ]
    }
    let widths = head.indices.map { column in ([head] + lines).map { $0[column].count }.max() ?? 0 }
    return ([head] + lines).map { cells in
      cells.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n") + "\n"
  }
}
