import ArgumentParser
import Pipeline
import ThroughlineCore

/// Says that two identities are two people.
struct GalleryNotSame: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "not-same", abstract: "Say that two identities are two people, for good.")

  @OptionGroup var place: GalleryPlace
  @Argument(help: "One.") var one: IdentityID
  @Argument(help: "The other.") var other: IdentityID
  @Flag(help: "Take it back.") var undo = false
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  /// What the command says.
  private struct Result: Encodable {
    var identities: [IdentityID]
    var isNotSame: Bool
    var changed: Bool
    var correction: UInt64?
  }

  func run() throws {
    var result = Result(identities: [one, other], isNotSame: !undo, changed: true)
    switch try place.ask(.notSame(one, other, isTakenBack: undo), reason: why.reason) {
    case .corrected(let report, _): result.correction = report.number
    case .takenBack: break
    case .unchanged: result.changed = false
    default: throw GalleryPlace.strangeAnswer
    }
    let (changed, correction) = (result.changed, result.correction)
    try output.write(result) {
      if undo {
        changed
          ? "\(one) and \(other) may be found to be the same again"
          : "nobody had said that \(one) and \(other) differ"
      } else {
        correction.map {
          "\(one) and \(other) are two people for good ('gallery undo \($0)' takes it back)"
        } ?? "\(one) and \(other) were two people already"
      }
    }
  }
}
