import ArgumentParser
import Foundation
import Pipeline
import ThroughlineCore

/// Who is in a gallery.
struct GalleryList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List identities, those seen last first.")

  @OptionGroup var place: GalleryPlace
  @OptionGroup var when: WhenArguments
  @OptionGroup var output: OutputArguments
  @Option(help: "How many at most; 0 is all.") var limit = 100

  func run() throws {
    let (settings, snapshot) = try place.snapshot()
    let all = snapshot.list(showsNames: settings.namingPurpose != nil, filter: try when.filter())
    when.noteUnknownCameras(in: snapshot)
    let entries = Array(limit > 0 ? all.prefix(limit) : all[...])
    try output.write(entries) {
      guard !entries.isEmpty else { return "nobody" }
      var rows = [
        ["id", "first seen (UTC)", "last seen (UTC)", "stays", "looks", "pictures", "cameras", "name"]
      ]
      rows += entries.map { entry in
        [
          "\(entry.identity)", Moment.text(entry.firstSeen), Moment.text(entry.lastSeen),
          "\(entry.sightings)",
          "\(entry.embeddings)", "\(entry.crops)", entry.cameras.map(\.rawValue).joined(separator: ","),
          entry.name ?? "",
        ]
      }
      let rest = all.count - entries.count
      return TextTable.text(rows) + (rest > 0 ? "\nand \(rest) more; --limit 0 shows all" : "")
    }
  }
}
