import ArgumentParser

/// Measurements on this machine.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure how fast things are on this machine.",
    subcommands: [
      BenchStreams.self, BenchStages.self, BenchSoak.self, BenchSearch.self, BenchAssociation.self,
    ])
}
