import ArgumentParser
import Gallery
import Pipeline
import Store
import ThroughlineCore

/// How much a gallery holds.
struct GalleryStats: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show how much of each kind of data is kept, and for how long.")

  @OptionGroup var place: GalleryPlace
  @OptionGroup var output: OutputArguments

  func run() throws {
    let (settings, snapshot) = try place.snapshot()
    let report = GalleryStatistics(snapshot, settings: settings)
    try output.write(report) {
      var rows = [["kind", "records", "oldest (UTC)", "kept for"]]
      rows += report.classes.map { entry in
        [
          entry.kind, "\(entry.records)", entry.oldest.map(Moment.text) ?? "-",
          Self.duration(entry.keptForHours),
        ]
      }
      var files = report.recordings.prefix(Self.shownRecordings).map { recording in
        "\(recording.path) is deleted on \(Moment.text(recording.deletedFrom)) UTC"
      }
      if report.recordings.count > files.count {
        files.append("and \(report.recordings.count - files.count) more recordings (--json names all)")
      }
      return TextTable.text(rows) + "\n\n" + (files.isEmpty ? "" : files.joined(separator: "\n") + "\n\n")
        + TextTable.text([
          ["identities", "\(report.identities), \(report.named) with a name"],
          ["network", report.network ?? "none yet"],
          ["file", "\(report.fileBytes / 1024) KiB, write-ahead log \(report.logBytes / 1024) KiB"],
          ["key", report.keyIdentifier],
          ["audit log", English.count(report.auditEntries, "entry", "entries")],
        ])
    }
  }

  private static let shownRecordings = 20

  private static func duration(_ hours: Double) -> String {
    hours >= 48 ? "\(Self.number(hours / 24)) days" : "\(Self.number(hours)) hours"
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String((value * 10).rounded() / 10)
  }
}
