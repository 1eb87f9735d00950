import ArgumentParser
import Foundation
import Pipeline
import Store
import ThroughlineCore

/// Erases a person.
struct GalleryForget: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Erase a person everywhere and print a receipt.",
    discussion: """
      Erased are name, embeddings, pictures, stays, kept events and entries of the recordings' index, under all numbers \
      that the person had, in the file and in its write-ahead log. 'gallery verify --receipt FILE' checks a receipt. \
      What lies outside of the gallery (event log files, reports, recordings, backups) is up to its owner; the \
      recordings in which the person was recognised are named.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The identities' numbers.") var ids: [IdentityID] = []
  @Option(help: ArgumentHelp("Erase whoever is found to be the person in this photo.", valueName: "file"))
  var image: String?
  @OptionGroup var photo: PhotoArguments
  @Option(help: "With --image: the least confidence at which an identity is erased.") var confidence = 0.8
  @Flag(help: "Do not ask.") var yes = false
  @Option(help: ArgumentHelp("Write the receipts as JSON to this file.", valueName: "file")) var receipt:
    String?
  @OptionGroup var why: ReasonArgument
  @OptionGroup var output: OutputArguments

  func validate() throws {
    if ids.isEmpty == (image == nil) {
      throw ValidationError("give the numbers of identities, or --image FILE")
    }
    if !(0.01...1).contains(confidence) { throw ValidationError("--confidence must be 0.01 to 1") }
  }

  func run() throws {
    let query = try image.map { path in
      try photo.look(at: path, with: PhotoArguments.finder(try place.configuration()))
    }
    let chosen = try query.map(identities) ?? ids
    try confirm(chosen)
    guard
      case .forgotten(let receipts, let recordings) = try place.ask(.forget(chosen), reason: why.reason)
    else { throw GalleryPlace.strangeAnswer }
    if let receipt {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      do { try encoder.encode(receipts).write(to: URL(filePath: receipt), options: .atomic) } catch {
        // It is done all the same, so the receipt must not be lost.
        Console.error("cannot write '\(receipt)': \(error.localizedDescription); here it is")
        print(receipts.map(\.description).joined(separator: "\n\n"))
        throw ExitCode(1)
      }
    }
    for path in recordings { Console.write("note: recognised in the recording \(path), faces covered") }
    try output.write(receipts) { receipts.map(\.description).joined(separator: "\n\n") }
  }

  private func identities(like look: PhotoArguments.Look) throws -> [IdentityID] {
    let reply = try place.ask(
      .search(looks: [look.embedding.values], limit: 20, filter: .init(), crops: nil),
      reason: why.reason.isEmpty ? "to be forgotten" : why.reason)
    guard case .found(let hits) = reply else { throw GalleryPlace.strangeAnswer }
    let sure = hits.filter { $0.confidence >= confidence }
    guard !sure.isEmpty else {
      let best = hits.prefix(3).map { "\($0.identity) (\(String(format: "%.2f", $0.confidence)))" }
      throw CommandFailure.failed(
        "nobody in the gallery is the person in the photo with a confidence of \(confidence); nearest: "
          + (best.isEmpty ? "nobody" : best.joined(separator: ", "))
          + "; look with 'gallery search' and name the number")
    }
    return sure.map(\.identity)
  }

  private func confirm(_ chosen: [IdentityID]) throws {
    guard !yes, isatty(STDIN_FILENO) == 1 else {
      // By number it is meant as it is written; by a photo somebody has to say yes.
      if image != nil, !yes {
        throw CommandFailure.usage(
          "the photo means identity \(chosen.map(\.description).joined(separator: ", ")); say --yes to erase")
      }
      return
    }
    Console.writeRaw("erase identity \(chosen.map(\.description).joined(separator: ", ")) for good? [y/N] ")
    guard readLine()?.lowercased().hasPrefix("y") == true else {
      throw CommandFailure.failed("nothing was erased")
    }
  }
}
