import CKernels
import ThroughlineCore

/// What a crop looks like in grey.
public struct CropMeasures: Hashable, Sendable {
  /// The size of the grey crop that is measured: the re-ID network's usual input.
  public static let size = PictureSize(width: 128, height: 256)

  /// Variance of the Laplacian: small where the crop is out of focus or smeared by motion (J. L. Pech-Pacheco et
  /// al., "Diatom autofocusing in brightfield microscopy", ICPR 2000).
  public let sharpness: Double
  /// Mean grey, 0...255.
  public let brightness: Double
  /// Standard deviation of grey, in steps of 0...255.
  public let contrast: Double

  /// Measures by their values.
  public init(sharpness: Double, brightness: Double, contrast: Double) {
    self.sharpness = sharpness
    self.brightness = brightness
    self.contrast = contrast
  }

  init(_ sums: ck_grey_sums, count: Int, matrix: ColorMatrix) {
    let number = Double(count)
    // Limited range is spread to 0...255 here rather than in the samples: all measures scale with it.
    let gain = matrix.lumaGain
    let mean = Double(sums.sum) / number
    let laplacianMean = Double(sums.laplacian_sum) / number
    let laplacianVariance = Double(sums.laplacian_square_sum) / number - laplacianMean * laplacianMean
    sharpness = max(0, laplacianVariance) * gain * gain
    brightness = min(max((mean - matrix.lumaOffset) * gain, 0), 255)
    contrast = max(0, Double(sums.square_sum) / number - mean * mean).squareRoot() * gain
  }
}

extension PictureScaler {
  /// Measures a region of a picture on a grey crop of 128x256, bilinear, as the reference application does.
  ///
  /// - Parameter region: in source pixels; what it has outside of the picture is cut off.
  /// - Throws: ``ImagingError/invalidRegion(_:size:)`` where it has no part in the picture.
  public func measure(_ picture: Picture, region: BoundingBox) throws(ImagingError) -> CropMeasures {
    guard let source = PixelRectangle(nearest: region, in: picture.size) else {
      throw .invalidRegion(region, size: picture.size)
    }
    let grey = scaleLuma(picture, source, to: CropMeasures.size, filter: .bilinear)
    var sums = ck_grey_sums()
    ck_grey_measures(grey.address, grey.stride, Int32(grey.width), Int32(grey.height), &sums)
    withExtendedLifetime(picture.owner) {}
    return CropMeasures(sums, count: grey.width * grey.height, matrix: picture.matrix)
  }
}
