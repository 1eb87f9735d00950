import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct DewarperTests {
  private static let size = PictureSize(width: 320, height: 200)
  private static let none = LensModel.brownConrady(k1: 0, k2: 0, p1: 0, p2: 0, k3: 0)
  private static let lenses: [LensModel] = [
    .brownConrady(k1: -0.28, k2: 0.07, p1: 0.001, p2: -0.002, k3: -0.004),
    .brownConrady(k1: 0.12, k2: 0, p1: 0, p2: 0, k3: 0),
    .fisheye(k1: -0.02, k2: 0.01, k3: -0.004, k4: 0.0005),
  ]

  @Test("A lens that bends nothing leaves every sample as it is", arguments: [false, true])
  func identity(isNV12: Bool) throws {
    for size in [Self.size, PictureSize(width: 17, height: 16), PictureSize(width: 131, height: 77)] {
      let planar = try TestPictures.noise(size, seed: 4)
      let picture = isNV12 ? try TestPictures.nv12(planar) : planar
      let straight = try Dewarper(lens: Lens(model: Self.none, focalX: 0.7, centerX: 0.48)).dewarp(picture)
      #expect(TestPictures.samples(straight) == TestPictures.samples(planar), "\(size)")
    }
  }

  @Test("A scene that the lens has bent comes back straight", arguments: lenses)
  func straightens(model: LensModel) throws {
    let lens = try Lens(model: model, focalX: 0.62, centerX: 0.51, centerY: 0.47)
    let size = PictureSize(width: 160, height: 100)
    // Smooth in both directions, so that where a sample comes from can be read from its value.
    func scene(_ x: Double, _ y: Double) -> Double { 40 + 0.5 * x + 0.2 * y }
    let bent = try TestPictures.i420(size) { plane, x, y in
      guard plane == 0 else { return 128 }
      guard let (wasX, wasY) = Self.undistorted(lens, Double(x), Double(y), in: size) else { return 16 }
      return UInt8(min(max(scene(wasX, wasY).rounded(), 0), 255))
    }
    let straight = try Dewarper(lens: lens).dewarp(bent)
    var worst = 0.0
    for y in stride(from: 25, to: 75, by: 3) {
      for x in stride(from: 40, to: 120, by: 3) {
        let value = Double(straight.luma.address[y * straight.luma.stride + x])
        worst = max(worst, abs(value - scene(Double(x), Double(y))))
      }
    }
    // Rounding twice makes one grey step, two pixels.
    #expect(worst <= 1.1, "\(worst) grey steps away")
    let corner = try #require(lens.source(ofPixel: 10, 10, in: size))
    let bend = ((corner.x - 10) * (corner.x - 10) + (corner.y - 10) * (corner.y - 10)).squareRoot()
    #expect(bend > 1.5, "the lens bends so little that the test says nothing")
  }

  /// Where a pixel of the bent picture belongs, by going back step by step.
  private static func undistorted(_ lens: Lens, _ x: Double, _ y: Double, in size: PictureSize) -> (
    Double, Double
  )? {
    var (guessX, guessY) = (x, y)
    for _ in 0..<40 {
      guard let (toX, toY) = lens.source(ofPixel: guessX, guessY, in: size) else { return nil }
      if abs(toX - x) + abs(toY - y) < 0.01 { return (guessX, guessY) }
      (guessX, guessY) = (guessX + 0.7 * (x - toX), guessY + 0.7 * (y - toY))
    }
    return nil
  }

  @Test("Between the nodes of its table the lens is met to a tenth of a pixel", arguments: lenses)
  func tableIsFine(model: LensModel) throws {
    let size = PictureSize(width: 1920, height: 1080)
    let lens = try Lens(model: model, focalX: 0.5)
    func source(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
      lens.source(ofPixel: x, y, in: size) ?? (.nan, .nan)
    }
    var worst = 0.0
    for row in 0..<67 {
      for column in 0..<120 {
        let (x, y) = (Double(16 * column), Double(16 * row))
        let corners = [source(x, y), source(x + 16, y), source(x, y + 16), source(x + 16, y + 16)]
        let exact = source(x + 8, y + 8)
        let middle = (corners.map(\.x).reduce(0, +) / 4, corners.map(\.y).reduce(0, +) / 4)
        worst = max(worst, abs(middle.0 - exact.x), abs(middle.1 - exact.y))
      }
    }
    #expect(worst < 0.1, "\(worst) pixels")
  }

  @Test("What the lens shows nothing of is black, and zooming out shows more of the edges")
  func edges() throws {
    let white = try TestPictures.i420(Self.size) { plane, _, _ in plane == 0 ? 235 : 128 }
    func black(zoom: Double) throws -> Int {
      let lens = try Lens(
        model: .brownConrady(k1: -0.2, k2: 0.02, p1: 0, p2: 0, k3: 0), focalX: 0.7, zoom: zoom)
      let samples = TestPictures.samples(try Dewarper(lens: lens).dewarp(white))
      #expect(samples[100 * 320 + 160] == 235, "the middle is always seen")
      return samples.prefix(320 * 200).count { $0 == 16 }
    }
    #expect(try black(zoom: 1) == 0)
    #expect(try black(zoom: 0.6) > 5000)
  }

  @Test("Numbers of a calibration mean the same as shares, also for pictures of another size")
  func units() throws {
    let model = Self.lenses[0]
    let shares = try Lens(model: model, focalX: 0.5, focalY: 0.9, centerX: 0.5, centerY: 0.45)
    let pixels = try Lens(
      model: model, focalX: 960, focalY: 972, centerX: 959.5, centerY: 485.5,
      unit: .pixels(PictureSize(width: 1920, height: 1080)))
    for size in [PictureSize(width: 1920, height: 1080), PictureSize(width: 640, height: 360)] {
      for (x, y) in [(0.0, 0.0), (100, 50), (600, 300)] {
        let (one, other) = (shares.source(ofPixel: x, y, in: size), pixels.source(ofPixel: x, y, in: size))
        #expect(abs((one?.x ?? 0) - (other?.x ?? 9)) < 1e-9 && abs((one?.y ?? 0) - (other?.y ?? 9)) < 1e-9)
      }
    }
    let square = try Lens(model: model, focalX: 0.5)
    let (focal, center) = square.pixels(in: PictureSize(width: 640, height: 360))
    #expect(focal == (320, 320) && center == (319.5, 179.5))
  }

  /// `initUndistortRectifyMap` of OpenCV 4 and its fisheye sibling, for a camera matrix with focal lengths of 1100.5 and
  /// 1098 and a centre of 951.25, 548.5, pictures of 1920x1080, and a new matrix with both focal lengths times the zoom.
  @Test(
    "The models are OpenCV's",
    arguments: [
      (false, 1, 0, 0, 197.587, 115.738), (false, 1, 1919, 0, 1707.347, 120.142),
      (false, 1, 300, 900, 374.62, 859.823), (false, 0.7, 1919, 0, 1888.668, 17.562),
      (false, 0.7, 300, 900, 203.325, 952.378), (false, 0.7, 1500, 77, 1578.938, 8.961),
      (true, 1, 0, 0, 210.924, 121.621), (true, 1, 300, 900, 381.534, 855.994),
      (true, 0.7, 0, 0, 49.031, 28.272), (true, 0.7, 960, 540, 963.749, 536.358),
      (true, 0.7, 1500, 77, 1574.704, 12.812),
    ] as [(Bool, Double, Double, Double, Double, Double)])
  func sameAsOpenCV(isFisheye: Bool, zoom: Double, x: Double, y: Double, toX: Double, toY: Double) throws {
    let size = PictureSize(width: 1920, height: 1080)
    let model: LensModel =
      isFisheye
      ? .fisheye(k1: -0.021, k2: 0.011, k3: -0.0043, k4: 0.0006)
      : .brownConrady(k1: -0.31, k2: 0.12, p1: 0.0009, p2: -0.0013, k3: -0.021)
    let lens = try Lens(
      model: model, focalX: 1100.5, focalY: 1098, centerX: 951.25, centerY: 548.5, unit: .pixels(size),
      zoom: zoom)
    let place = try #require(lens.source(ofPixel: x, y, in: size))
    #expect(abs(place.x - toX) < 0.01 && abs(place.y - toY) < 0.01, "\(place)")
  }

  @Test("What is no lens is refused")
  func refused() throws {
    #expect(throws: LensError.focal) { try Lens(model: Self.none, focalX: 800) }
    #expect(throws: LensError.focal) { try Lens(model: Self.none, focalX: .nan) }
    #expect(throws: LensError.center) { try Lens(model: Self.none, focalX: 1, centerX: 960) }
    #expect(throws: LensError.zoom) { try Lens(model: Self.none, focalX: 1, zoom: 0) }
    #expect(throws: LensError.coefficients) {
      try Lens(model: .fisheye(k1: .infinity, k2: 0, k3: 0, k4: 0), focalX: 1)
    }
    let tiny = try TestPictures.noise(PictureSize(width: 8, height: 8), seed: 1)
    #expect(throws: ImagingError.cannotDewarp(tiny.size)) {
      try Dewarper(lens: Lens(model: Self.none, focalX: 1)).dewarp(tiny)
    }
  }

  @Test("Pictures come from the pool and go back to it")
  func pool() throws {
    let pool = PicturePool(maximumOutstanding: 2, maximumIdle: 2)
    let dewarper = Dewarper(lens: try Lens(model: Self.none, focalX: 1), pool: pool)
    let picture = try TestPictures.noise(Self.size, seed: 1)
    for _ in 0..<5 { _ = try dewarper.dewarp(picture) }
    #expect(pool.outstanding == 0 && pool.idle == 1)
    let kept = [try dewarper.dewarp(picture), try dewarper.dewarp(picture)]
    #expect(throws: ImagingError.poolExhausted(limit: 2)) { try dewarper.dewarp(picture) }
    withExtendedLifetime(kept) {}
  }
}
