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
    guard case .corrected(let report, _) = try place.ask(.merge(id, into: into), reason: why.reason) else {
      throw GalleryPlace.strangeAnswer
    }
    try output.write(report) {
      "identity \(report.other) is \(report.identity) now (correction \(report.number); 'gallery undo \(report.number)' takes it back)"
    }
  }
}
