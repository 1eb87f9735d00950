import COpenVINO
import Synchronization

/// One loaded OpenVINO library: its functions, its core object and what the two say about themselves.
final class OpenVINOLibrary: Sendable {
  // The table is written once before this object exists and never changes or goes away; the core's functions
  // may be called from several threads at once (OpenVINO documents ov::Core as thread-safe).
  nonisolated(unsafe) let functions: UnsafePointer<cov_library>
  nonisolated(unsafe) let core: OpaquePointer
  let path: String
  let version: String
  let devices: [String]
  /// What is added to the element type numbers of the current API to get those of this library: versions before
  /// 2025 have one more entry at the beginning of that list.
  private let elementTypeOffset: Int32

  private static let loaded = Mutex<[String: OpenVINOLibrary]>([:])

  /// Loads a library, or hands back the one that was loaded from that path before.
  static func load(path: String) throws(InferenceError) -> OpenVINOLibrary {
    let result: Result<OpenVINOLibrary, InferenceError> = loaded.withLock { table in
      if let library = table[path] { return .success(library) }
      do throws(InferenceError) {
        let library = try OpenVINOLibrary(path: path)
        table[path] = library
        return .success(library)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private init(path: String) throws(InferenceError) {
    var message = [CChar](repeating: 0, count: 512)
    guard let functions = cov_load(path, &message, message.count) else {
      throw .runtimeUnusable(path: path, reason: Self.text(of: message))
    }
    self.functions = functions
    self.path = path

    var versionParts = cov_version()
    if functions.pointee.get_version(&versionParts) == 0, let number = versionParts.build_number {
      version = String(cString: number)
      functions.pointee.version_free(&versionParts)
    } else {
      version = "unknown"
    }

    var core: OpaquePointer?
    let status = functions.pointee.core_create(&core)
    guard status == 0, let core else {
      throw .runtimeUnusable(path: path, reason: Self.lastError(of: functions, status: status))
    }
    self.core = core

    var list = cov_devices()
    var names: [String] = []
    if functions.pointee.core_available_devices(core, &list) == 0 {
      for index in 0..<list.count {
        if let name = list.names?[index] { names.append(String(cString: name)) }
      }
      functions.pointee.devices_free(&list)
    }
    devices = names

    guard let offset = Self.probeElementTypes(functions) else {
      throw .runtimeUnusable(
        path: path,
        reason: "version \(version) numbers its element types in an unknown way; 2026.4.1 is known to work")
    }
    elementTypeOffset = offset
  }

  /// Finds how this version numbers the element types by the sizes of f32 and f64, which lie beside each other.
  private static func probeElementTypes(_ functions: UnsafePointer<cov_library>) -> Int32? {
    func byteSize(_ type: Int32) -> Int? {
      var shape = cov_shape()
      var one: Int64 = 1
      guard functions.pointee.shape_create(1, &one, &shape) == 0 else { return nil }
      defer { _ = functions.pointee.shape_free(&shape) }
      var tensor: OpaquePointer?
      guard functions.pointee.tensor_create(type, shape, &tensor) == 0, let tensor else { return nil }
      defer { functions.pointee.tensor_free(tensor) }
      var bytes = 0
      return functions.pointee.tensor_byte_size(tensor, &bytes) == 0 ? bytes : nil
    }
    return [Int32(0), 1].first { byteSize(4 + $0) == 4 && byteSize(5 + $0) == 8 }
  }

  /// The runtime's number for `float32`.
  var float32Number: Int32 { 4 + elementTypeOffset }

  /// What one of the runtime's element type numbers means.
  func elementType(_ number: Int32) -> TensorElementType {
    switch number - elementTypeOffset {
    case 3: .float16
    case 4: .float32
    case 9: .int32
    case 10: .int64
    case 16 where elementTypeOffset == 0: .uint8
    default: .other(Int(number))
    }
  }

  /// What a device computes well, as the runtime names it: `FP32`, `BF16`, `INT8`.
  func capabilities(of device: String) -> [String] {
    var value: UnsafeMutablePointer<CChar>?
    guard functions.pointee.core_get_property(core, device, "OPTIMIZATION_CAPABILITIES", &value) == 0,
      let value
    else { return [] }
    defer { functions.pointee.free_text(value) }
    return String(cString: value).split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }).map(
      String.init)
  }

  /// The latest error as one line.
  func lastError(status: Int32) -> String { Self.lastError(of: functions, status: status) }

  private static func lastError(of functions: UnsafePointer<cov_library>, status: Int32) -> String {
    var text = ""
    if let message = functions.pointee.last_error() {
      text = String(cString: message)
      functions.pointee.free_text(message)
    }
    if text.isEmpty, let info = functions.pointee.error_info(status) { text = String(cString: info) }
    return oneLine(text)
  }

  /// Makes one short line of the runtime's several: places in its source files say nothing to a user.
  static func oneLine(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline)
      .map { $0.trimming(while: \.isWhitespace) }
      .filter { !$0.isEmpty && !$0.hasPrefix("Exception from ") && !$0.hasPrefix("Check '") }
    let joined =
      lines.isEmpty
      ? text.split(whereSeparator: \.isNewline).joined(separator: " ") : lines.joined(separator: " ")
    let line = joined.isEmpty ? "the runtime gave no reason" : joined
    return line.count > 300 ? String(line.prefix(297)) + "..." : line
  }

