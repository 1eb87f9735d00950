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

      With --image every identity goes that is the person in the photo with --confidence, each judged by itself, since \
      one person may have several. Others who resemble the photo are named and kept.
      """)

  @OptionGroup var place: GalleryPlace
  @Argument(help: "The identities' numbers.") var ids: [IdentityID] = []
  @Option(help: ArgumentHelp("Erase whoever is found to be the person in this photo.", valueName: "file"))
  var image: String?
  @OptionGroup var photo: PhotoArguments
  @Option(help: "With --image: the least probability at which an identity is erased.") var confidence = 0.8
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
      try photo.look(at: path, with: PhotoArguments.finder(try place.configuration()), json: output.json)
    }
    let found = try query.map(identities)
    let chosen = found?.map(\.identity) ?? ids
    try confirm(found?.map(Self.text) ?? ids.map(\.description))
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
    let lingering = receipts.filter { !$0.isCompacted }.map(\.identity.description)
    guard lingering.isEmpty else {
      throw CommandFailure.failed(
        "identity \(lingering.joined(separator: ", ")) is erased, but the file's blocks still hold it, sealed: another "
          + "program reads the gallery, or the disk is full; run 'gallery forget \(lingering.joined(separator: " "))' again"
      )
    }
  }

  /// So many of those who resemble a photo are looked at.
  private static let searchLimit = 1000

  private static func text(_ hit: GallerySearchHit) -> String {
    "\(hit.identity) (\(String(format: "%.2f", hit.confidenceAlone)))"
  }

  private func identities(like look: PhotoArguments.Look) throws -> [GallerySearchHit] {
    let reply = try place.ask(
      .likely(looks: [look.embedding.values], network: look.network, limit: Self.searchLimit),
      reason: why.reason.isEmpty ? "to be forgotten" : why.reason)
    guard case .found(let hits) = reply else { throw GalleryPlace.strangeAnswer }
    // Each by itself: two identities of one person share a search's confidence, and both have to go.
    let sure = hits.filter { $0.confidenceAlone >= confidence }
    guard !sure.isEmpty else {
      let best = hits.prefix(3).map(Self.text)
      throw CommandFailure.failed(
        "nobody in the gallery is the person in the photo with a confidence of \(confidence); nearest: "
          + (best.isEmpty ? "nobody" : best.joined(separator: ", "))
          + "; look with 'gallery search' and name the number")
    }
    let near = hits.filter { $0.confidenceAlone < confidence && $0.confidenceAlone >= min(0.1, confidence) }
    if !near.isEmpty {
      Console.write(
        "note: identity \(near.prefix(10).map(Self.text).joined(separator: ", ")) resembles the photo, too, and is kept; "
          + "'gallery forget ID' erases it")
    }
    return sure
  }

  private func confirm(_ chosen: [String]) throws {
    guard !yes, isatty(STDIN_FILENO) == 1 else {
      // By number it is meant as it is written; by a photo somebody has to say yes.
      if image != nil, !yes {
        throw CommandFailure.usage(
          "the photo means identity \(chosen.joined(separator: ", ")); say --yes to erase")
      }
      return
    }
    Console.writeRaw("erase identity \(chosen.joined(separator: ", ")) for good? [y/N] ")
    guard readLine()?.lowercased().hasPrefix("y") == true else {
      throw CommandFailure.failed("nothing was erased")
    }
  }
}
