import ThroughlineCore

/// What a network wants to see: size, order of channels, layout and values.
///
/// A value is `(pixel * scale - mean) / deviation` with pixels in 0...255 after conversion to R'G'B'.
public struct TensorImageSpecification: Hashable, Sendable {
  /// The order of the channels.
  public enum ChannelOrder: String, Hashable, Sendable, Codable {
    /// Red, green, blue.
    case rgb
    /// Blue, green, red.
    case bgr
  }

  /// The order of the tensor's dimensions.
  public enum Layout: String, Hashable, Sendable, Codable {
    /// 1 x 3 x height x width: one plane per channel.
    case nchw
    /// 1 x height x width x 3: the channels of a pixel side by side.
    case nhwc
  }

  /// Where the picture lies in the network's input when it does not fill it.
  public enum Anchor: String, Hashable, Sendable, Codable {
    /// In the middle.
    case center
    /// At the left top corner, as YOLOX wants it.
    case topLeft
  }

  /// How a picture is brought to the network's size.
  public enum Fit: Hashable, Sendable {
    /// Keeps the proportions; what stays free, and what a region has outside of the picture, gets the pixel value
    /// `fill` (0...255, all channels).
    case letterbox(fill: UInt8, anchor: Anchor = .center)
    /// Fills the input, changing the proportions; what a region has outside of the picture is cut off first.
    case stretch
  }

  /// How pixels are made fewer.
  public enum Filter: String, Hashable, Sendable, Codable {
    /// All pixels under a new one are averaged: no aliasing.
    case box
    /// Two by two neighbours: what most networks were trained with, and up to four times cheaper; thin structures
    /// alias when a side shrinks to less than a half.
    case bilinear
  }

  /// Width and height of the input.
  public var size: PictureSize
  /// The order of the channels.
  public var order: ChannelOrder
  /// The order of the dimensions.
  public var layout: Layout
  /// What a pixel is multiplied with first.
  public var scale: Float
  /// What is taken off then, in the order of the tensor's channels.
  public var mean: [Float]
  /// What it is divided by then, in the order of the tensor's channels.
  public var std: [Float]
  /// How a picture is brought to the network's size.
  public var fit: Fit
  /// How pixels are made fewer.
  public var filter: Filter

  /// A specification by its parts; `mean` and `std` have three elements each, in the order of the tensor's
  /// channels.
  public init(
    size: PictureSize, order: ChannelOrder = .rgb, layout: Layout = .nchw, scale: Float = 1,
    mean: [Float] = [0, 0, 0], std: [Float] = [1, 1, 1], fit: Fit, filter: Filter = .box
  ) {
    self.size = size
    self.order = order
    self.layout = layout
    self.scale = scale
    self.mean = mean
    self.std = std
    self.fit = fit
    self.filter = filter
  }

  /// The number of values in the tensor.
  public var elementCount: Int { size.width * size.height * 3 }

  func validate() throws(ImagingError) {
    guard (2...8192).contains(size.width), (2...8192).contains(size.height) else {
      throw .invalidSpecification("an input of \(size); sides of 2 to 8192 are possible")
    }
    guard mean.count == 3, std.count == 3 else {
      throw .invalidSpecification("mean and std need three values each, found \(mean.count) and \(std.count)")
    }
    guard scale.isFinite, mean.allSatisfy(\.isFinite), std.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw .invalidSpecification("scale, mean and std must be finite and std must not be 0")
    }
  }
}