  private static func text(of characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Substring {
  fileprivate func trimming(while predicate: (Character) -> Bool) -> String {
    var rest = drop(while: predicate)
    while let last = rest.last, predicate(last) { rest.removeLast() }
    return String(rest)
  }
}

extension OpenVINOLibrary {
  /// Reads name, shape and element type of a port of a model, and releases the port.
  func describe(_ port: OpaquePointer, fallbackName: String) throws(InferenceError) -> TensorDescription {
    defer { functions.pointee.port_free(port) }
    var name = fallbackName
    var text: UnsafeMutablePointer<CChar>?
    if functions.pointee.port_any_name(port, &text) == 0, let text {
      name = String(cString: text)
      functions.pointee.free_text(text)
    }
    var number: Int32 = 0
    let typeStatus = functions.pointee.port_element_type(port, &number)
    guard typeStatus == 0 else { throw .runtimeUnusable(path: path, reason: lastError(status: typeStatus)) }
    var shape = cov_partial_shape()
    let status = functions.pointee.port_partial_shape(port, &shape)
    guard status == 0 else { throw .runtimeUnusable(path: path, reason: lastError(status: status)) }
    defer { functions.pointee.partial_shape_free(&shape) }
    var sizes: [Int] = []
    if shape.rank.min == shape.rank.max, let dims = shape.dims, shape.rank.min > 0 {
      for index in 0..<Int(shape.rank.min) {
        sizes.append(dims[index].min == dims[index].max ? Int(dims[index].min) : -1)
      }
    } else if shape.rank.min != shape.rank.max {
      sizes = [-1]
    }
    return TensorDescription(name: name, shape: sizes, elementType: elementType(number))
  }

  /// Reads the description of every port of a list.
  func describePorts(
    kind: String, count: (UnsafeMutablePointer<Int>) -> Int32,
    port: (Int, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(InferenceError) -> [TensorDescription] {
    var total = 0
    let status = count(&total)
    guard status == 0 else { throw .runtimeUnusable(path: path, reason: lastError(status: status)) }
    var list: [TensorDescription] = []
    for index in 0..<total {
      var handle: OpaquePointer?
      let portStatus = port(index, &handle)
      guard portStatus == 0, let handle else {
        throw .runtimeUnusable(path: path, reason: lastError(status: portStatus))
      }
      list.append(try describe(handle, fallbackName: "\(kind)\(index)"))
    }
    return list
  }
}
