import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct TensorTests {
  static func specification(
    _ width: Int, _ height: Int, order: TensorImageSpecification.ChannelOrder = .rgb,
    layout: TensorImageSpecification.Layout = .nchw, fit: TensorImageSpecification.Fit = .stretch
  ) -> TensorImageSpecification {
    TensorImageSpecification(
      size: PictureSize(width: width, height: height), order: order, layout: layout, scale: 1 / 255,
      mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2], fit: fit)
  }

  static func fill(
    _ picture: Picture, _ specification: TensorImageSpecification, region: BoundingBox? = nil
  ) throws -> ([Float], LetterboxTransform) {
    var values = [Float](repeating: .nan, count: specification.elementCount)
    let transform = try values.withUnsafeMutableBufferPointer {
      try PictureScaler().fill($0, from: picture, region: region, specification: specification)
    }
    return (values, transform)
  }

  /// One value of a tensor by channel and place.
  static func value(
    _ values: [Float], _ specification: TensorImageSpecification, channel: Int, x: Int, y: Int
  ) -> Float {
    let size = specification.size
    return specification.layout == .nchw
      ? values[channel * size.width * size.height + y * size.width + x]
      : values[(y * size.width + x) * 3 + channel]
  }

  @Test func primariesArriveInTheirChannels() throws {
    let colors: [(Double, Double, Double)] = [
      (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 60, 200),
    ]
    for matrix in ColorMatrix.allCases {
      for color in colors {
        let yuv = matrix.color(red: color.0, green: color.1, blue: color.2)
        let i420 = try TestPictures.i420(PictureSize(width: 50, height: 31), matrix: matrix) { plane, _, _ in
          [yuv.y, yuv.u, yuv.v][plane]
        }
        for picture in [i420, try TestPictures.nv12(i420)] {
          for order in [TensorImageSpecification.ChannelOrder.rgb, .bgr] {
            for layout in [TensorImageSpecification.Layout.nchw, .nhwc] {
              let specification = Self.specification(16, 8, order: order, layout: layout)
              let (values, _) = try Self.fill(picture, specification)
              let pixel = order == .rgb ? [color.0, color.1, color.2] : [color.2, color.1, color.0]
              for channel in 0..<3 {
                let expected =
                  (Float(pixel[channel]) / 255 - specification.mean[channel]) / specification.std[channel]
                let found = Self.value(values, specification, channel: channel, x: 7, y: 5)
                #expect(abs(found - expected) < 0.02 / specification.std[channel])
              }
              #expect(values.allSatisfy { $0.isFinite })
            }
          }
        }
      }
    }
  }

  @Test func letterboxKeepsProportionsAndFillsTheRest() throws {
    let white = ColorMatrix.bt709Limited.color(red: 255, green: 255, blue: 255)
    let picture = try TestPictures.i420(PictureSize(width: 1920, height: 1080), matrix: .bt709Limited) {
      plane, _, _ in
      [white.y, white.u, white.v][plane]
    }
    for anchor in [TensorImageSpecification.Anchor.center, .topLeft] {
      for layout in [TensorImageSpecification.Layout.nchw, .nhwc] {
        let specification = Self.specification(
          640, 384, layout: layout, fit: .letterbox(fill: 114, anchor: anchor))
        let (values, transform) = try Self.fill(picture, specification)
        let top = anchor == .center ? 12 : 0
        #expect(abs(transform.scaleX - 1.0 / 3) < 1e-9 && abs(transform.scaleY - 1.0 / 3) < 1e-9)
        #expect(transform.offsetX == 0 && transform.offsetY == Double(top))
        for channel in 0..<3 {
          let pad = (Float(114) / 255 - specification.mean[channel]) / specification.std[channel]
          let full = (1 - specification.mean[channel]) / specification.std[channel]
          for y in 0..<384 {
            let inside = y >= top && y < top + 360
            for x in [0, 319, 639] {
              let found = Self.value(values, specification, channel: channel, x: x, y: y)
              #expect(abs(found - (inside ? full : pad)) < 0.02 / specification.std[channel], "\(x) \(y)")
            }
          }
        }
      }
    }
  }

  @Test func transformLeadsBackToTheSource() throws {
    // A bright square on black: the centre of brightness in the tensor must come back to the square's centre.
    var random = SplitMix64(seed: 99)
    for round in 0..<60 {
      let size = PictureSize(
        width: .random(in: 40...400, using: &random), height: .random(in: 40...400, using: &random))
      let square = BoundingBox(
        x: Double(Int.random(in: 0...(size.width / 2), using: &random) & ~1),
        y: Double(Int.random(in: 0...(size.height / 2), using: &random) & ~1), width: 16, height: 16)
      let picture = try TestPictures.i420(size, matrix: .bt601Full) { plane, x, y in
        guard plane == 0 else { return 128 }
        let inside =
          Double(x) >= square.minX && Double(x) < square.maxX && Double(y) >= square.minY
          && Double(y) < square.maxY
        return inside ? 255 : 0
      }
      let region = BoundingBox(
        x: square.x - .random(in: 3...60, using: &random), y: square.y - .random(in: 3...60, using: &random),
        width: .random(in: 90...200, using: &random), height: .random(in: 90...200, using: &random))
      for fit in [
        TensorImageSpecification.Fit.stretch, .letterbox(fill: 0), .letterbox(fill: 0, anchor: .topLeft),
      ] {
        for wanted in [nil, region] {
          let specification = TensorImageSpecification(size: PictureSize(width: 96, height: 128), fit: fit)
          let (values, transform) = try Self.fill(picture, specification, region: wanted)
          var (sum, sumX, sumY) = (0.0, 0.0, 0.0)
          for y in 0..<128 {
            for x in 0..<96 {
              let value = Double(values[y * 96 + x])
              sum += value
              sumX += value * (Double(x) + 0.5)
              sumY += value * (Double(y) + 0.5)
            }
          }
          let source = transform.toSource(
            BoundingBox(centerX: sumX / sum, centerY: sumY / sum, width: 0, height: 0))
          let blurX = 1.5 + 1 / transform.scaleX
          let blurY = 1.5 + 1 / transform.scaleY
          let comment: Comment = "round \(round) \(size) \(square) \(String(describing: wanted)) \(fit)"
          #expect(abs(source.centerX - square.centerX) < blurX, comment)
          #expect(abs(source.centerY - square.centerY) < blurY, comment)
          let there = transform.toNetwork(square)
          let back = transform.toSource(there)
          #expect(abs(back.x - square.x) < 1e-9 && abs(back.height - square.height) < 1e-9)
        }
      }
    }
  }

  @Test func aRegionOverTheEdgeIsPadded() throws {
    let picture = try TestPictures.i420(PictureSize(width: 100, height: 100), matrix: .bt601Full) {
      plane, _, _ in
      plane == 0 ? 255 : 128
    }
    let specification = TensorImageSpecification(
      size: PictureSize(width: 100, height: 100), fit: .letterbox(fill: 0))
    let (values, transform) = try Self.fill(
      picture, specification, region: BoundingBox(x: -50, y: 50, width: 100, height: 100))
    #expect(transform == LetterboxTransform(scaleX: 1, scaleY: 1, offsetX: 50, offsetY: -50))
    for (x, y, expected) in [(49, 0, 0), (50, 0, 255), (99, 49, 255), (99, 50, 0), (0, 99, 0)]
      as [(Int, Int, Float)]
    {
      #expect(values[y * 100 + x] == expected, "\(x) \(y)")
    }
  }

  @Test func everySizeAndRegionIsFilledWhole() throws {
    var random = SplitMix64(seed: 4)
    for _ in 0..<150 {
      let size = PictureSize(
        width: .random(in: 1...90, using: &random), height: .random(in: 1...90, using: &random))
      let i420 = try TestPictures.noise(size, seed: random.next())
      let picture = Bool.random(using: &random) ? i420 : try TestPictures.nv12(i420)
      let region = BoundingBox(
        x: .random(in: -100...80, using: &random), y: .random(in: -100...80, using: &random),
        width: .random(in: 0.5...200, using: &random), height: .random(in: 0.5...200, using: &random))
      let specification = TensorImageSpecification(
        size: PictureSize(
          width: .random(in: 2...70, using: &random), height: .random(in: 2...70, using: &random)),
        layout: Bool.random(using: &random) ? .nchw : .nhwc,
        fit: Bool.random(using: &random) ? .stretch : .letterbox(fill: 7),
        filter: Bool.random(using: &random) ? .box : .bilinear)
      if region.clipped(to: size).area > 0 {
        let (values, transform) = try Self.fill(picture, specification, region: region)
        #expect(values.allSatisfy { (0...255).contains($0) })
        #expect(transform.scaleX > 0 && transform.scaleY > 0)
        var bytes = [UInt8](repeating: 0, count: specification.elementCount)
        let same = try bytes.withUnsafeMutableBufferPointer {
          try PictureScaler().fill($0, from: picture, region: region, specification: specification)
        }
        #expect(same == transform)
        #expect(zip(bytes, values).allSatisfy { abs(Float($0) - $1) <= 0.51 })
      } else {
        #expect(throws: ImagingError.invalidRegion(region, size: size)) {
          try Self.fill(picture, specification, region: region)
        }
      }
    }
  }

  @Test func badSpecificationsAndMemoryAreRefused() throws {
    let picture = try TestPictures.noise(PictureSize(width: 16, height: 16), seed: 1)
    func change(_ body: (inout TensorImageSpecification) -> Void) -> TensorImageSpecification {
      var specification = Self.specification(8, 8)
      body(&specification)
      return specification
    }
    let bad = [
      change { $0.size.width = 0 }, change { $0.size.height = 100_000 }, change { $0.std[1] = 0 },
      change { $0.mean = [0, 0] }, change { $0.std = [] }, change { $0.scale = .nan },
      change { $0.mean[0] = .infinity },
    ]
    for specification in bad {
      var values = [Float](repeating: 0, count: 192)
      #expect(throws: ImagingError.self) {
        try values.withUnsafeMutableBufferPointer {
          try PictureTensor.fill($0, from: picture, specification: specification)
        }
      }
    }
    var short = [Float](repeating: 0, count: 191)
    #expect(throws: ImagingError.tensorSize(expected: 192, found: 191)) {
      try short.withUnsafeMutableBufferPointer {
        try PictureTensor.fill($0, from: picture, specification: Self.specification(8, 8))
      }
    }
    for region in [
      BoundingBox(x: .nan, y: 0, width: 1, height: 1), BoundingBox(x: 0, y: 0, width: .infinity, height: 1),
      BoundingBox(x: 0, y: 0, width: -1, height: 1), BoundingBox(x: 16, y: 0, width: 4, height: 4),
    ] {
      #expect(throws: ImagingError.self) { try Self.fill(picture, Self.specification(8, 8), region: region) }
    }
  }

  @Test func averagingRemovesWhatPickingKeeps() throws {
    // Stripes of one pixel: averaged four to one they are grey, whatever the phase.
    let stripes = try TestPictures.i420(PictureSize(width: 256, height: 256), matrix: .bt601Full) {
      plane, x, _ in
      plane == 0 ? (x % 2 == 0 ? 0 : 255) : 128
    }
    let specification = TensorImageSpecification(size: PictureSize(width: 64, height: 64), fit: .stretch)
    let (values, _) = try Self.fill(stripes, specification)
    #expect(values.allSatisfy { abs($0 - 127.5) <= 2 })
  }
}

