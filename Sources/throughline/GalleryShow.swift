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
      let living = report.summary.identity
      report.crops = try GalleryPlace.describing {
        try snapshot.writeCrops(of: living, credential: settings.credential(), into: crops)
      }
      let unreadable = report.crops.count { $0.file == nil }
      if unreadable > 0 {
        Console.write("note: \(unreadable) pictures are damaged or gone by now; 'gallery verify' names them")
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
    if report.sightings.isEmpty {
      lines.append("journey: no stays are kept")
    } else {
      lines.append("journey:")
      lines.append(
        TextTable.text(
          report.sightings.map { stay in
            [
              "  #\(stay.number)", stay.camera.rawValue, Moment.text(stay.begin),
              "to \(Moment.text(stay.end))",
              String(format: "%.2f", stay.confidence) + (why ? "  \(stay.why)" : ""),
            ]
          }))
    }
    for correction in report.corrections {
      let other =
        switch correction.kind {
        case "merge": "\(correction.other) merged into \(correction.identity)"
        case "split": "\(correction.other) split off \(correction.identity)"
        default: "\(correction.identity) and \(correction.other) are not the same"
        }
      var line =
        "correction \(correction.number): \(other), \(Moment.text(correction.time)), by \(correction.source)"
      if why { line += String(format: ", %.2f", correction.confidence) + ": \(correction.why)" }
      lines.append(line)
    }
    lines += report.crops.compactMap { $0.file.map { "wrote \($0)" } }
    return lines.joined(separator: "\n")
  }
}
