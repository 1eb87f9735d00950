/// The type of a tensor's elements.
public enum TensorElementType: Hashable, Sendable, CustomStringConvertible {
  /// IEEE 754 single precision.
  case float32
  /// IEEE 754 half precision.
  case float16
  /// Signed 32-bit integers.
  case int32
  /// Signed 64-bit integers.
  case int64
  /// Unsigned bytes.
  case uint8
  /// A type that this program does not read, by the runtime's own number.
  case other(Int)

  /// `float32`, as the zoo writes it.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float16: "float16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .other(let number): "type \(number)"
    }
  }

  /// Bytes per element; `nil` for a type that is not known.
  public var byteCount: Int? {
    switch self {
    case .float32, .int32: 4
    case .float16: 2
    case .int64: 8
    case .uint8: 1
    case .other: nil
    }
  }
}

/// What a network's input or output looks like.
public struct TensorDescription: Hashable, Sendable, CustomStringConvertible {
  /// The name in the model file; a name made from the index where the file gives none.
  public var name: String
  /// Sizes, outermost first; -1 stands for a dimension that the model leaves open.
  public var shape: [Int]
  /// The elements' type.
  public var elementType: TensorElementType

  /// A description by its parts.
  public init(name: String, shape: [Int], elementType: TensorElementType = .float32) {
    self.name = name
    self.shape = shape
    self.elementType = elementType
  }

  /// Whether every dimension has a size.
  public var isStatic: Bool { shape.allSatisfy { $0 >= 0 } }

  /// The number of elements; `nil` where a dimension is open or the product does not fit.
  public var elementCount: Int? {
    var product = 1
    for size in shape {
      guard size >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }

  /// `images 1x3x384x640 float32`.
  public var description: String { "\(name) \(Self.text(of: shape)) \(elementType)" }

  /// `1x3x384x640`, with `?` for an open dimension.
  public static func text(of shape: [Int]) -> String {
    shape.isEmpty ? "scalar" : shape.map { $0 < 0 ? "?" : String($0) }.joined(separator: "x")
  }
}
