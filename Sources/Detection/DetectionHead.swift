import Inference
import Models
import ThroughlineCore

/// Reads a network's outputs as candidates in network pixels. It checks the model's shapes once, when it is made.
enum DetectionHead: Sendable {
  case boxes(output: Int, count: Int)
  case yolox(output: Int, decoder: YOLOXDecoder)
  case yunet(outputs: [YuNetDecoder.Stride: YuNetOutputs], decoder: YuNetDecoder)

  /// The places of YuNet's outputs of one stride in the model's list.
  struct YuNetOutputs: Sendable {
    var classScore: Int
    var objectScore: Int
    var box: Int
  }

  /// Finds the outputs that a decoder needs.
  ///
  /// - Throws: ``InferenceError/unexpectedShape(model:tensor:expected:found:)`` where one is missing or has
  ///   another shape.
  init(_ kind: ModelDecoder, model: any CompiledModel, input: ModelInput) throws(InferenceError) {
    guard model.input.shape == input.shape else {
      throw .unexpectedShape(
        model: model.name, tensor: "input \(model.input.name)",
        expected: TensorDescription.text(of: input.shape),
        found: TensorDescription.text(of: model.input.shape))
    }
    switch kind {
    case .boxes:
      let output = try Self.onlyOutput(of: model)
      guard output.shape.count == 3, output.shape[0] == 1, output.shape[1] > 0, output.shape[2] == 5 else {
        throw Self.mismatch(model, output, expected: "1xNx5")
      }
      self = .boxes(output: 0, count: output.shape[1])
    case .yolox:
      let output = try Self.onlyOutput(of: model)
      let cells = YOLOXDecoder.cellCount(for: input.size)
      guard output.shape.count == 3, output.shape[0] == 1, output.shape[1] == cells, output.shape[2] >= 6
      else {
        throw Self.mismatch(model, output, expected: "1x\(cells)x(5 + categories)")
      }
      self = .yolox(output: 0, decoder: YOLOXDecoder(inputSize: input.size, columns: output.shape[2]))
    case .yunet:
      let decoder = YuNetDecoder(inputSize: input.size)
      var outputs: [YuNetDecoder.Stride: YuNetOutputs] = [:]
      for stride in YuNetDecoder.Stride.allCases {
        func place(_ prefix: String, columns: Int) throws(InferenceError) -> Int {
          let index = try model.outputIndex(named: "\(prefix)_\(stride.rawValue)")
          let expected = [1, decoder.cellCount(at: stride), columns]
          guard model.outputs[index].shape == expected else {
            throw Self.mismatch(
              model, model.outputs[index], expected: TensorDescription.text(of: expected))
          }
          return index
        }
        outputs[stride] = YuNetOutputs(
          classScore: try place("cls", columns: 1), objectScore: try place("obj", columns: 1),
          box: try place("bbox", columns: 4))
      }
      self = .yunet(outputs: outputs, decoder: decoder)
    case .embedding:
      throw .unexpectedShape(
        model: model.name, tensor: "the decoder in its zoo entry", expected: "one for detections",
        found: kind.rawValue)
    }
  }

  /// Adds the candidates of the request's latest run whose score reaches the floor, in network pixels, in any order.
  func decode(
    _ request: any InferenceRequest, floor: Float, into candidates: inout [ScoredBox]
  ) throws(InferenceError) {
    switch self {
    case .boxes(let output, _):
      BoxesDecoder.append(try request.floats(output), floor: floor, to: &candidates)
    case .yolox(let output, let decoder):
      decoder.append(try request.floats(output), floor: floor, to: &candidates)
    case .yunet(let outputs, let decoder):
      for stride in YuNetDecoder.Stride.allCases {
        guard let places = outputs[stride] else { continue }
        decoder.append(
          stride, classScores: try request.floats(places.classScore),
          objectScores: try request.floats(places.objectScore), boxes: try request.floats(places.box),
          floor: floor, to: &candidates)
      }
    }
  }

  private static func onlyOutput(of model: any CompiledModel) throws(InferenceError) -> TensorDescription {
    guard let output = model.outputs.first, model.outputs.count == 1 else {
      throw .unexpectedShape(
        model: model.name, tensor: "the list of outputs", expected: "one output",
        found: model.outputs.isEmpty ? "empty" : model.outputs.map(\.name).joined(separator: ", "))
    }
    return output
  }

  private static func mismatch(
    _ model: any CompiledModel, _ output: TensorDescription, expected: String
  ) -> InferenceError {
    .unexpectedShape(
      model: model.name, tensor: "output \(output.name)", expected: expected,
      found: TensorDescription.text(of: output.shape))
  }
}
