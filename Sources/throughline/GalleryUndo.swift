import ArgumentParser
import Gallery
import Pipeline

/// Takes back a merge or a split.
struct GalleryUndo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take back a merge or a split: a person's latest, or the one with a number.",
    discussion: "Two identities whose merge was taken back are not merged again by themselves.")

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The correction's number, as 'gallery show' tells it.") var correction: UInt64?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func run() throws {
    let undone = try place.edit { try $0.undo(correction.map(CorrectionID.init), reason: why.reason) }
    let report = GalleryCorrectionReport(undone)
    try output.write(report) {
      "the \(report.kind) of \(report.identity) and \(report.other) (correction \(report.number)) is taken back"
    }
  }
}
