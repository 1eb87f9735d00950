/// Something that can compile and run networks on this machine.
public protocol Runtime: Sendable {
  /// The runtime's name, for example `OpenVINO`.
  var name: String { get }
  /// The runtime's version as it states it.
  var version: String { get }
  /// The devices that it can use, for example `CPU`, `GPU.0`.
  var devices: [String] { get }

  /// Reads a model and compiles it.
  ///
  /// - Parameters:
  ///   - path: an `.onnx` file, or an `.xml` file with its `.bin` beside it.
  ///   - inputShape: the shape to give the model's only input before it is compiled, outermost first (NCHW);
  ///     `nil` keeps the shape of the file, whose open batch dimension then becomes 1.
  ///   - options: device, threads, precision.
  func compile(
    modelAt path: String, inputShape: [Int]?, options: InferenceOptions
  ) throws(InferenceError) -> any CompiledModel
}

/// A network that is ready to run. It may be shared by threads; each makes its own request.
public protocol CompiledModel: Sendable {
  /// The model's name for messages: its file name.
  var name: String { get }
  /// The only input; its shape is static and its elements are `float32`.
  var input: TensorDescription { get }
  /// The outputs in the model's order.
  var outputs: [TensorDescription] { get }

  /// The place of an output in ``outputs``, by any of its names: a tensor may have several, of which
  /// ``outputs`` shows one.
  func outputIndex(named name: String) throws(InferenceError) -> Int

  /// Makes the memory for one run at a time.
  func makeRequest() throws(InferenceError) -> any InferenceRequest
}

/// The memory for one run of one network. Belongs to one thread at a time; nothing in it is locked.
public protocol InferenceRequest: AnyObject {
  /// The network's input, to be filled before each run; `input.count` is the element count of the model's
  /// input description. Valid as long as the request lives.
  var input: UnsafeMutableBufferPointer<Float> { get }

  /// Runs the network and blocks this thread until it is done.
  func run() throws(InferenceError)

  /// An output of the latest run, by its place in the model's list of outputs.
  ///
  /// The view is valid until the next run or the end of the request.
  func output(_ index: Int) throws(InferenceError) -> TensorView
}

/// A read-only look at one tensor of a request.
public struct TensorView {
  /// Name, shape and type; the shape is that of this very run.
  public let description: TensorDescription
  /// The elements' bytes.
  public let bytes: UnsafeRawBufferPointer

  /// A view of bytes that hold at least the described elements.
  ///
  /// - Returns: `nil` where there are too few bytes, the memory is not aligned for the elements, or the type is
  ///   not known.
  public init?(description: TensorDescription, bytes: UnsafeRawBufferPointer) {
    guard let count = description.elementCount, let size = description.elementType.byteCount,
      count.multipliedReportingOverflow(by: size).overflow == false, bytes.count >= count * size
    else { return nil }
    if let base = bytes.baseAddress, Int(bitPattern: base) % size != 0 { return nil }
    self.description = description
    self.bytes = UnsafeRawBufferPointer(rebasing: bytes[0..<count * size])
  }

  /// The elements, outermost dimension slowest; `nil` where they are not `float32`.
  public var floats: UnsafeBufferPointer<Float>? {
    description.elementType == .float32 ? bytes.bindMemory(to: Float.self) : nil
  }

  /// The elements, outermost dimension slowest; `nil` where they are not `int64`.
  public var integers: UnsafeBufferPointer<Int64>? {
    description.elementType == .int64 ? bytes.bindMemory(to: Int64.self) : nil
  }
}

extension InferenceRequest {
  /// The elements of an output of the latest run as single precision numbers.
  ///
  /// Valid until the next run. Throws ``InferenceError/unexpectedShape(model:tensor:expected:found:)`` where the
  /// output is of another type.
  public func floats(_ index: Int) throws(InferenceError) -> UnsafeBufferPointer<Float> {
    let view = try output(index)
    guard let floats = view.floats else {
      throw .unexpectedShape(
        model: "in use", tensor: "output \(view.description.name)", expected: "float32",
        found: view.description.elementType.description)
    }
    return floats
  }
}

extension CompiledModel {
  /// The place of the output whose description has this name.
  public func outputIndex(named name: String) throws(InferenceError) -> Int {
    if let index = outputs.firstIndex(where: { $0.name == name }) { return index }
    throw .unexpectedShape(
      model: self.name, tensor: "the list of outputs", expected: "one named '\(name)'",
      found: outputs.map(\.name).joined(separator: ", "))
  }
}
