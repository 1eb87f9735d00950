import ArgumentParser
import Foundation
import Models
import Pipeline
import ThroughlineCore

/// Everything about models.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List, fetch, verify, measure and quantise the networks of the zoo.",
    subcommands: [List.self, Fetch.self, Show.self, Verify.self, Bench.self, Compile.self])

  /// Where models are kept.
  struct Place: ParsableArguments {
    @Option(help: ArgumentHelp("Keep models here instead of the user's cache.", valueName: "dir"))
    var directory: String?

    func loader() throws -> NetworkLoader {
      do {
        return try NetworkLoader(directory: directory, environment: ProcessInfo.processInfo.environment)
      } catch { throw CommandFailure.failed("\(error)") }
    }
  }

  /// What there is.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List all models; * marks what is used by default.")

    @OptionGroup var place: Place

    func run() throws {
      let loader = try place.loader()
      let width = loader.zoo.entries.map(\.name.count).max() ?? 0
      for entry in loader.zoo.entries {
        let mark = entry.isDefault ? "*" : " "
        let name = entry.name.padding(toLength: width, withPad: " ", startingAt: 0)
        let task = entry.task.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
        let state = loader.store.isPresent(entry) ? "here   " : "missing"
        print("\(mark) \(name)  \(task) \(state)  \(entry.summary)")
      }
      for problem in loader.problems { Console.error(problem) }
    }
  }

  /// Brings models to this machine.
  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetch models from Python's package index or from a mirror folder, and check their hashes.")

    @OptionGroup var place: Place
    @Argument(help: "The models' names.") var names: [String] = []
    @Flag(name: .customLong("default"), help: "Fetch every model that is used by default.") var defaults =
      false
    @Flag(help: "Fetch the runtime that runs the models.") var runtime = false
    @Option(help: ArgumentHelp("Take files from this folder where it has them, by hash.", valueName: "dir"))
    var mirror: String?
    @Option(help: ArgumentHelp("The source tree, for models that lie in it.", valueName: "dir"))
    var repository: [String] = ["."]

    func run() throws {
      let loader = try place.loader()
      var entries = try names.map { name in
        do { return try loader.zoo.entry(named: name) } catch { throw CommandFailure.usage("\(error)") }
      }
      if runtime { entries += loader.zoo.entries.filter { $0.task == .runtime } }
      if defaults { entries += loader.zoo.entries.filter { $0.isDefault && $0.task != .runtime } }
      guard !entries.isEmpty else {
        throw CommandFailure.usage(
          "name the models to fetch, or use --default and --runtime; 'throughline models list' shows all")
      }
      for entry in entries { try fetch(entry, with: loader) }
    }

    private func fetch(_ entry: ModelEntry, with loader: NetworkLoader) throws {
      let bar = ProgressBar(title: "fetching")
      do {
        let path = try loader.store.fetch(entry, mirror: mirror, repository: repository) { progress in
          if case .downloading(_, let received, let total?) = progress, total > 0 {
            bar.show(fraction: Double(received) / Double(total), note: progress.text)
          } else {
            bar.show(fraction: nil, note: progress.text)
          }
        }
        bar.finish(note: entry.name)
        print("\(entry.name): \(path)")
      } catch {
        bar.finish(note: "\(entry.name) failed")
        throw CommandFailure.failed("\(error)")
      }
    }
  }

  /// All about one model.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print everything that is known about a model.")

    @OptionGroup var place: Place
    @Argument(help: "The model's name.") var name: String

    func run() throws {
      let loader = try place.loader()
      let entry: ModelEntry
      do { entry = try loader.zoo.entry(named: name) } catch { throw CommandFailure.usage("\(error)") }
      func line(_ label: String, _ text: String) {
        print(label.padding(toLength: 16, withPad: " ", startingAt: 0) + text)
      }
      line("name", entry.name + (entry.isDefault ? " (default)" : ""))
      line("task", entry.task.rawValue)
      line("summary", entry.summary)
      line("source", Self.text(of: entry.source))
      for file in entry.files { line("file", "\(file.name)  sha256 \(file.sha256)") }
      if let conversion = entry.conversion {
        line(
          "converted", "\(conversion.output.name) by \(conversion.script)  sha256 \(conversion.output.sha256)"
        )
      }
      line("code licence", entry.codeLicence)
      line("weights licence", entry.weightsLicence)
      line("training data", entry.trainingData)
      if let input = entry.input {
        line(
          "input",
          "\(input.size) \(input.order.rawValue), (pixel * \(input.scale) - \(input.mean)) / \(input.std)")
      }
      if !entry.outputs.isEmpty { line("outputs", entry.outputs.joined(separator: ", ")) }
      if let decoder = entry.decoder { line("decoder", decoder.rawValue) }
      if let work = entry.multiplyAccumulates {
        line("work", String(format: "%.3f GMAC a run", Double(work) / 1e9))
      }
      if let dimension = entry.dimension { line("dimension", String(dimension)) }
      for accuracy in entry.accuracy {
        line("accuracy", "\(accuracy.data): \(accuracy.measure) \(accuracy.value)")
      }
      line("on this machine", loader.store.isPresent(entry) ? loader.store.folder(of: entry) : "not fetched")
    }

    private static func text(of source: ModelSource) -> String {
      switch source {
      case .pypi(let wheel): "PyPI \(wheel.package)==\(wheel.version), wheel sha256 \(wheel.sha256)"
      case .url(let base): base
      case .repository: "this repository"
      case .compiled(let base): "compiled on this machine from \(base)"
      case .mirror(let upstream): "a mirror folder (--mirror); published at \(upstream)"
      }
    }
  }

  /// Whether what is here is what it should be.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check fetched models against their hashes; without names, all that are here.")

    @OptionGroup var place: Place
    @Argument(help: "The models' names.") var names: [String] = []

    func run() throws {
      let loader = try place.loader()
      var entries = try names.map { name in
        do { return try loader.zoo.entry(named: name) } catch { throw CommandFailure.usage("\(error)") }
      }
      if entries.isEmpty { entries = loader.zoo.entries.filter { loader.store.isPresent($0) } }
      if entries.isEmpty {
        print("no model has been fetched yet; 'throughline models fetch --runtime --default' does it")
      }
      var failures = loader.problems.count
      for problem in loader.problems { Console.error(problem) }
      for entry in entries {
        do {
          try loader.store.verify(entry)
          print("\(entry.name): as it should be")
        } catch {
          failures += 1
          Console.error("\(error)")
        }
      }
      if failures > 0 { throw ExitCode(1) }
    }
  }
}
