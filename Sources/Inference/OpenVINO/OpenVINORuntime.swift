import COpenVINO
import Foundation

/// Intel's OpenVINO, loaded when the program runs.
public struct OpenVINORuntime: Runtime {
  private let library: OpenVINOLibrary

  /// Always `OpenVINO`.
  public var name: String { "OpenVINO" }
  /// The library's build, for example `2026.4.1-22982-...`.
  public var version: String { library.version }
  /// The devices that the library can use here.
  public var devices: [String] { library.devices }
  /// The library's file.
  public var path: String { library.path }

  /// Loads the library at a path; a second runtime from the same path shares the first one's library.
  public init(libraryPath: String) throws(InferenceError) {
    library = try OpenVINOLibrary.load(path: libraryPath)
  }

  /// Finds and loads the library; see ``OpenVINOSearch`` for where it looks.
  public init(search: OpenVINOSearch) throws(InferenceError) {
    guard let path = search.find() else { throw .runtimeNotFound(searched: search.places.map(\.description)) }
    try self.init(libraryPath: path)
  }

  /// Whether a device computes in an arithmetic by itself, rather than imitating it.
  public func supports(_ precision: InferencePrecision, device: String) -> Bool {
    guard precision == .bfloat16 else { return true }
    return library.capabilities(of: device).contains("BF16")
  }

  /// Reads an `.onnx` file or an `.xml` file with its `.bin`, gives the input its shape and compiles it.
  public func compile(
    modelAt path: String, inputShape: [Int]?, options: InferenceOptions
  ) throws(InferenceError) -> any CompiledModel {
    try compileOpenVINO(modelAt: path, inputShape: inputShape, options: options)
  }

  private func compileOpenVINO(
    modelAt path: String, inputShape: [Int]?, options: InferenceOptions
  ) throws(InferenceError) -> OpenVINOModel {
    let functions = library.functions.pointee
    let fileName = (path as NSString).lastPathComponent
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw .unreadableModel(path: path, reason: "there is no such file")
    }
    let baseDevice =
      options.device.split(whereSeparator: { $0 == "." || $0 == ":" }).first.map(String.init) ?? ""
    let isVirtual = ["AUTO", "HETERO", "MULTI", "BATCH"].contains(baseDevice)
    guard
      isVirtual
        || devices.contains(where: {
          $0 == options.device || $0.hasPrefix(baseDevice + ".") || $0 == baseDevice
        })
    else { throw .unknownDevice(name: options.device, available: devices) }

    var model: OpaquePointer?
    let readStatus = functions.core_read_model(library.core, path, nil, &model)
    guard readStatus == 0, let model else {
      throw .unreadableModel(path: path, reason: library.lastError(status: readStatus))
    }
    defer { functions.model_free(model) }

    let inputs = try library.describePorts(
      kind: "input", count: { functions.model_inputs_size(model, $0) },
      port: { functions.model_input_by_index(model, $0, $1) })
    guard inputs.count == 1, let input = inputs.first else {
      throw .unexpectedShape(
        model: fileName, tensor: "the list of inputs", expected: "one input",
        found: inputs.isEmpty ? "empty" : inputs.map(\.name).joined(separator: ", "))
    }
    guard input.elementType == .float32 else {
      throw .unexpectedShape(
        model: fileName, tensor: "input \(input.name)", expected: "float32",
        found: input.elementType.description)
    }
    let shape = try Self.staticShape(of: input, requested: inputShape, model: fileName)
    if shape != input.shape { try reshape(model, to: shape, name: fileName, input: input) }

    var options = options
    if options.precision == .bfloat16, baseDevice == "CPU", !library.capabilities(of: "CPU").contains("BF16")
    {
      options.precision = .float32
    }
    var compiled: OpaquePointer?
    let status = Self.withTexts(Self.properties(for: options, baseDevice: baseDevice)) { texts, count in
      cov_compile_model(library.functions, library.core, model, options.device, texts, count, &compiled)
    }
    guard status == 0, let compiled else {
      throw .compilationFailed(
        model: fileName, device: options.device, reason: library.lastError(status: status))
    }
    return try OpenVINOModel(library: library, handle: compiled, name: fileName)
  }

  private func reshape(
    _ model: OpaquePointer, to shape: [Int], name: String, input: TensorDescription
  ) throws(InferenceError) {
    let functions = library.functions.pointee
    var partial = cov_partial_shape()
    let sizes = shape.map(Int64.init)
    let status = functions.partial_shape_create_static(Int64(sizes.count), sizes, &partial)
    guard status == 0 else {
      throw .compilationFailed(model: name, device: "any", reason: library.lastError(status: status))
    }
    defer { functions.partial_shape_free(&partial) }
    guard functions.model_reshape_single_input(model, partial) == 0 else {
      throw .unexpectedShape(
        model: name, tensor: "input \(input.name)", expected: TensorDescription.text(of: shape),
        found: "\(TensorDescription.text(of: input.shape)), which cannot be reshaped")
    }
  }

  /// The shape to compile with: the requested one where the rank fits, else the file's own with batch 1.
  static func staticShape(
    of input: TensorDescription, requested: [Int]?, model: String
  ) throws(InferenceError) -> [Int] {
    if let requested {
      guard requested.count == input.shape.count || input.shape == [-1], requested.allSatisfy({ $0 > 0 }),
        (TensorDescription(name: "", shape: requested).elementCount ?? .max) <= 1 << 28
      else {
        throw .unexpectedShape(
          model: model, tensor: "input \(input.name)", expected: TensorDescription.text(of: requested),
          found: TensorDescription.text(of: input.shape))
      }
      return requested
    }
    var shape = input.shape
    if shape.count > 1, shape[0] < 0 { shape[0] = 1 }
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw .unexpectedShape(
        model: model, tensor: "input \(input.name)", expected: "a fixed size, or one from the zoo",
        found: TensorDescription.text(of: input.shape))
    }
    return shape
  }

  /// The runtime's properties for a set of options, key after value.
  static func properties(for options: InferenceOptions, baseDevice: String) -> [String] {
    var texts: [String] = []
    if let streams = options.streams {
      texts += ["NUM_STREAMS", String(streams)]
    } else {
      texts += ["PERFORMANCE_HINT", "LATENCY"]
    }
    if baseDevice == "CPU" {
      if let threads = options.threads { texts += ["INFERENCE_NUM_THREADS", String(threads)] }
      // Several networks and the decoders share the cores: pinned threads would sit on each other's core.
      texts += ["ENABLE_CPU_PINNING", "NO"]
    }
    if options.precision != .automatic {
      texts += ["INFERENCE_PRECISION_HINT", options.precision.rawValue]
    }
    if let folder = options.cacheDirectory { texts += ["CACHE_DIR", folder] }
    return texts
  }

  private static func withTexts(
    _ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>>, Int) -> Int32
  ) -> Int32 {
    let bytes = texts.map { $0.utf8CString }
    func pointers(from index: Int, _ collected: [UnsafePointer<CChar>]) -> Int32 {
      if index == bytes.count {
        return collected.withUnsafeBufferPointer { buffer in
          guard let base = buffer.baseAddress else { return -1 }
          return body(base, buffer.count / 2)
        }
      }
      return bytes[index].withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return -1 }
        return pointers(from: index + 1, collected + [base])
      }
    }
    return pointers(from: 0, [])
  }
}
