import ArgumentParser
import Configuration
import Foundation
import Gallery
import Pipeline
import Store
import ThroughlineCore

/// Everything about a gallery's file.
struct GalleryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gallery",
    abstract: "List, search, correct, forget, export and check the identities of a gallery file.",
    discussion: """
      A gallery is what 'throughline run --gallery FILE' keeps. Searches, names, corrections, exports and erasures are \
      noted in its audit log before they are done. While a run writes a gallery, it does what it is asked for: search, \
      name, merge, split, not-same, undo, forget, export and rotate-key; list, show, stats, verify and audit read the \
      file. enrol, import and prune wait for the run's end.
      """,
    subcommands: [
      GalleryList.self, GalleryShow.self, GallerySearch.self, GalleryName.self, GalleryEnrol.self,
      GalleryMerge.self, GallerySplit.self, GalleryNotSame.self, GalleryUndo.self, GalleryForget.self,
      GalleryExport.self, GalleryImport.self, GalleryPrune.self, GalleryStats.self, GalleryVerify.self,
      GalleryAudit.self, GalleryRotateKey.self,
    ])
}

/// Which gallery, and what opens it.
struct GalleryPlace: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "Read the settings gallery.*, retention.* and models from this file.", valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp("The gallery's file; otherwise gallery.file of the configuration.", valueName: "file"))
  var gallery: String?

  @Option(help: ArgumentHelp("The gallery's key file.", valueName: "file"))
  var keyFile: String?

  @Option(
    help: ArgumentHelp("The environment variable that holds the gallery's passphrase.", valueName: "name"))
  var passphraseEnvironment: String?

  /// The configuration in force.
  func configuration() throws -> Configuration {
    var configuration = Configuration()
    do { if let config { try configuration.read(file: config) } } catch {
      throw CommandFailure.usage("\(error)")
    }
    func set(_ key: String, _ value: String?, _ flag: String) {
      if let value { configuration.set(key, to: .text(value), from: .flag(flag)) }
    }
    set("gallery.file", gallery, "--gallery")
    set("gallery.key-file", keyFile, "--key-file")
    set("gallery.passphrase-environment", passphraseEnvironment, "--passphrase-environment")
    guard configuration.text("gallery.file") != nil else {
      throw CommandFailure.usage("no gallery is named; name one with --gallery FILE")
    }
    return configuration
  }

  func settings() throws -> GallerySettings {
    try GalleryPlace.describing {
      try GallerySettings(configuration(), environment: ProcessInfo.processInfo.environment)
    }
  }

  /// Reads the gallery without holding it.
  func snapshot() throws -> (GallerySettings, GallerySnapshot) {
    let settings = try settings()
    return try GalleryPlace.describing {
      (settings, try GallerySnapshot(path: settings.file ?? "", credential: settings.credential()))
    }
  }

  /// Has something done to the gallery: here, or by the run that holds it.
  func ask(_ action: GalleryRequest.Action, reason: String) throws -> GalleryReply {
    let settings = try settings()
    return try GalleryPlace.describing { try GalleryRequest(action, reason: reason).perform(settings) }
  }

  /// What is said where an answer is of another kind than the question.
  static let strangeAnswer = CommandFailure.failed(
    "the run that holds the gallery gave an answer of another version; use the same program")

  /// A path that another process understands.
  static func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

  /// Opens the gallery, does something with it, and lets it go.
  func edit<Result>(_ body: (GallerySession) throws -> Result) throws -> Result {
    let settings = try settings()
    return try GalleryPlace.describing {
      let session = try GallerySession(settings, actor: Actor.current)
      do {
        let result = try body(session)
        try session.close()
        return result
      } catch {
        try? session.close()
        throw error
      }
    }
  }

  /// Turns the library's errors into this program's.
  static func describing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let failure as CommandFailure {
      throw failure
    } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch let error as GalleryError {
      throw CommandFailure.failed("\(error)")
    } catch let error as ExitCode {
      throw error
    } catch {
      throw CommandFailure.failed("\(error)")
    }
  }
}

