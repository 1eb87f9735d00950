/// Why a network cannot be loaded or run. Each description is one line that names the thing and the mend.
public enum InferenceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// No runtime library was found in any of these places.
  case runtimeNotFound(searched: [String])
  /// A library was found and cannot be used.
  case runtimeUnusable(path: String, reason: String)
  /// The device is not there.
  case unknownDevice(name: String, available: [String])
  /// The model file cannot be read.
  case unreadableModel(path: String, reason: String)
  /// The model was read but its inputs or outputs are not what is expected of it.
  case unexpectedShape(model: String, tensor: String, expected: String, found: String)
  /// The runtime refuses to compile the model.
  case compilationFailed(model: String, device: String, reason: String)
  /// A run failed.
  case runFailed(model: String, reason: String)
  /// The scheduler's queue for a network is full, or the deadline has passed before the work began.
  case dropped(network: String, reason: String)

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .runtimeNotFound(let searched):
      "no OpenVINO runtime found (looked for \(searched.joined(separator: ", "))); "
        + "get it with 'throughline models fetch openvino' or set THROUGHLINE_OPENVINO to its folder"
    case .runtimeUnusable(let path, let reason):
      "the OpenVINO runtime \(path) cannot be used: \(reason); "
        + "fetch it anew with 'throughline models fetch openvino'"
    case .unknownDevice(let name, let available):
      "no inference device '\(name)' on this machine; there is \(available.joined(separator: ", "))"
    case .unreadableModel(let path, let reason):
      "the model \(path) cannot be read: \(reason); fetch it anew with 'throughline models fetch'"
    case .unexpectedShape(let model, let tensor, let expected, let found):
      "the model \(model) has another shape than it should: \(tensor) is \(found), expected \(expected); "
        + "use a model that fits its entry in the zoo"
    case .compilationFailed(let model, let device, let reason):
      "the model \(model) cannot be compiled for \(device): \(reason)"
    case .runFailed(let model, let reason):
      "the model \(model) failed while running: \(reason)"
    case .dropped(let network, let reason):
      "a run of \(network) was dropped: \(reason)"
    }
  }
}
