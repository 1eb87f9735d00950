import ArgumentParser
import Pipeline

/// Erases what is older than its retention time.
struct GalleryPrune: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Erase what is older than its retention time, recorded files included.",
    discussion: "A run with a gallery does the same every minute; the times are the keys retention.*.")

  @OptionGroup var place: GalleryPlace
  @OptionGroup var output: OutputArguments

  func run() throws {
    let report = try place.edit { try $0.prune() }
    try output.write(report) {
      var lines = [
        "erased: \(report.crops) pictures, \(report.embeddings) embeddings, \(report.sightings) stays, "
          + "\(report.identities) identities, \(report.events) events, \(report.counts) hourly counts"
      ]
      lines += report.recordings.map { "deleted \($0)" }
      return lines.joined(separator: "\n")
    }
  }
}
