import Foundation

/// Writes very small ONNX files, so that the runtime can be tested without a real network.
enum TinyNetwork {
  /// A network that halves its input `x` and gives it back as `half` and, negated, as `negative`.
  static func file(shape: [Int], inputType: UInt8 = 1) throws -> String {
    var graph = Data()
    graph += field(1, node("Mul", inputs: ["x", "factor"], output: "half"))
    graph += field(1, node("Neg", inputs: ["half"], output: "negative"))
    graph += field(2, Data("tiny".utf8))
    // A scalar of type float with the value 0.5.
    let factor = number(2, 1) + field(8, Data("factor".utf8)) + field(9, Data([0, 0, 0, 0x3F]))
    graph += field(5, factor)
    graph += field(11, value("x", shape: shape, type: inputType))
    graph +=
      field(12, value("half", shape: shape, type: 1)) + field(12, value("negative", shape: shape, type: 1))
    let operators = field(1, Data()) + number(2, 13)
    let model = number(1, 8) + field(7, graph) + field(8, operators)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).onnx").path
    try model.write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func node(_ operation: String, inputs: [String], output: String) -> Data {
    inputs.reduce(into: Data()) { $0 += field(1, Data($1.utf8)) } + field(2, Data(output.utf8))
      + field(4, Data(operation.utf8))
  }

  private static func value(_ name: String, shape: [Int], type: UInt8) -> Data {
    let dimensions = shape.reduce(into: Data()) { data, size in
      data += field(1, size < 0 ? field(2, Data("n".utf8)) : number(1, UInt64(size)))
    }
    return field(1, Data(name.utf8)) + field(2, field(1, number(1, UInt64(type)) + field(2, dimensions)))
  }

  private static func number(_ index: UInt64, _ value: UInt64) -> Data { varint(index << 3) + varint(value) }
  private static func field(_ index: UInt64, _ data: Data) -> Data {
    varint(index << 3 | 2) + varint(UInt64(data.count)) + data
  }

  private static func varint(_ value: UInt64) -> Data {
    var value = value
    var data = Data()
    while value >= 128 {
      data.append(UInt8(value & 127 | 128))
      value >>= 7
    }
    data.append(UInt8(value))
    return data
  }
}
