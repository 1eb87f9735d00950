import CKernels
import ThroughlineCore

extension PictureScaler {
  /// Writes a region of a picture into a network's input as floats.
  ///
  /// The region's edges are moved to the nearest even pixels (whole samples of chroma); the transform that comes
  /// back tells exactly which pixels went where.
  ///
  /// - Parameters:
  ///   - destination: the memory of one image, ``TensorImageSpecification/elementCount`` values.
  ///   - picture: the source.
  ///   - region: which part, in source pixels, or `nil` for all of it. It may reach over the picture's edge: see
  ///     ``TensorImageSpecification/Fit``.
  ///   - specification: what the network wants.
  /// - Returns: how to get from network pixels back to source pixels.
  /// - Throws: ``ImagingError`` for a region without a part in the picture, memory of another size, or a
  ///   specification that cannot be met.
  @discardableResult
  public func fill(
    _ destination: UnsafeMutableBufferPointer<Float>, from picture: Picture, region: BoundingBox? = nil,
    specification: TensorImageSpecification
  ) throws(ImagingError) -> LetterboxTransform {
    try specification.validate()
    guard destination.count == specification.elementCount, let base = destination.baseAddress else {
      throw .tensorSize(expected: specification.elementCount, found: destination.count)
    }
    let affine = ChannelAffine(specification)
    return try place(picture, region: region, specification: specification) { scaled, rectangle, fill in
      let output = TensorLayout(specification, rectangle)
      if let fill { output.fillAround(base, with: affine.pad(fill)) }
      var matrix = picture.matrix.kernelMatrix
      var source = scaled.kernelPicture
      let bgr = specification.order == .bgr
      let start = base + output.start
      affine.withPointers { gain, bias in
        switch specification.layout {
        case .nchw:
          ck_planar_float(
            &source, &matrix, gain, bias, start + (bgr ? 2 : 0) * output.planeSize, start + output.planeSize,
            start + (bgr ? 0 : 2) * output.planeSize, output.rowStride)
        case .nhwc:
          ck_packed_float(&source, &matrix, gain, bias, bgr ? 1 : 0, start, output.rowStride)
        }
      }
    }
  }

  /// The same as bytes 0...255, for a runtime whose own pre-processing does the rest; scale, mean and std of the
  /// specification are not applied.
  @discardableResult
  public func fill(
    _ destination: UnsafeMutableBufferPointer<UInt8>, from picture: Picture, region: BoundingBox? = nil,
    specification: TensorImageSpecification
  ) throws(ImagingError) -> LetterboxTransform {
    try specification.validate()
    guard destination.count == specification.elementCount, let base = destination.baseAddress else {
      throw .tensorSize(expected: specification.elementCount, found: destination.count)
    }
    return try place(picture, region: region, specification: specification) { scaled, rectangle, fill in
      let output = TensorLayout(specification, rectangle)
      if let fill { output.fillAround(base, with: (fill, fill, fill)) }
      var matrix = picture.matrix.kernelMatrix
      var source = scaled.kernelPicture
      let bgr = specification.order == .bgr
      let start = base + output.start
      switch specification.layout {
      case .nchw:
        ck_planar_bytes(
          &source, &matrix, start + (bgr ? 2 : 0) * output.planeSize, start + output.planeSize,
          start + (bgr ? 0 : 2) * output.planeSize, output.rowStride)
      case .nhwc:
        ck_packed_bytes(&source, &matrix, bgr ? 1 : 0, start, output.rowStride)
      }
    }
  }

  private func place(
    _ picture: Picture, region: BoundingBox?, specification: TensorImageSpecification,
    write: (_ scaled: Scaled, _ rectangle: PixelRectangle, _ fill: UInt8?) -> Void
  ) throws(ImagingError) -> LetterboxTransform {
    let plan = try ScalingPlan(
      source: picture.size, region: region ?? picture.size.bounds, destination: specification.size,
      fit: specification.fit)
    let scaled = scale(picture, plan.source, to: plan.destination.size, filter: specification.filter)
    let isFull = plan.destination == PixelRectangle(specification.size)
    if case .letterbox(let fill, _) = specification.fit, !isFull {
      write(scaled, plan.destination, fill)
    } else {
      write(scaled, plan.destination, nil)
    }
    withExtendedLifetime(picture.owner) {}
    return plan.transform
  }
}

