import Foundation
import Inference
import Models

/// In which arithmetic networks are computed.
public enum PrecisionChoice: String, Sendable, Hashable, CaseIterable {
  /// What a short measurement finds the fastest among what is here; offline single precision, so that results are the
  /// same on every machine.
  case automatic = "auto"
  /// 8-bit integers, from models that were compiled so.
  case int8
  /// bfloat16 where the processor has it.
  case bfloat16 = "bf16"
  /// Single precision.
  case float32 = "f32"
}

extension NetworkLoader {
  /// A model in one arithmetic, and how fast it is.
  private struct Candidate {
    var model: LocatedModel
    var label: String
    var seconds = 0.0
  }

  /// Finds the model of a name in the arithmetic that is wanted.
  ///
  /// Embeddings of an 8-bit network are not comparable with those of the original, so a re-ID network becomes one only
  /// where that was asked for.
  ///
  /// - Returns: the model, and a line that says what was chosen and why; `nil` where there was no choice.
  func choose(
    _ name: String, for task: ModelTask, settings: PipelineSettings, runtime: OpenVINORuntime
  ) throws -> (model: LocatedModel, line: String?) {
    var base = try locate(name, for: task)
    base.precision = .float32
    if case .compiled = base.entry.source { return (base, nil) }
    let eightBits = zoo.entries.first {
      $0.name == ModelStore.compiledName(of: base.entry.name, precision: "int8") && store.isPresent($0)
    }
    switch settings.precision {
    case .float32: return (base, nil)
    case .bfloat16:
      base.precision = .bfloat16
      return (base, nil)
    case .int8:
      guard let eightBits else {
        throw PipelineError.missing(
          "there is no 8-bit form of '\(base.entry.name)' here; make it with 'throughline models compile \(base.entry.name)', or leave inference.precision at auto"
        )
      }
      var model = LocatedModel(entry: eightBits, path: try store.path(of: eightBits))
      model.precision = .float32
      return (model, nil)
    case .automatic: break
    }
    guard !settings.isOffline else { return (base, nil) }
    var candidates = [Candidate(model: base, label: "FP32")]
    if runtime.supports(.bfloat16, device: settings.inference.device) {
      var model = base
      model.precision = .bfloat16
      candidates.append(Candidate(model: model, label: "BF16"))
    }
    if task != .reid, let eightBits {
      var model = LocatedModel(entry: eightBits, path: try store.path(of: eightBits))
      model.precision = .float32
      candidates.append(Candidate(model: model, label: "INT8"))
    }
    guard candidates.count > 1 else { return (base, "\(task.rawValue): \(base.entry.name) in FP32") }
    for index in candidates.indices {
      candidates[index].seconds = try Self.time(candidates[index].model, settings: settings, runtime: runtime)
    }
    // What comes first is more exact and wins a tie.
    let best = candidates.dropFirst().reduce(candidates[0]) { $1.seconds < $0.seconds * 0.95 ? $1 : $0 }
    let times = candidates.map { String(format: "%@ %.1f ms", $0.label, $0.seconds * 1000) }
    return (
      best.model,
      "\(task.rawValue): \(best.model.entry.name) in \(best.label) (one run on one thread: \(times.joined(separator: ", ")))"
    )
  }

  /// The shortest of a few runs on one thread, in seconds.
  private static func time(
    _ model: LocatedModel, settings: PipelineSettings, runtime: OpenVINORuntime
  ) throws -> Double {
    var options = settings.inference
    options.threads = 1
    options.streams = 1
    options.precision = model.precision ?? .float32
    let compiled = try runtime.compile(
      modelAt: model.path, inputShape: model.entry.input?.shape, options: options)
    let request = try compiled.makeRequest()
    var best = Double.infinity
    for _ in 0..<8 {
      let began = ProcessInfo.processInfo.systemUptime
      try request.run()
      best = min(best, ProcessInfo.processInfo.systemUptime - began)
    }
    return best
  }
}
