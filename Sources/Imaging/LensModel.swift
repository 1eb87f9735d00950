import Foundation
import ThroughlineCore

/// How a camera's lens bends what is straight: where the ray of an ideal camera falls in the picture of the real one.
///
/// Coordinates are those of the ideal camera's plane at distance 1, as in OpenCV's calibration, whose numbers can be taken
/// over as they are.
public enum LensModel: Hashable, Sendable {
  /// Radial and tangential terms (Brown 1971, "Close-range camera calibration"; Conrady 1919).
  case brownConrady(k1: Double, k2: Double, p1: Double, p2: Double, k3: Double)
  /// A polynomial of the angle to the axis, for lenses of a wide view (Kannala and Brandt 2006, "A generic camera model
  /// and calibration method for conventional, wide-angle, and fish-eye lenses").
  case fisheye(k1: Double, k2: Double, k3: Double, k4: Double)

  /// Where a ray falls; `nil` where the model bends it back over rays that lie further in, so that it says nothing.
  public func distorted(x: Double, y: Double) -> (x: Double, y: Double)? {
    switch self {
    case .brownConrady(let k1, let k2, let p1, let p2, let k3):
      let square = x * x + y * y
      guard isMonotonic(upTo: square) else { return nil }
      let radial = 1 + square * (k1 + square * (k2 + square * k3))
      return (
        x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
        y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y
      )
    case .fisheye(let k1, let k2, let k3, let k4):
      let radius = (x * x + y * y).squareRoot()
      guard radius > 1e-12 else { return (x, y) }
      let angle = atan(radius)
      let square = angle * angle
      guard isMonotonic(upTo: square) else { return nil }
      let bent = angle * (1 + square * (k1 + square * (k2 + square * (k3 + square * k4))))
      return (x * bent / radius, y * bent / radius)
    }
  }

  /// Whether the radius in the picture grows with that of the ray all the way out to a squared radius (or angle): whether
  /// the derivative of `q (1 + k1 q^2 + ...)` is positive.
  private func isMonotonic(upTo square: Double) -> Bool {
    let terms: (Double, Double, Double, Double) =
      switch self {
      case .brownConrady(let k1, let k2, _, _, let k3): (3 * k1, 5 * k2, 7 * k3, 0)
      case .fisheye(let k1, let k2, let k3, let k4): (3 * k1, 5 * k2, 7 * k3, 9 * k4)
      }
    let steps = 16
    return (1...steps).allSatisfy { step in
      let q = square * Double(step) / Double(steps)
      return 1 + q * (terms.0 + q * (terms.1 + q * (terms.2 + q * terms.3))) > 0
    }
  }
}

/// A camera's lens with its focal lengths and centre.
public struct Lens: Hashable, Sendable {
  /// In which unit focal lengths and centre are given.
  public enum Unit: Hashable, Sendable {
    /// Shares of the picture's width and height; a centre of 0.5 is the middle.
    case shares
    /// Pixels of a picture of this size, the middle of the first pixel at 0, as calibration tools say them. A picture of
    /// another size is taken as the same view.
    case pixels(PictureSize)
  }

  /// How rays are bent.
  public let model: LensModel
  /// The focal length along the rows.
  public let focalX: Double
  /// The same along the columns; `nil` is the same as along the rows, in pixels.
  public let focalY: Double?
  /// The centre's place along the rows; `nil` is the middle of the picture.
  public let centerX: Double?
  /// The same along the columns.
  public let centerY: Double?
  /// The unit of focal lengths and centre.
  public let unit: Unit
  /// How much larger things come out: below 1 more of the edges is seen, above 1 less.
  public let zoom: Double

  /// A lens by its parts.
  ///
  /// - Throws: ``LensError`` for what is no lens.
  public init(
    model: LensModel, focalX: Double, focalY: Double? = nil, centerX: Double? = nil, centerY: Double? = nil,
    unit: Unit = .shares, zoom: Double = 1
  ) throws(LensError) {
    let (width, height): (Double, Double) =
      switch unit {
      case .shares: (1, 1)
      case .pixels(let size): (Double(size.width), Double(size.height))
      }
    guard width >= 1, height >= 1 else { throw .size }
    // Beyond these bounds there is no lens; tighter ones would refuse a telephoto lens or an off-centre cut.
    let focals = 0.05...20.0
    guard focals.contains(focalX / width), focals.contains((focalY ?? height) / height) else { throw .focal }
    let centers = -1...2.0
    guard centers.contains((centerX ?? 0) / width), centers.contains((centerY ?? 0) / height) else {
      throw .center
    }
    guard (0.1...10).contains(zoom) else { throw .zoom }
    let coefficients: [Double] =
      switch model {
      case .brownConrady(let k1, let k2, let p1, let p2, let k3): [k1, k2, p1, p2, k3]
      case .fisheye(let k1, let k2, let k3, let k4): [k1, k2, k3, k4]
      }
    guard coefficients.allSatisfy({ (-1000...1000).contains($0) }) else { throw .coefficients }
    self.model = model
    self.focalX = focalX
    self.focalY = focalY
    self.centerX = centerX
    self.centerY = centerY
    self.unit = unit
    self.zoom = zoom
  }

  /// Focal lengths and centre in pixels of a picture, the middle of its first pixel at 0.
  func pixels(in size: PictureSize) -> (focal: (x: Double, y: Double), center: (x: Double, y: Double)) {
    let (width, height) = (Double(size.width), Double(size.height))
    let (scaleX, scaleY, shift): (Double, Double, Double) =
      switch unit {
      case .shares: (width, height, 0)
      case .pixels(let calibrated):
        (width / Double(calibrated.width), height / Double(calibrated.height), 0.5)
      }
    let focalInX = focalX * scaleX
    let focalInY: Double
    switch (focalY, unit) {
    case (let own?, _): focalInY = own * scaleY
    case (nil, .shares): focalInY = focalInX
    case (nil, .pixels): focalInY = focalX * scaleY
    }
    return (
      (focalInX, focalInY),
      (
        centerX.map { ($0 + shift) * scaleX - 0.5 } ?? (width - 1) / 2,
        centerY.map { ($0 + shift) * scaleY - 0.5 } ?? (height - 1) / 2
      )
    )
  }

  /// Where a pixel of the straight picture lies in the camera's own one, both of one size; `nil` where the lens shows
  /// nothing of it. The middle of the first pixel is at 0.
  public func source(ofPixel x: Double, _ y: Double, in size: PictureSize) -> (x: Double, y: Double)? {
    let (focal, center) = pixels(in: size)
    let ray = (x: (x - center.x) / (focal.x * zoom), y: (y - center.y) / (focal.y * zoom))
    guard let bent = model.distorted(x: ray.x, y: ray.y) else { return nil }
    return (bent.x * focal.x + center.x, bent.y * focal.y + center.y)
  }
}

/// Why numbers are no lens.
public enum LensError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The size of the calibrated picture.
  case size
  /// A focal length.
  case focal
  /// The centre.
  case center
  /// The zoom.
  case zoom
  /// The coefficients.
  case coefficients

  /// What is wrong and what would be right, without a name of a setting.
  public var description: String {
    switch self {
    case .size: "the size of the calibrated picture must be 1 or more in both directions"
    case .focal:
      "the focal lengths must lie between 0.05 and 20 picture widths and heights; in pixels they need the size of the calibrated picture"
    case .center:
      "the centre must lie in the picture or near it; in pixels it needs the size of the calibrated picture"
    case .zoom: "the zoom must lie between 0.1 and 10"
    case .coefficients: "the coefficients must be numbers between -1000 and 1000"
    }
  }
}
