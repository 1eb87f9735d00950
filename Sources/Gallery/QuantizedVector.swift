import ThroughlineCore

/// A vector as bytes: `scale * (coarse + fine / fineness)`, and the coarse bytes as two halves of 4 bits, rounded to the
/// nearest: `coarse = 16 * (upper - 8) + lower - 8`.
struct QuantizedVector: Sendable {
  /// What is left over is at most half a step, which 127 finer steps cover.
  static let fineness: Float = 254
  /// The largest coarse byte, whose upper half still fits after rounding.
  static let largestStep: Float = 119

  var coarse: [Int8]
  var fine: [Int8]
  var scale: Float
  /// The length of what `scale * coarse` leaves over.
  var leftover: Float
  /// The length of what the upper halves alone leave over of `coarse`, in steps.
  var lowerLength: Float

  /// - Parameter width: a multiple of 128, at least the dimension.
  init(_ vector: Embedding, width: Int) {
    coarse = [Int8](repeating: 0, count: width)
    fine = coarse
    var largest: Float = 0
    for value in vector.values { largest = max(largest, abs(value)) }
    scale = max(largest, 1e-20) / Self.largestStep
    var squares: Float = 0
    var lowerSquares: Float = 0
    for (index, value) in vector.values.enumerated() {
      let steps = value / scale
      let whole = min(Self.largestStep, max(-Self.largestStep, steps.rounded()))
      coarse[index] = Int8(whole)
      let rest = (steps - whole) * Self.fineness
      fine[index] = Int8(min(127, max(-127, rest.rounded())))
      squares += (steps - whole) * (steps - whole)
      let lower = Float(Self.lower(coarse[index]))
      lowerSquares += lower * lower
    }
    leftover = squares.squareRoot() * scale
    lowerLength = lowerSquares.squareRoot()
  }

  /// The sum of the coarse bytes.
  var sum: Int32 { coarse.reduce(0) { $0 + Int32($1) } }

  /// The length of the coarse bytes, in steps.
  var length: Float { coarse.reduce(0) { $0 + Float($1) * Float($1) }.squareRoot() }

  /// The upper halves, laid out as ``SimilarityScanner/scanHalves(query:rows:results:)`` says.
  var upper: [UInt8] { pairs { UInt8((($0 + 8) >> 4) + 8) } }
  /// The lower halves, likewise.
  var lower: [UInt8] { pairs { UInt8(Self.lower($0) + 8) } }

  /// What rounding a coarse byte to a multiple of 16 leaves over: -8...7.
  private static func lower(_ step: Int8) -> Int8 { step - ((step + 8) >> 4) * 16 }

  private func pairs(_ half: (Int8) -> UInt8) -> [UInt8] {
    (0..<coarse.count / 2).map { byte in
      let (group, place) = byte.quotientAndRemainder(dividingBy: 64)
      return half(coarse[128 * group + place]) | half(coarse[128 * group + 64 + place]) << 4
    }
  }
}
