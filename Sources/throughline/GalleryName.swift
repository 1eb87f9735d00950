import ArgumentParser
import Pipeline
import ThroughlineCore

/// Gives an identity a name.
struct GalleryName: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "name", abstract: "Give an identity a name, or take it away.",
    discussion: """
      Names are off until the configuration has gallery.naming: true and gallery.naming-purpose: WHY. Taking a name \
      away is always allowed.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The identity's number.") var id: IdentityID
  @Argument(help: "The name.") var name: String?
  @Flag(help: "Take the name away.") var remove = false
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if (name == nil) != remove { throw ValidationError("give a name, or --remove") }
  }

  /// What the command says.
  private struct Result: Encodable {
    var identity: IdentityID
    var name: String?
  }

  func run() throws {
    let reply = try place.ask(.name(id, remove ? nil : name), reason: why.reason)
    guard case .named(let identity) = reply else { throw GalleryPlace.strangeAnswer }
    try output.write(Result(identity: identity, name: name)) {
      name.map { "identity \(identity) is \($0) now" } ?? "identity \(identity) has no name now"
    }
  }
}
