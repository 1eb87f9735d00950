import Association
import Foundation
import Media
import ThroughlineCore

/// What a run did, camera by camera; printed at its end.
public struct RunSummary: Sendable, Hashable, Codable {
  /// One camera's figures.
  public struct Camera: Sendable, Hashable, Codable {
    /// The camera.
    public var name: CameraName
    /// Frames that came out of the decoder.
    public var framesIn = 0
    /// Frames that were analysed and went out.
    public var framesOut = 0
    /// Frames dropped because we were late.
    public var dropped = 0
    /// Frames on which the detector ran.
    public var detected = 0
    /// Sightings that began.
    public var sightings = 0
    /// Identities seen.
    public var persons = 0
    /// What became of it.
    public var state = ""

    /// A camera that has done nothing yet.
    public init(name: CameraName) { self.name = name }
  }

  /// The cameras in the order in which they were named.
  public var cameras: [Camera]
  /// How long the run took, in seconds.
  public var elapsed: Double
  /// Identities seen in all.
  public var persons: Int
  /// Embeddings made.
  public var embeddings: Int
  /// Where results were written.
  public var outputs: [String]
  /// What went wrong without ending the run.
  public var warnings: [String]
  /// Delays, conditions and networks.
  public var figures: RunFigures?
  /// What was learned, in this run and before, about who can come from where.
  public var ways: [CameraRelation]?

  /// A summary by its parts.
  public init(
    cameras: [Camera], elapsed: Double, persons: Int, embeddings: Int, outputs: [String] = [],
    warnings: [String] = []
  ) {
    self.cameras = cameras
    self.elapsed = elapsed
    self.persons = persons
    self.embeddings = embeddings
    self.outputs = outputs
    self.warnings = warnings
  }

  /// The table as text.
  public var table: String {
    var rows = [["camera", "frames", "FPS", "detected", "dropped", "sightings", "persons", "state"]]
    for camera in cameras {
      rows.append([
        camera.name.rawValue, String(camera.framesOut), Self.rate(camera.framesOut, elapsed),
        String(camera.detected),
        String(camera.dropped), String(camera.sightings), String(camera.persons), camera.state,
      ])
    }
    let total = cameras.reduce(into: Camera(name: CameraName(sanitizing: "all"))) { sum, camera in
      sum.framesOut += camera.framesOut
      sum.detected += camera.detected
      sum.dropped += camera.dropped
      sum.sightings += camera.sightings
    }
    rows.append([
      "all", String(total.framesOut), Self.rate(total.framesOut, elapsed), String(total.detected),
      String(total.dropped), String(total.sightings), String(persons), "",
    ])
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return (1...6).contains(column) ? padding + row[column] : row[column] + padding
      }.joined(separator: "  ").trimmingSuffix { $0 == " " }
    }.joined(separator: "\n")
  }

  /// What the networks did, as text; empty where none ran. Times in milliseconds.
  public var networkTable: String {
    let networks = (figures?.networks ?? []).filter { $0.runs + $0.dropped > 0 }
    return networks.isEmpty ? "" : RunFigures.table(of: networks, elapsed: elapsed)
  }

  /// What was learned about the ways between cameras, as text; empty where nothing was.
  public var wayTable: String {
    var lines: [String] = []
    let ways = ways ?? []
    for way in ways {
      let isToldOfTheOther =
        way.to < way.from
        && ways.contains(where: { $0.from == way.to && $0.to == way.from && $0.isOverlapping })
      if way.isOverlapping, !isToldOfTheOther {
        lines.append(
          "\(way.from) and \(way.to) see a common place (\(way.together) people were in both at once)")
      }
      if !way.isOverlapping, let seconds = way.seconds {
        lines.append(
          "from \(way.from) to \(way.to): \(way.arrivals) people, mostly \(Int(seconds.lowerBound.rounded())) to \(Int(seconds.upperBound.rounded())) s"
        )
      }
    }
    return lines.joined(separator: "\n")
  }

  /// A camera's state at the end, with what was wrong with it meanwhile.
  static func state(
    phase: SourceStatus.Phase, condition figures: CameraLane.Figures, interruptions: Int
  ) -> String {
    var parts = [phase.rawValue]
    for (condition, seconds) in figures.conditionSeconds.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where seconds >= 0.5 {
      parts.append("\(condition.rawValue) for \(Int(seconds.rounded())) s")
    }
    if interruptions > 0 { parts.append("lost \(interruptions == 1 ? "once" : "\(interruptions) times")") }
    return parts.joined(separator: ", ")
  }

  /// Writes everything as JSON.
  ///
  /// - Returns: what went wrong, in one line.
  func write(to path: String) -> String? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { try encoder.encode(self).write(to: URL(filePath: path), options: .atomic) } catch {
      return
        "cannot write the summary '\(path)': \(error.localizedDescription); choose another file with --summary"
    }
    return nil
  }

  private static func rate(_ count: Int, _ seconds: Double) -> String {
    guard seconds > 0 else { return "-" }
    let tenths = Int((Double(count) / seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, predicate(last) { text.removeLast() }
    return text
  }
}
