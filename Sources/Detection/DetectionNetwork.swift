import Imaging
import Inference
import Models
import ThroughlineCore

/// A compiled network that finds one class of things, with everything needed to read it. Shared by threads.
public struct DetectionNetwork: Sendable {
  /// The zoo entry that it was made from.
  public let entry: ModelEntry
  /// What it finds.
  public let category: DetectionClass
  /// Which candidates are reported.
  public private(set) var settings: DetectorSettings
  let model: any CompiledModel
  let specification: TensorImageSpecification
  let head: DetectionHead

  /// Binds a compiled network to its zoo entry.
  ///
  /// - Parameters:
  ///   - entry: an entry of task `person` or `face`; its input size is the one that the model was compiled for.
  ///   - model: the network.
  ///   - settings: which candidates are reported; `nil` takes the class's own.
  /// - Throws: ``InferenceError/unexpectedShape(model:tensor:expected:found:)`` where the model's input or outputs
  ///   do not fit the entry.
  public init(
    entry: ModelEntry, model: any CompiledModel, settings: DetectorSettings? = nil
  ) throws(InferenceError) {
    guard let input = entry.input, let decoder = entry.decoder, entry.task == .person || entry.task == .face
    else {
      throw .unexpectedShape(
        model: entry.name, tensor: "the task of its zoo entry", expected: "person or face",
        found: entry.task.rawValue)
    }
    self.entry = entry
    self.model = model
    category = entry.task == .person ? .person : .face
    self.settings = settings ?? (category == .person ? .person : .face)
    specification = TensorImageSpecification(input)
    head = try DetectionHead(decoder, model: model, input: input)
  }

  /// Compiles a model file and binds it to its zoo entry.
  ///
  /// - Parameters:
  ///   - path: the model's file.
  ///   - inputSize: another input size than the entry's, multiples of 32, where the network can be reshaped.
  public init(
    entry: ModelEntry, path: String, runtime: some Runtime, options: InferenceOptions = InferenceOptions(),
    inputSize: PictureSize? = nil, settings: DetectorSettings? = nil
  ) throws(InferenceError) {
    var entry = entry
    if let inputSize { entry.input?.size = inputSize }
    let model = try runtime.compile(modelAt: path, inputShape: entry.input?.shape, options: options)
    try self.init(entry: entry, model: model, settings: settings)
  }

  /// The same network with other settings.
  func with(_ settings: DetectorSettings) -> DetectionNetwork {
    var network = self
    network.settings = settings
    return network
  }

  /// Turns candidates into detections: moved to the source picture, clipped, suppressed, best first.
  func detections(
    from candidates: [ScoredBox], transform: LetterboxTransform, picture: PictureSize
  ) -> [Detection] {
    // Suppression takes time with the square of the count; a network that reports thousands has gone astray.
    let strongest =
      candidates.count <= 1000 ? candidates : Array(candidates.sorted { $0.score > $1.score }[..<1000])
    let moved = strongest.compactMap { candidate -> Detection? in
      let box = transform.toSource(candidate.box).clipped(to: picture)
      guard box.isValid, box.width >= settings.minimumSide, box.height >= settings.minimumSide else {
        return nil
      }
      return Detection(box: box, category: category, score: candidate.score)
    }
    return Array(moved.suppressingNonMaxima(overlap: settings.overlap).prefix(settings.maximumCount))
  }
}

extension TensorImageSpecification {
  /// What a zoo entry says about its network's input.
  public init(_ input: ModelInput) {
    let fit: Fit =
      switch input.fit {
      case .letterbox(let fill): .letterbox(fill: fill)
      case .stretch: .stretch
      }
    self.init(
      size: input.size, order: input.order == .bgr ? .bgr : .rgb, layout: .nchw, scale: input.scale,
      mean: input.mean, std: input.std, fit: fit)
  }
}
