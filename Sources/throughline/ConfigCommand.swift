import ArgumentParser
import Configuration
import Foundation

/// Everything about settings.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show what is set, and what can be set.",
    subcommands: [Show.self, Reference.self], defaultSubcommand: Show.self)

  /// What is in force.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print every key that is in force and where its value came from.",
      discussion: "Takes the same flags and sources as 'throughline run'.")

    @OptionGroup var settings: SettingsArguments

    func run() throws {
      let configuration = try settings.load(needsSources: false)
      let keys = configuration.schema.keys
      let width = keys.map(\.name.count).max() ?? 0
      for key in keys {
        let entry = configuration.entry(key.name)
        let name = key.name.padding(toLength: width, withPad: " ", startingAt: 0)
        print("\(name)  \(entry.value)  (\(entry.origin))")
      }
      for camera in configuration.cameras {
        print(
          "\ncamera \(camera.name): \(SettingsArguments.shown(source: camera.source))  (\(camera.origin))")
        for (key, entry) in camera.overrides.sorted(by: { $0.key < $1.key }) {
          print("  \(key)  \(entry.value)  (\(entry.origin))")
        }
      }
    }
  }

  /// The reference page.
  struct Reference: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print Documentation/configuration.md, made from the list of keys.")

    func run() throws { print(ConfigurationReference.markdown(of: .standard), terminator: "") }
  }
}
