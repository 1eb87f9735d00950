import ArgumentParser
import Foundation
import Pipeline
import ThroughlineCore

/// Who in a gallery resembles a person in a photo.
struct GallerySearch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find persons like the one in a photo.",
    discussion: """
      The confidence is the probability that it is the same person, by what this site's own footage has taught about \
      how alike looks of one and of two persons are. Every search is in the audit log.
      """)

  @OptionGroup var place: GalleryPlace
  @Option(help: ArgumentHelp("A photo that shows the person from head to foot.", valueName: "file"))
  var image: String
  @OptionGroup var photo: PhotoArguments
  @OptionGroup var when: WhenArguments
  @Option(help: "How many at most.") var limit = 10
  @Option(
    help: ArgumentHelp("Write the best pictures of each, faces covered, into this folder.", valueName: "dir"))
  var crops: String?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit must be 1 or more") }
  }

  func run() throws {
    let filter = try when.filter()
    let finder = try PhotoArguments.finder(try place.configuration())
    let look = try photo.look(at: image, with: finder, json: output.json)
    let reply = try place.ask(
      .search(
        looks: [look.embedding.values], network: look.network, limit: limit, filter: filter,
        crops: crops.map(GalleryPlace.absolute)
      ), reason: why.reason)
    guard case .found(let hits) = reply else { throw GalleryPlace.strangeAnswer }
    if hits.isEmpty, !when.cameras.isEmpty { when.noteUnknownCameras(in: try place.snapshot().1) }
    try output.write(hits) {
      guard !hits.isEmpty else { return "nobody" }
      var rows = [["id", "confidence", "similarity", "best look", "seen in", "name"]]
      rows += hits.map { hit in
        let cameras = Set(hit.sightings.map(\.camera)).sorted().map(\.rawValue).joined(separator: ",")
        return [
          "\(hit.identity)", String(format: "%.3f", hit.confidence), String(format: "%.3f", hit.similarity),
          "\(hit.camera) \(Moment.text(hit.time))", cameras, hit.name ?? "",
        ]
      }
      let files = hits.flatMap { hit in hit.crops.compactMap { $0.file.map { "wrote \($0)" } } }
      return ([TextTable.text(rows)] + files).joined(separator: "\n")
    }
  }
}
