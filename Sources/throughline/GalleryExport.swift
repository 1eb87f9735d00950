import ArgumentParser
import Foundation
import Pipeline
import ThroughlineCore

/// Gives data out.
struct GalleryExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Give out one person's data, everybody's face covered, or a copy of the gallery.",
    discussion: """
      With a number: person.json and pictures in a folder, for that person (GDPR, article 15). Without one: --to-gallery \
      FILE with a key of its own, for another site or as a backup: identities, names, stays, embeddings, pictures with \
      covered faces, events and counts. The audit log and the index of recordings stay. 'gallery import' takes it over.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The identity's number.") var id: IdentityID?
  @Option(
    name: .customLong("output"), help: ArgumentHelp("The folder of the person's data.", valueName: "dir"))
  var folder: String?
  @Option(help: ArgumentHelp("Write all identities into this new gallery file.", valueName: "file"))
  var toGallery: String?
  @Option(help: ArgumentHelp("The new gallery's key file; made where it is missing.", valueName: "file"))
  var toKeyFile: String?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    let isPerson = id != nil && folder != nil && toGallery == nil
    let isWhole = id == nil && folder == nil && toGallery != nil && toKeyFile != nil
    guard isPerson || isWhole else {
      throw ValidationError("give ID --output DIR, or --to-gallery FILE --to-key-file FILE")
    }
  }

  func run() throws {
    let action: GalleryRequest.Action
    if let id, let folder {
      action = .export(id, folder: GalleryPlace.absolute(folder))
    } else if let toGallery, let toKeyFile {
      action = .exportAll(
        gallery: GalleryPlace.absolute(toGallery), keyFile: GalleryPlace.absolute(toKeyFile))
    } else {
      return
    }
    guard case .wrote(let files, let unreadable) = try place.ask(action, reason: why.reason) else {
      throw GalleryPlace.strangeAnswer
    }
    if unreadable > 0 {
      Console.write(
        "note: \(unreadable) pictures and events are damaged and left out; 'gallery verify' names them")
    }
    try output.write(files) { files.map { "wrote \($0)" }.joined(separator: "\n") }
  }
}
