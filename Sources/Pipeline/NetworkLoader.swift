import Inference
import Models
import ThroughlineCore

/// Finds the runtime and the models that settings name, on this machine.
public struct NetworkLoader: Sendable {
  /// The models that are known: the program's own and what was compiled on this machine.
  public let zoo: ModelZoo
  /// What is wrong with compiled models that are therefore left out, one line each.
  public let problems: [String]
  /// Where they are kept.
  public let store: ModelStore
  private let environment: [String: String]

  /// A loader over the program's own zoo.
  ///
  /// - Parameters:
  ///   - directory: where models are kept; `nil` is the user's cache.
  ///   - environment: the process's environment variables.
  public init(directory: String?, environment: [String: String]) throws {
    store = ModelStore(directory: directory, environment: environment)
    let compiled = store.compiledEntries()
    zoo = try ModelZoo.standard().adding(compiled.entries)
    problems = compiled.problems
    self.environment = environment
  }

  /// The zoo's entry of a name; `default` is the one that the zoo marks for the task.
  ///
  /// - Throws: ``PipelineError/setting(_:)`` where there is none, or it is for something else.
  public func entry(_ name: String, for task: ModelTask) throws(PipelineError) -> ModelEntry {
    if name == "default" {
      guard let entry = zoo.defaultEntry(for: task) else {
        throw .setting("the zoo has no default model for the task '\(task.rawValue)'; name one")
      }
      return entry
    }
    let entry: ModelEntry
    do { entry = try zoo.entry(named: name) } catch { throw .setting("\(error)") }
    guard entry.task == task else {
      throw .setting(
        "the model '\(name)' is for the task '\(entry.task.rawValue)', not for '\(task.rawValue)'; 'throughline models list' shows which is for what"
      )
    }
    return entry
  }

  /// A model with its file, checked against its hash.
  public func locate(_ name: String, for task: ModelTask) throws(PipelineError) -> LocatedModel {
    let entry = try entry(name, for: task)
    do { return LocatedModel(entry: entry, path: try store.path(of: entry)) } catch {
      throw .missing("\(error)")
    }
  }

  /// The runtime.
  ///
  /// - Parameter library: the library's path, before all other places.
  public func runtime(library: String?) throws(PipelineError) -> OpenVINORuntime {
    do {
      return try OpenVINORuntime(
        search: OpenVINOSearch(
          setting: library, environment: environment, cacheDirectory: store.directory))
    } catch { throw .missing("\(error)") }
  }

  /// Everything that a run needs.
  public func load(_ settings: PipelineSettings) throws -> PipelineNetworks {
    let runtime = try runtime(library: settings.runtimeLibrary)
    var person = try choose(settings.personModel, for: .person, settings: settings, runtime: runtime)
    if let size = settings.personInputSize {
      guard person.model.entry.decoder != .boxes else {
        throw PipelineError.setting(
          "'\(person.model.entry.name)' has a fixed input size; leave detection.input-size out or choose another detection.person-model, for example yolox-nano"
        )
      }
      person.model.entry.input?.size = size
    }
    let face = try choose(settings.faceModel, for: .face, settings: settings, runtime: runtime)
    let reid = try choose(settings.reidentificationModel, for: .reid, settings: settings, runtime: runtime)
    return try PipelineNetworks(
      runtime: runtime, person: person.model, face: face.model, reidentification: reid.model,
      options: settings.inference, cameras: settings.cameras.count, scheduling: settings.scheduling,
      hasSmallInput: !settings.isOffline, choices: [person.line, face.line, reid.line].compactMap { $0 })
  }
}
