import COpenVINO

/// A network that OpenVINO has compiled.
final class OpenVINOModel: CompiledModel {
  let library: OpenVINOLibrary
  // Only created requests and read descriptions are asked of the handle, which OpenVINO allows from any thread;
  // it is released once, when the last user has let go of this object.
  nonisolated(unsafe) let handle: OpaquePointer
  let name: String
  let input: TensorDescription
  let outputs: [TensorDescription]

  /// Takes over the handle: it is released with this object, or at once where this throws.
  init(library: OpenVINOLibrary, handle: OpaquePointer, name: String) throws(InferenceError) {
    let functions = library.functions.pointee
    do throws(InferenceError) {
      let inputs = try library.describePorts(
        kind: "input", count: { functions.compiled_inputs_size(handle, $0) },
        port: { functions.compiled_input_by_index(handle, $0, $1) })
      let outputs = try library.describePorts(
        kind: "output", count: { functions.compiled_outputs_size(handle, $0) },
        port: { functions.compiled_output_by_index(handle, $0, $1) })
      guard let input = inputs.first, input.isStatic else {
        throw .unexpectedShape(
          model: name, tensor: "the input", expected: "a fixed size",
          found: inputs.first.map { TensorDescription.text(of: $0.shape) } ?? "missing")
      }
      self.input = input
      self.outputs = outputs
    } catch {
      functions.compiled_free(handle)
      throw error
    }
    self.library = library
    self.handle = handle
    self.name = name
  }

  deinit { library.functions.pointee.compiled_free(handle) }

  func outputIndex(named name: String) throws(InferenceError) -> Int {
    // The port that has the name shows the same one of its names here as it did in the list.
    var port: OpaquePointer?
    if library.functions.pointee.compiled_output_by_name(handle, name, &port) == 0, let port {
      let shown = try library.describe(port, fallbackName: name).name
      if let index = outputs.firstIndex(where: { $0.name == shown }) { return index }
    }
    throw .unexpectedShape(
      model: self.name, tensor: "the list of outputs", expected: "one named '\(name)'",
      found: outputs.map(\.name).joined(separator: ", "))
  }

  func makeRequest() throws(InferenceError) -> any InferenceRequest { try OpenVINORequest(model: self) }
}

/// The memory for one run of an OpenVINO network.
final class OpenVINORequest: InferenceRequest {
  private let model: OpenVINOModel
  private let handle: OpaquePointer
  private let inputTensor: OpaquePointer
  let input: UnsafeMutableBufferPointer<Float>
  /// The handles of the latest run's outputs that were asked for.
  private var outputTensors: [OpaquePointer?]

  init(model: OpenVINOModel) throws(InferenceError) {
    let library = model.library
    let functions = library.functions.pointee
    func failure(_ status: Int32) -> InferenceError {
      .runFailed(model: model.name, reason: library.lastError(status: status))
    }

    var request: OpaquePointer?
    var status = functions.compiled_create_request(model.handle, &request)
    guard status == 0, let request else { throw failure(status) }

    var shape = cov_shape()
    let sizes = model.input.shape.map(Int64.init)
    status = functions.shape_create(Int64(sizes.count), sizes, &shape)
    guard status == 0 else {
      functions.request_free(request)
      throw failure(status)
    }
    defer { _ = functions.shape_free(&shape) }
    var tensor: OpaquePointer?
    status = functions.tensor_create(library.float32Number, shape, &tensor)
    guard status == 0, let tensor else {
      functions.request_free(request)
      throw failure(status)
    }
    var data: UnsafeMutableRawPointer?
    var bytes = 0
    status = functions.tensor_data(tensor, &data)
    if status == 0 { status = functions.tensor_byte_size(tensor, &bytes) }
    if status == 0 { status = functions.request_set_input(request, 0, tensor) }
    guard status == 0, let data, let count = model.input.elementCount, bytes == count * 4 else {
      functions.tensor_free(tensor)
      functions.request_free(request)
      throw failure(status)
    }
    let floats = data.bindMemory(to: Float.self, capacity: count)
    floats.initialize(repeating: 0, count: count)
    self.model = model
    self.handle = request
    self.inputTensor = tensor
    self.input = UnsafeMutableBufferPointer(start: floats, count: count)
    self.outputTensors = Array(repeating: nil, count: model.outputs.count)
  }

  deinit {
    releaseOutputs()
    model.library.functions.pointee.tensor_free(inputTensor)
    model.library.functions.pointee.request_free(handle)
  }

  private func releaseOutputs() {
    for index in outputTensors.indices {
      if let tensor = outputTensors[index] { model.library.functions.pointee.tensor_free(tensor) }
      outputTensors[index] = nil
    }
  }

  func run() throws(InferenceError) {
    releaseOutputs()
    let status = model.library.functions.pointee.request_infer(handle)
    guard status == 0 else {
      throw .runFailed(model: model.name, reason: model.library.lastError(status: status))
    }
  }

  func output(_ index: Int) throws(InferenceError) -> TensorView {
    guard outputTensors.indices.contains(index) else {
      throw .unexpectedShape(
        model: model.name, tensor: "the list of outputs", expected: "at least \(index + 1)",
        found: String(outputTensors.count))
    }
    let functions = model.library.functions.pointee
    func check(_ status: Int32) throws(InferenceError) {
      guard status == 0 else {
        throw .runFailed(model: model.name, reason: model.library.lastError(status: status))
      }
    }
    if outputTensors[index] == nil {
      try check(functions.request_get_output(handle, index, &outputTensors[index]))
    }
    guard let tensor = outputTensors[index] else {
      throw .runFailed(model: model.name, reason: "no output \(index)")
    }
    var data: UnsafeMutableRawPointer?
    var bytes = 0
    try check(functions.tensor_byte_size(tensor, &bytes))
    // What the compiled network says of a fixed output holds for every run; asking again would only take memory.
    if model.outputs[index].isStatic {
      if bytes > 0 { try check(functions.tensor_data(tensor, &data)) }
      if let view = TensorView(
        description: model.outputs[index], bytes: UnsafeRawBufferPointer(start: data, count: bytes))
      {
        return view
      }
    }
    var number: Int32 = 0
    var shape = cov_shape()
    try check(functions.tensor_element_type(tensor, &number))
    try check(functions.tensor_shape(tensor, &shape))
    defer { _ = functions.shape_free(&shape) }
    if bytes > 0 { try check(functions.tensor_data(tensor, &data)) }
    let sizes = (0..<max(0, Int(shape.rank))).map { Int(shape.dims?[$0] ?? 0) }
    let description = TensorDescription(
      name: model.outputs[index].name, shape: sizes, elementType: model.library.elementType(number))
    guard
      let view = TensorView(
        description: description, bytes: UnsafeRawBufferPointer(start: data, count: bytes))
    else {
      throw .unexpectedShape(
        model: model.name, tensor: "output \(description.name)", expected: "a known element type",
        found: description.description)
    }
    return view
  }
}
