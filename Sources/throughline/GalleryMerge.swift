import ArgumentParser
import Gallery
import Pipeline
import ThroughlineCore

/// Makes two identities one.
struct GalleryMerge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Say that two identities are one person; teaches the thresholds.")

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The number that is given up; it means the other one from now on.") var id: IdentityID
  @Option(help: ArgumentHelp("The identity that stays.", valueName: "id")) var into: IdentityID
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func run() throws {
    let record = try place.edit { try $0.merge(id, into: into, reason: why.reason) }
    try output.write(GalleryCorrectionReport(.merge(record))) {
      "identity \(record.absorbed.id) is \(record.survivor.id) now (correction \(record.id); 'gallery undo \(record.id)' takes it back)"
    }
  }
}
