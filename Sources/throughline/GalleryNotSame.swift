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
  }

  func run() throws {
    let changed = try place.edit { session in
      if undo { return try session.removeNotSame(one, other, reason: why.reason) }
      try session.declareNotSame(one, other, reason: why.reason)
      return true
    }
    try output.write(Result(identities: [one, other], isNotSame: !undo, changed: changed)) {
      if undo {
        changed
          ? "\(one) and \(other) may be found to be the same again"
          : "nobody had said that \(one) and \(other) differ"
      } else {
        "\(one) and \(other) are two people for good ('gallery not-same \(one) \(other) --undo' takes it back)"
      }
    }
  }
}
