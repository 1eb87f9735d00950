import ArgumentParser
import Pipeline
import ThroughlineCore

/// Takes over another gallery's identities.
struct GalleryImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take over another gallery's identities under new numbers.",
    discussion: """
      Both must come from the same re-ID network. Stays, embeddings, pictures and events come along, and count for their \
      retention time from when they were taken; names only where names are on here. Corrections, learned thresholds, \
      counts, recordings and the audit log do not.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The other gallery's file.") var other: String
  @Option(help: ArgumentHelp("The other gallery's key file.", valueName: "file")) var otherKeyFile: String?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  /// An identity's number there and here.
  private struct Row: Encodable {
    var from: IdentityID
    var to: IdentityID
  }

  func run() throws {
    var elsewhere = try place.settings()
    elsewhere.file = other
    elsewhere.keyFile = otherKeyFile
    let settings = elsewhere
    let (numbers, archive) = try place.edit { try $0.importGallery(from: settings, reason: why.reason) }
    let rows = numbers.map { Row(from: $0.0, to: $0.1) }
    try output.write(rows) {
      English.count(rows.count, "identity", "identities") + " taken over"
        + (rows.first.flatMap { first in rows.last.map { "; their numbers are \(first.to) to \($0.to) here" }
        } ?? "") + "; \(archive.crops) pictures and \(archive.events) events came along"
        + (archive.leftOut == 0 ? "" : ", \(archive.leftOut) of persons who are gone there did not")
        + (archive.unreadable == 0 ? "" : ", \(archive.unreadable) are damaged there and did not")
    }
  }
}
