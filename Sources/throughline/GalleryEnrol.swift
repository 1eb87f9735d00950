import ArgumentParser
import Pipeline
import ThroughlineCore

/// Makes a person known from photos.
struct GalleryEnrol: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enrol", abstract: "Make a person known from photos, under a name.",
    discussion: """
      Off until the configuration has gallery.naming: true and gallery.naming-purpose: WHY. The photos' faces are \
      covered before a picture is kept.
      """)

  @OptionGroup var place: GalleryPlace
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Photos that show the person from head to foot.", valueName: "file"))
  var image: [String]
  @OptionGroup var photo: PhotoArguments
  @Option(help: "The person's name.") var name: String?
  @Option(help: ArgumentHelp("Add the photos to this identity instead of making one.", valueName: "id"))
  var identity: IdentityID?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if name == nil, identity == nil {
      throw ValidationError("give --name, or --identity for one that is known")
    }
    if photo.person != nil, image.count > 1 {
      throw ValidationError("--person is about one photo; enrol the others separately with --identity")
    }
  }

  /// What the command says.
  private struct Result: Encodable {
    var identity: IdentityID
    var photos: Int
  }

  func run() throws {
    let configuration = try place.configuration()
    // Before anything is looked at: where names are off, no face and no embedding is made.
    let settings = try place.settings()
    guard settings.namingPurpose != nil else {
      throw CommandFailure.usage(
        "enrolment is off; set gallery.naming: true and gallery.naming-purpose: WHY in the configuration to allow it"
      )
    }
    let finder = try PhotoArguments.finder(configuration)
    let looks = try image.map { path in
      let look = try photo.look(at: path, with: finder, json: output.json)
      return EnrolledLook(
        embedding: look.embedding, quality: max(0.1, look.person.quality), picture: look.picture)
    }
    let enrolled = try place.edit { session in
      try session.enrol(looks, network: finder.network, name: name, as: identity, reason: why.reason)
    }
    try output.write(Result(identity: enrolled, photos: looks.count)) {
      "identity \(enrolled): \(English.count(looks.count, "photo")) enrolled"
    }
  }
}