/// `(pixel * scale - mean) / std` as one multiplication and one addition per channel.
private struct ChannelAffine {
  /// In the order R, G, B.
  var gain: (Float, Float, Float)
  var bias: (Float, Float, Float)
  private let isBlueFirst: Bool

  init(_ specification: TensorImageSpecification) {
    isBlueFirst = specification.order == .bgr
    let red = isBlueFirst ? 2 : 0
    let blue = isBlueFirst ? 0 : 2
    let (scale, mean, std) = (specification.scale, specification.mean, specification.std)
    gain = (scale / std[red], scale / std[1], scale / std[blue])
    bias = (-mean[red] / std[red], -mean[1] / std[1], -mean[blue] / std[blue])
  }

  /// The values of a pixel of one grey in the order of the tensor's channels.
  func pad(_ value: UInt8) -> (Float, Float, Float) {
    let pixel = Float(value)
    let rgb = (pixel * gain.0 + bias.0, pixel * gain.1 + bias.1, pixel * gain.2 + bias.2)
    return isBlueFirst ? (rgb.2, rgb.1, rgb.0) : rgb
  }

  func withPointers(_ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
    withUnsafeBytes(of: gain) { gainBytes in
      withUnsafeBytes(of: bias) { biasBytes in
        if let gain = gainBytes.baseAddress, let bias = biasBytes.baseAddress {
          body(gain.assumingMemoryBound(to: Float.self), bias.assumingMemoryBound(to: Float.self))
        }
      }
    }
  }
}

/// Where a rectangle lies in the memory of a tensor.
private struct TensorLayout {
  let size: PictureSize
  let rectangle: PixelRectangle
  let isPlanar: Bool

  init(_ specification: TensorImageSpecification, _ rectangle: PixelRectangle) {
    size = specification.size
    self.rectangle = rectangle
    isPlanar = specification.layout == .nchw
  }

  var planeSize: Int { size.width * size.height }
  var rowStride: Int { isPlanar ? size.width : size.width * 3 }
  var start: Int {
    isPlanar ? rectangle.y * size.width + rectangle.x : (rectangle.y * size.width + rectangle.x) * 3
  }

  /// Writes the pixels that do not belong to the rectangle.
  func fillAround<Value>(_ base: UnsafeMutablePointer<Value>, with values: (Value, Value, Value)) {
    func fill(_ from: Int, _ count: Int) {
      guard count > 0 else { return }
      if isPlanar {
        (base + from).update(repeating: values.0, count: count)
        (base + planeSize + from).update(repeating: values.1, count: count)
        (base + 2 * planeSize + from).update(repeating: values.2, count: count)
      } else {
        for pixel in from..<(from + count) {
          base[3 * pixel] = values.0
          base[3 * pixel + 1] = values.1
          base[3 * pixel + 2] = values.2
        }
      }
    }
    fill(0, rectangle.y * size.width)
    for row in rectangle.y..<(rectangle.y + rectangle.height) {
      fill(row * size.width, rectangle.x)
      let end = rectangle.x + rectangle.width
      fill(row * size.width + end, size.width - end)
    }
    let below = rectangle.y + rectangle.height
    fill(below * size.width, (size.height - below) * size.width)
  }
}

/// One-off form of ``PictureScaler/fill(_:from:region:specification:)``.
public enum PictureTensor {
  /// Writes a region of a picture into a network's input. It takes and frees its intermediate memory at every
  /// call: in a loop keep a ``PictureScaler`` instead.
  @discardableResult
  public static func fill(
    _ destination: UnsafeMutableBufferPointer<Float>, from picture: Picture, region: BoundingBox? = nil,
    specification: TensorImageSpecification
  ) throws(ImagingError) -> LetterboxTransform {
    try PictureScaler().fill(destination, from: picture, region: region, specification: specification)
  }
}
