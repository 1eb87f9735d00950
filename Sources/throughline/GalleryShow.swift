import ArgumentParser
import Foundation
import Pipeline
import ThroughlineCore

/// One identity.
struct GalleryShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one identity: its journey, its pictures, and why it was decided so.")

  @OptionGroup var place: GalleryPlace
  @OptionGroup var output: OutputArguments
  @Argument(help: "The identity's number.") var id: IdentityID
  @Flag(help: "Say for each decision why it was made.") var why = false
  @Option(
    help: ArgumentHelp("Write the person's pictures, faces covered, into this folder.", valueName: "dir"))
  var crops: String?

  func run() throws {
    let (settings, snapshot) = try place.snapshot()
    var report = try GalleryPlace.describing {
      try snapshot.report(on: id, showsNames: settings.namingPurpose != nil)
    }
    if let crops {
      report.crops = try place.edit { session in
        try session.writeCrops(
          session.bestCrops(of: id, limit: .max), of: report.summary.identity, into: crops)
      }
    }
    let shown = report
    try output.write(shown) { text(of: shown) }
  }

  private func text(of report: GalleryIdentityReport) -> String {
    let summary = report.summary
    var lines = ["identity \(summary.identity)" + (summary.name.map { " (\($0))" } ?? "")]
    if summary.identity != id { lines[0] += ", which \(id) was merged into" }
    if !report.alsoKnownAs.isEmpty {
      lines.append("also known as: \(report.alsoKnownAs.map(\.description).joined(separator: ", "))")
    }
    lines.append("seen: \(Moment.text(summary.firstSeen)) to \(Moment.text(summary.lastSeen)) UTC")
    lines.append("kept: \(summary.embeddings) embeddings, \(report.crops.count) pictures")
    if !report.notSameAs.isEmpty {
      lines.append("not the same as: \(report.notSameAs.map(\.description).joined(separator: ", "))")
    }
    lines.append("journey:")
    lines.append(
      TextTable.text(
        report.sightings.map { stay in
          [
            "  #\(stay.number)", stay.camera.rawValue, Moment.text(stay.begin), "to \(Moment.text(stay.end))",
            String(format: "%.2f", stay.confidence) + (why ? "  \(stay.why)" : ""),
          ]
        }))
    for correction in report.corrections {
      let other =
        correction.kind == "merge"
        ? "\(correction.other) merged into \(correction.identity)"
        : "\(correction.other) split off \(correction.identity)"
      var line =
        "correction \(correction.number): \(other), \(Moment.text(correction.time)), by \(correction.source)"
      if why { line += String(format: ", %.2f", correction.confidence) + ": \(correction.why)" }
      lines.append(line)
    }
    lines += report.crops.compactMap { $0.file.map { "wrote \($0)" } }
    return lines.joined(separator: "\n")
  }
}