@Suite struct CropMeasureTests {
  @Test func measuresTellSharpFromSmeared() throws {
    let size = PictureSize(width: 128, height: 256)
    let flat = try TestPictures.i420(size, matrix: .bt601Full) { plane, _, _ in plane == 0 ? 90 : 128 }
    let board = try TestPictures.i420(size, matrix: .bt601Full) { plane, x, y in
      plane == 0 ? ((x / 4 + y / 4) % 2 == 0 ? 40 : 200) : 128
    }
    let ramp = try TestPictures.i420(size, matrix: .bt601Full) { plane, x, _ in plane == 0 ? UInt8(x) : 128 }
    let scaler = PictureScaler()
    let flatMeasures = try scaler.measure(flat, region: size.bounds)
    #expect(flatMeasures == CropMeasures(sharpness: 0, brightness: 90, contrast: 0))
    let boardMeasures = try scaler.measure(board, region: size.bounds)
    #expect(boardMeasures.sharpness > 10000)
    #expect(abs(boardMeasures.brightness - 120) < 1 && abs(boardMeasures.contrast - 80) < 1)
    let rampMeasures = try scaler.measure(ramp, region: size.bounds)
    #expect(rampMeasures.sharpness < 1)
    #expect(abs(rampMeasures.brightness - 63.5) < 0.5)
  }

