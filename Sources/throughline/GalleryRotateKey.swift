import ArgumentParser
import Foundation
import Pipeline
import Store

/// Renews a gallery's key.
struct GalleryRotateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key", abstract: "Seal the gallery with a new key and transform its embeddings anew.",
    discussion: """
      The key file keeps its place and gets a new key; --to-key-file or --to-passphrase-environment chooses another \
      protection. Older copies of the file cannot be joined with the new one; they still open with the old key, so \
      destroy that, too. A kill at any moment leaves either the old or the new state. A run that holds the gallery does it \
      itself and goes on meanwhile.
      """)

  @OptionGroup var place: GalleryPlace
  @Option(help: ArgumentHelp("Take this key file from now on; made where it is missing.", valueName: "file"))
  var toKeyFile: String?
  @Option(
    help: ArgumentHelp("Take the passphrase in this environment variable from now on.", valueName: "name"))
  var toPassphraseEnvironment: String?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if toKeyFile != nil, toPassphraseEnvironment != nil {
      throw ValidationError("give --to-key-file or --to-passphrase-environment, not both")
    }
  }

  /// What the command says.
  private struct Result: Encodable {
    var from: String
    var to: String
  }

  func run() throws {
    var passphrase: String?
    if let variable = toPassphraseEnvironment {
      guard let words = ProcessInfo.processInfo.environment[variable], !words.isEmpty else {
        throw CommandFailure.usage(
          "the environment variable \(variable) is not set or empty; put the passphrase into it")
      }
      passphrase = words
    }
    let reply = try place.ask(
      .rotateKey(keyFile: toKeyFile.map(GalleryPlace.absolute), passphrase: passphrase), reason: why.reason)
    guard case .rotated(let from, let to) = reply else { throw GalleryPlace.strangeAnswer }
    try output.write(Result(from: from, to: to)) { "key \(from) is replaced by \(to)" }
  }
}
