import ArgumentParser
import Gallery
import Pipeline
import ThroughlineCore

/// Makes one identity two.
struct GallerySplit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split", abstract: "Say that some stays of an identity are another person.",
    discussion: """
      The stays are named by their numbers ('gallery show' lists them), or by cameras and times. The two are never \
      merged again.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The identity's number.") var id: IdentityID
  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("The stays that are another person.", valueName: "number"))
  var sightings: [UInt64] = []
  @OptionGroup var when: WhenArguments
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func run() throws {
    let filter = try when.filter()
    guard sightings.isEmpty != (filter == GallerySearchFilter()) else {
      throw CommandFailure.usage("name the stays with --sightings, or with --cameras, --from and --to")
    }
    let reply = try place.ask(.split(id, sightings: sightings, filter: filter), reason: why.reason)
    guard case .corrected(let report, let count) = reply else { throw GalleryPlace.strangeAnswer }
    try output.write(report) {
      "\(English.count(count, "stay")) of \(report.identity) \(count == 1 ? "is" : "are") identity \(report.other) now (correction \(report.number); 'gallery undo \(report.number)' takes it back)"
    }
  }
}
