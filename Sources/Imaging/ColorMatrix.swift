import CKernels

/// How the samples of a picture lie in memory.
public enum PixelFormat: String, Sendable, Hashable, CaseIterable {
  /// Three planes: luma, then U and V with half the width and height (rounded up).
  case i420
  /// Two planes: luma, then U and V in turns with half the width and height (rounded up).
  case nv12

  /// The number of planes.
  public var planeCount: Int { self == .i420 ? 3 : 2 }
}

/// Which Y'CbCr a picture is in: the weights of the primaries and the range of the samples.
public enum ColorMatrix: String, Sendable, Hashable, CaseIterable {
  /// ITU-R BT.601, luma 16...235, chroma 16...240: standard definition.
  case bt601Limited
  /// ITU-R BT.601, all samples 0...255: JPEG.
  case bt601Full
  /// ITU-R BT.709, luma 16...235, chroma 16...240: high definition.
  case bt709Limited
  /// ITU-R BT.709, all samples 0...255.
  case bt709Full

  /// Whether samples use 0...255 rather than 16...235.
  public var isFullRange: Bool { self == .bt601Full || self == .bt709Full }

  private var weights: (red: Double, green: Double, blue: Double) {
    switch self {
    case .bt601Limited, .bt601Full: (0.299, 0.587, 0.114)
    case .bt709Limited, .bt709Full: (0.2126, 0.7152, 0.0722)
    }
  }

  private var lumaScale: Double { isFullRange ? 1 : 255.0 / 219 }
  private var chromaScale: Double { isFullRange ? 1 : 255.0 / 224 }
  var lumaOffset: Double { isFullRange ? 0 : 16 }
  /// What a step of luma means in 0...255.
  var lumaGain: Double { lumaScale }

  var kernelMatrix: ck_color_matrix {
    let (red, green, blue) = weights
    return ck_color_matrix(
      luma_scale: Float(lumaScale), luma_offset: Float(lumaOffset), red_v: Float(2 * (1 - red) * chromaScale),
      green_u: Float(-2 * (1 - blue) * blue / green * chromaScale),
      green_v: Float(-2 * (1 - red) * red / green * chromaScale), blue_u: Float(2 * (1 - blue) * chromaScale))
  }

  /// The sample that shows a colour given in 0...255 per channel.
  public func color(red: Double, green: Double, blue: Double) -> YUVColor {
    let weight = weights
    let luma = weight.red * red + weight.green * green + weight.blue * blue
    func byte(_ value: Double) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
    return YUVColor(
      y: byte(luma / lumaScale + lumaOffset),
      u: byte((blue - luma) / (2 * (1 - weight.blue)) / chromaScale + 128),
      v: byte((red - luma) / (2 * (1 - weight.red)) / chromaScale + 128))
  }

  /// The coefficients for `ck_convert_rows` that move samples of this system into another one.
  func conversion(to other: ColorMatrix) -> [Float] {
    // A sample (y, u, v) becomes R'G'B' by this system and Y'CbCr by the other; both are linear, so the images
    // of the three unit steps are the columns. Luma has no part in the chroma of another system, since grey
    // stays grey.
    func convert(_ luma: Double, _ cb: Double, _ cr: Double) -> (y: Double, u: Double, v: Double) {
      let own = weights
      let l = luma * lumaScale
      let red = l + 2 * (1 - own.red) * chromaScale * cr
      let blue = l + 2 * (1 - own.blue) * chromaScale * cb
      let green =
        l - 2 * (1 - own.blue) * own.blue / own.green * chromaScale * cb - 2 * (1 - own.red) * own.red
        / own.green
        * chromaScale * cr
      let theirs = other.weights
      let result = theirs.red * red + theirs.green * green + theirs.blue * blue
      return (
        result / other.lumaScale, (blue - result) / (2 * (1 - theirs.blue)) / other.chromaScale,
        (red - result) / (2 * (1 - theirs.red)) / other.chromaScale
      )
    }
    let fromY = convert(1, 0, 0)
    let fromU = convert(0, 1, 0)
    let fromV = convert(0, 0, 1)
    let lumaConstant = other.lumaOffset - fromY.y * lumaOffset - 128 * (fromU.y + fromV.y)
    return [
      fromY.y, fromU.y, fromV.y, lumaConstant, fromU.u, fromV.u, 128 - 128 * (fromU.u + fromV.u), fromU.v,
      fromV.v,
      128 - 128 * (fromU.v + fromV.v),
    ].map(Float.init)
  }
}

/// A colour as the samples of one Y'CbCr system.
public struct YUVColor: Hashable, Sendable {
  /// Luma.
  public var y: UInt8
  /// Blue difference.
  public var u: UInt8
  /// Red difference.
  public var v: UInt8

  /// A colour by its samples.
  public init(y: UInt8, u: UInt8, v: UInt8) {
    self.y = y
    self.u = u
    self.v = v
  }
}