  @Test func limitedRangeIsSpread() throws {
    let size = PictureSize(width: 128, height: 256)
    func board(_ matrix: ColorMatrix) throws -> CropMeasures {
      let dark = matrix.color(red: 40, green: 40, blue: 40)
      let bright = matrix.color(red: 200, green: 200, blue: 200)
      let picture = try TestPictures.i420(size, matrix: matrix) { plane, x, y in
        plane == 0 ? ((x / 8 + y / 8) % 2 == 0 ? dark.y : bright.y) : 128
      }
      return try PictureScaler().measure(picture, region: size.bounds)
    }
    let full = try board(.bt601Full)
    let limited = try board(.bt709Limited)
    #expect(abs(full.sharpness - limited.sharpness) < 0.02 * full.sharpness)
    #expect(abs(full.brightness - limited.brightness) < 1.5)
    #expect(abs(full.contrast - limited.contrast) < 1.5)
  }

  @Test func regionsWithoutPixelsAreRefused() throws {
    let picture = try TestPictures.noise(PictureSize(width: 10, height: 10), seed: 2)
    #expect(throws: ImagingError.self) {
      try PictureScaler().measure(picture, region: BoundingBox(x: 10, y: 0, width: 5, height: 5))
    }
    let tiny = try PictureScaler().measure(picture, region: BoundingBox(x: 9, y: 9, width: 50, height: 50))
    #expect(tiny.sharpness.isFinite)
  }
}
