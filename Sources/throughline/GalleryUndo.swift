import ArgumentParser
import Gallery
import Pipeline

/// Takes back a merge, a split or a veto.
struct GalleryUndo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo",
    abstract: "Take back a merge, a split or a not-same: a person's latest, or the one with a number.",
    discussion: """
      What the correction had taught the thresholds is taken back with it. Two identities whose merge was taken back are \
      not merged again by themselves. A name is changed by giving another one: old names are not kept.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The correction's number, as 'gallery show' tells it.") var correction: UInt64?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func run() throws {
    guard case .corrected(let report, _) = try place.ask(.undo(correction), reason: why.reason) else {
      throw GalleryPlace.strangeAnswer
    }
    try output.write(report) {
      "the \(report.kind) of \(report.identity) and \(report.other) (correction \(report.number)) is taken back"
    }
  }
}