/// How results are written.
struct OutputArguments: ParsableArguments {
  @Flag(help: "Write JSON; times are seconds since 1970-01-01T00:00:00Z.") var json = false

  /// Prints a value as JSON, or else as text.
  func write(_ value: some Encodable, text: () -> String) throws {
    guard json else {
      let text = text()
      if !text.isEmpty { print(text) }
      return
    }
    try Self.printJSON(value)
  }

  /// Prints a value as JSON.
  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do { print(String(decoding: try encoder.encode(value), as: UTF8.self)) } catch {
      throw CommandFailure.failed("the result cannot be written as JSON: \(error)")
    }
  }
}

/// Why something is done, for the audit log.
struct ReasonArgument: ParsableArguments {
  @Option(help: ArgumentHelp("Why; written into the audit log.", valueName: "text")) var reason = ""
}

/// At which times and in which cameras.
struct WhenArguments: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Only persons who were in these cameras.", valueName: "camera"))
  var cameras: [String] = []
  @Option(
    help: ArgumentHelp(
      "Only from this moment on: 2026-03-01, 2026-03-01T12:00, 2026-03-01T12:00:00Z, or 2h, 30m, 7d ago.",
      valueName: "time"))
  var from: String?
  @Option(help: ArgumentHelp("Only until this moment, written likewise.", valueName: "time")) var to: String?

  func filter() throws -> GallerySearchFilter {
    let names = try cameras.map { text in
      guard let name = CameraName(text) else { throw CommandFailure.usage("'\(text)' is no camera's name") }
      return name
    }
    let filter = GallerySearchFilter(
      cameras: names.isEmpty ? nil : Set(names), from: try from.map { try Moment.parse($0) },
      to: try to.map { try Moment.parse($0) })
    if let from = filter.from, let to = filter.to, to < from {
      throw CommandFailure.usage("--to lies before --from; exchange them")
    }
    return filter
  }
}

extension WhenArguments {
  /// Says so where nobody was ever in one of the cameras: most likely it is called otherwise.
  func noteUnknownCameras(in snapshot: GallerySnapshot) {
    guard !cameras.isEmpty else { return }
    let known = Set(
      snapshot.contents.identities.values.flatMap { record in
        record.sightings.map(\.sighting.camera) + record.prototypes.map(\.prototype.camera)
      }.map(\.rawValue))
    for camera in cameras where !known.contains(camera) {
      let names = known.isEmpty ? "nobody" : "persons in " + known.sorted().joined(separator: ", ")
      Console.write("note: nobody was seen in a camera '\(camera)'; the gallery knows \(names)")
    }
  }
}

/// Moments as people write and read them.
enum Moment {
  /// A moment in UTC, or so long ago.
  static func parse(_ text: String, now: Double = Date().timeIntervalSince1970) throws -> Timestamp {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    if let unit = text.last.flatMap({ units[$0] }), let count = Double(text.dropLast()), count >= 0 {
      return Timestamp(seconds: now - count * unit)
    }
    for format in ["yyyy-MM-dd'T'HH:mm:ssXXXXX", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd"]
    {
      let formatter = DateFormatter()
      formatter.locale = Locale(identifier: "en_US_POSIX")
      formatter.timeZone = TimeZone(secondsFromGMT: 0)
      formatter.dateFormat = format
      formatter.isLenient = false
      if let date = formatter.date(from: text) { return Timestamp(seconds: date.timeIntervalSince1970) }
    }
    throw CommandFailure.usage(
      "'\(text)' is no moment; write 2026-03-01, 2026-03-01T12:00, 2026-03-01T12:00:00Z, or 2h, 30m, 7d for so long ago"
    )
  }

  /// `2026-03-01 12:00:00`, in UTC.
  static func text(_ time: Timestamp) -> String {
    String(EventRecord.text(of: time).prefix(19)).replacing("T", with: " ")
  }
}

/// An identity's number on the command line.
extension IdentityID: ExpressibleByArgument {
  /// The identity of a number above 0.
  public init?(argument: String) {
    guard let number = UInt64(argument), number > 0 else { return nil }
    self.init(number)
  }
}
