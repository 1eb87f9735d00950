import ArgumentParser
import Configuration
import Media

/// What `run` and `config show` understand: a configuration file, the flags of all keys, and sources.
struct SettingsArguments: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp("Read settings and cameras from this YAML file.", valueName: "file"))
  var file: String?

  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp(
      "Sources (a file, a folder, rtsp://..., /dev/videoN; NAME=SOURCE names the camera) and the flags of keys."
    ))
  var arguments: [String] = []

  /// The configuration in force: built-in values, below the file, below the flags.
  func load(needsSources: Bool) throws -> Configuration {
    var configuration = Configuration()
    do {
      if let file { try configuration.read(file: file) }
      try configuration.read(arguments: arguments)
      if needsSources, configuration.cameras.isEmpty { throw ConfigurationError.noSources }
    } catch let error as ConfigurationError {
      throw CommandFailure.usage("\(error)")
    }
    return configuration
  }

  /// The flags of all keys, for `--help`.
  static var flagsHelp: String {
    var lines: [String] = []
    for key in ConfigurationSchema.standard.keys {
      let flags = key.flags.joined(separator: ", ")
      let value = key.allowed == "true or false" ? "" : " <\(key.allowed)>"
      lines.append("  \(flags)\(value)\n        \(key.summary)")
    }
    return lines.joined(separator: "\n")
  }

  /// A source as it may be printed: without a password.
  static func shown(source: String) -> String {
    (try? SourceAddress(parsing: source))?.description ?? source
  }
}
