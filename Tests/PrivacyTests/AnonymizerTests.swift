import Imaging
import Testing
import ThroughlineCore

@testable import Privacy

enum Pixels {
  /// Fine detail everywhere: noise of 64...191.
  static func noise(_ size: PictureSize, seed: UInt64 = 9, matrix: ColorMatrix = .bt709Limited) throws
    -> Picture
  {
    let buffer = try PictureBuffer(size: size, matrix: matrix)
    // A short generator of its own: millions of samples are drawn in debug builds.
    var state = seed | 1
    buffer.withMutablePlanes { luma, chromaU, chromaV in
      for plane in [luma, chromaU, chromaV] {
        for y in 0..<plane.height {
          let row = plane.address + y * plane.stride
          for x in 0..<plane.width {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            row[x] = UInt8(truncatingIfNeeded: state >> 57) &+ 64
          }
        }
      }
    }
    return buffer.freeze()
  }

  static func samples(_ picture: Picture) -> [[UInt8]] {
    let result = picture.planes.map { plane in
      [UInt8](unsafeUninitializedCapacity: plane.width * plane.height) { bytes, count in
        for y in 0..<plane.height {
          let row = UnsafeBufferPointer(start: plane.address + y * plane.stride, count: plane.width)
          _ = bytes[(y * plane.width)...].update(from: row)
        }
        count = plane.width * plane.height
      }
    }
    withExtendedLifetime(picture) {}
    return result
  }

  /// Memory of an NV12 picture; never written after it was made.
  final class Memory: @unchecked Sendable {
    // Written in the initialiser only, and read through pictures that keep it alive.
    let address: UnsafeMutablePointer<UInt8>
    init(_ bytes: [UInt8]) {
      address = .allocate(capacity: bytes.count)
      address.initialize(from: bytes, count: bytes.count)
    }
    deinit { address.deallocate() }
  }

  static func nv12(_ picture: Picture) throws -> Picture {
    let planes = samples(picture)
    let chroma = zip(planes[1], planes[2]).flatMap { [$0, $1] }
    let memory = Memory(planes[0] + chroma)
    let (width, height) = (picture.size.width, picture.size.height)
    let pairs = (width + 1) / 2
    return try Picture(
      format: .nv12, size: picture.size,
      planes: [
        Plane(address: memory.address, stride: width, width: width, height: height),
        Plane(
          address: memory.address + width * height, stride: 2 * pairs, width: 2 * pairs,
          height: (height + 1) / 2),
      ], matrix: picture.matrix, owner: memory)
  }

  /// Mean absolute difference inside, and the number of differing samples outside, of some boxes.
  static func compare(_ left: Picture, _ right: Picture, boxes: [BoundingBox]) -> (
    inside: Double, outside: Int
  ) {
    var (sum, count, outside) = (0, 0, 0)
    for (plane, (a, b)) in zip(left.planes, right.planes).enumerated() {
      let shift = plane == 0 ? 0 : 1
      for y in 0..<a.height {
        var isInside = [Bool](repeating: false, count: a.width)
        for box in boxes where Double(y << shift) >= box.minY && Double(y << shift) < box.maxY {
          for x in Int(box.minX) >> shift..<(Int(box.maxX) + shift) >> shift { isInside[x] = true }
        }
        let (rowA, rowB) = (a.address + y * a.stride, b.address + y * b.stride)
        var x = 0
        while x < a.width {
          if isInside[x] {
            sum += abs(Int(rowA[x]) - Int(rowB[x]))
            count += 1
          } else if rowA[x] != rowB[x] {
            outside += 1
          }
          x += 1
        }
      }
    }
    return (count > 0 ? Double(sum) / Double(count) : 0, outside)
  }
}

@Suite struct AnonymizerTests {
  let camera = CameraName(sanitizing: "door")
  let face = BoundingBox(x: 100, y: 60, width: 40, height: 50)

  func frame(
    _ picture: Picture, _ settings: PrivacySettings = .standard, evidence: FaceEvidence, tracks: [Track] = [],
    showOnly: ShowOnly? = nil, annotations: [Annotation] = []
  ) throws -> AnonymizedFrame {
    try Anonymizer(camera: camera, settings: settings).anonymize(
      picture, number: 7, captureTime: Timestamp(seconds: 5), evidence: evidence, tracks: tracks,
      showOnly: showOnly,
      annotations: annotations)
  }

  func evenOut(_ box: BoundingBox, _ size: PictureSize) -> BoundingBox {
    PixelRectangle(covering: box, in: size)?.box ?? box
  }

  @Test(arguments: ["blur", "pixelate", "solid", "whole-body"])
  func theFaceIsGoneAndTheRestIsUntouched(name: String) throws {
    for size in [PictureSize(width: 200, height: 160), PictureSize(width: 201, height: 159)] {
      let source = try Pixels.noise(size)
      for picture in [source, try Pixels.nv12(source)] {
        let settings = try PrivacySettings(faces: FaceCovering(name: name))
        let result = try frame(picture, settings, evidence: .detected([Scene.face(face)]))
        #expect(result.status == .covered && !result.isWithheld)
        #expect(result.camera == camera && result.number == 7 && result.captureTime == Timestamp(seconds: 5))
        #expect(result.picture.format == .i420 && result.picture.size == size)
        let boxes = result.regions.map { evenOut($0.box, size) }
        let difference = Pixels.compare(source, result.picture, boxes: boxes)
        #expect(difference.inside > 20)
        #expect(difference.outside == 0)
        let sharp = try PictureScaler().measure(source, region: face).sharpness
        let blurred = try PictureScaler().measure(result.picture, region: face).sharpness
        #expect(blurred < sharp / 100, "\(sharp) -> \(blurred)")
      }
    }
  }

  @Test func facesOfAnySizeAtAnyPlaceAreCovered() throws {
    let size = PictureSize(width: 200, height: 151)
    let source = try Pixels.noise(size)
    let boxes = [
      BoundingBox(x: 0, y: 0, width: 3, height: 3), BoundingBox(x: 100, y: 70, width: 0, height: 0),
      BoundingBox(x: 196, y: 149, width: 4, height: 2), BoundingBox(x: -50, y: -50, width: 90, height: 90),
      BoundingBox(x: -500, y: -500, width: 2000, height: 2000),
      BoundingBox(x: 99.5, y: 70.5, width: 9.3, height: 11.9),
      BoundingBox(x: 150, y: 100, width: 400, height: 400),
      BoundingBox(x: 120, y: 90, width: -20, height: -30),
      BoundingBox(x: 1e12, y: 1e12, width: 10, height: 10),
    ]
    for name in ["blur", "pixelate", "solid"] {
      for box in boxes {
        let settings = try PrivacySettings(faces: FaceCovering(name: name))
        let result = try frame(source, settings, evidence: .detected([Scene.face(box)]))
        let covered = result.regions.map { evenOut($0.box, size) }
        let difference = Pixels.compare(source, result.picture, boxes: covered)
        #expect(difference.outside == 0)
        let visible = BoundingBox(
          left: min(box.minX, box.maxX), top: min(box.minY, box.maxY), right: max(box.minX, box.maxX),
          bottom: max(box.minY, box.maxY)
        ).clipped(to: size)
        if visible.area > 0 {
          #expect(difference.inside > 15, "\(name) \(box)")
          #expect(covered.contains { visible.coverage(by: $0) > 0.999 })
        }
      }
    }
  }

  @Test func aPictureWithoutKnowledgeShowsNothing() throws {
    let size = PictureSize(width: 640, height: 361)
    let source = try Pixels.noise(size)
    for evidence in [
      FaceEvidence.unavailable(reason: "the model is missing"), .bridged(ahead: []), .unchanged,
    ] {
      let result = try frame(source, evidence: evidence)
      #expect(result.isWithheld)
      // Below the mark nothing but a few flat tiles is left.
      let below = BoundingBox(x: 0, y: 20, width: 640, height: 341)
      let picture = try #require(result.picture.cropped(to: below))
      #expect(Pixels.samples(picture).allSatisfy { Set($0).count <= 24 })
    }
  }

  @Test func openFacesAreMarked() throws {
    let size = PictureSize(width: 640, height: 360)
    let source = try Pixels.noise(size)
    let result = try frame(
      source, PrivacySettings(faces: .off(reason: "test")), evidence: .detected([Scene.face(face)]))
    #expect(result.status == .open(reason: "test") && result.regions.isEmpty)
    let mark = BoundingBox(x: 0, y: 0, width: 640, height: 14)
    let difference = Pixels.compare(source, result.picture, boxes: [mark])
    #expect(difference.inside > 10)
    #expect(difference.outside == 0)

    let one = try frame(
      source, evidence: .detected([]),
      tracks: [Scene.track(1, BoundingBox(x: 80, y: 50, width: 90, height: 240))],
      showOnly: ShowOnly(tracks: [Scene.id(1)], reason: "request 4"))
    #expect(one.status == .open(reason: "request 4"))
    #expect(Pixels.compare(source, one.picture, boxes: [mark]).outside == 0)
  }

  @Test func annotationsLieOnTopOfTheCover() throws {
    let size = PictureSize(width: 320, height: 240)
    let source = try Pixels.noise(size)
    let boxes = [
      face, BoundingBox(x: .nan, y: 0, width: 1, height: 1),
      BoundingBox(x: -1e300, y: 5, width: 1e300, height: 1e300),
      BoundingBox(x: 300, y: 230, width: 100, height: 100), BoundingBox(x: 0, y: 0, width: 0, height: 0),
    ]
    let annotations = boxes.enumerated().map {
      Annotation(box: $1, label: "Ä#\($0) \u{0}漢", color: $0 - 2, isDashed: $0 % 2 == 1)
    }
    let plain = try frame(source, evidence: .detected([Scene.face(face)]))
    let drawn = try frame(source, evidence: .detected([Scene.face(face)]), annotations: annotations)
    #expect(plain.regions == drawn.regions)
    #expect(Pixels.samples(plain.picture) != Pixels.samples(drawn.picture))
    let edge = Palette.color(-2, matrix: .bt709Limited)
    let luma = drawn.picture.luma
    #expect(luma.address[Int(face.maxY - 1) * luma.stride + Int(face.centerX)] == edge.y)
  }

  @Test func theSourceIsNeverWritten() throws {
    let source = try Pixels.noise(PictureSize(width: 100, height: 100))
    let before = Pixels.samples(source)
    _ = try frame(source, evidence: .unavailable(reason: "x"))
    #expect(Pixels.samples(source) == before)
  }

  @Test func aPoolThatIsEmptyRefusesRatherThanShows() throws {
    let source = try Pixels.noise(PictureSize(width: 64, height: 64))
    let anonymizer = Anonymizer(camera: camera, pool: PicturePool(maximumOutstanding: 1, maximumIdle: 1))
    var kept: [AnonymizedFrame] = []
    func next() throws -> AnonymizedFrame {
      try anonymizer.anonymize(
        source, number: 1, captureTime: Timestamp(seconds: 0), evidence: .detected([]), tracks: [])
    }
    kept.append(try next())
    #expect(throws: ImagingError.poolExhausted(limit: 1)) { try next() }
    kept.removeAll()
    _ = try next()
  }

  @Test func cropsAndFilesComeFromTheCoveredPicture() throws {
    let size = PictureSize(width: 320, height: 240)
    let source = try Pixels.noise(size)
    let result = try frame(source, evidence: .detected([Scene.face(face)]))
    let crop = try #require(result.crop(face))
    #expect(crop.status == .covered)
    #expect(crop.picture.size == PictureSize(width: 40, height: 50))
    let small = try crop.scaled(toFit: PictureSize(width: 20, height: 20))
    #expect(small.picture.size == PictureSize(width: 16, height: 20))
    let decoded = try JPEG.decode(crop.jpeg(quality: 90))
    #expect(try PictureScaler().measure(decoded, region: decoded.size.bounds).sharpness < 100)
    #expect(try JPEG.decode(result.jpeg()).size == size)
    #expect(result.crop(BoundingBox(x: 400, y: 0, width: 10, height: 10)) == nil)
    #expect(try result.still.scaled(toFit: PictureSize(width: 0, height: 0)).picture.size.width >= 1)
  }

  @Test func randomScenesNeverCrashAndNeverTouchTheOutside() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var random = SplitMix64(seed: seed)
    let values: [Double] = [-1e300, -700, -20, 0, 0.3, 5, 33, 64, 90, 1e300, .nan, .infinity]
    func number() -> Double {
      Bool.random(using: &random)
        ? .random(in: -20...120, using: &random) : values.randomElement(using: &random) ?? 0
    }
    func box() -> BoundingBox { BoundingBox(x: number(), y: number(), width: number(), height: number()) }
    let anonymizers = try FaceCovering.names.map {
      Anonymizer(camera: camera, settings: try PrivacySettings(faces: FaceCovering(name: $0, reason: "test")))
    }
    for step in 0..<300 {
      let size = PictureSize(
        width: .random(in: 1...100, using: &random), height: .random(in: 1...90, using: &random))
      let source = try Pixels.noise(size, seed: random.next())
      let detections = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Detection(box: box(), category: Bool.random(using: &random) ? .face : .person, score: number())
      }
      let tracks = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        Scene.track(
          .random(in: 1...6, using: &random), box(), seen: Bool.random(using: &random),
          state: [.tentative, .tracked, .lost, .ended].randomElement(using: &random) ?? .lost,
          face: Bool.random(using: &random) ? box() : nil)
      }
      let evidence: FaceEvidence =
        [.detected(detections), .bridged(ahead: detections), .unchanged].randomElement(using: &random)
        ?? .unchanged
      let result = try anonymizers[step % anonymizers.count].anonymize(
        source, number: UInt64(step), captureTime: Timestamp(seconds: Double(step) * 0.05),
        evidence: evidence,
        tracks: tracks)
      if result.status == .covered {
        let covered = result.regions.compactMap { PixelRectangle(covering: $0.box, in: size)?.box }
        #expect(Pixels.compare(source, result.picture, boxes: covered).outside == 0)
      }
    }
  }
}

@Suite struct AnonymizedMosaicTests {
  @Test func gridsHoldTheirTiles() {
    for count in 0...40 {
      let (columns, rows) = AnonymizedMosaic.grid(for: count)
      #expect(columns * rows >= count && columns >= rows && (rows - 1) * columns < max(count, 1))
    }
    #expect(AnonymizedMosaic.grid(for: 4) == (2, 2))
    #expect(AnonymizedMosaic.grid(for: 5) == (3, 2))
  }

  @Test func tilesAreShownAndOpennessIsKept() throws {
    let size = PictureSize(width: 64, height: 48)
    let camera = CameraName(sanitizing: "a")
    let bright = try PictureBuffer(size: size, matrix: .bt601Limited)
    bright.fill(YUVColor(y: 235, u: 128, v: 128))
    let picture = bright.freeze()
    func frame(_ settings: PrivacySettings) throws -> AnonymizedFrame {
      try Anonymizer(camera: camera, settings: settings).anonymize(
        picture, number: 1, captureTime: Timestamp(seconds: 1), evidence: .detected([]), tracks: [])
    }
    let mosaic = AnonymizedMosaic(size: PictureSize(width: 201, height: 101))
    let covered = try frame(.standard)
    let open = try frame(PrivacySettings(faces: .off(reason: "r")))
    func compose(_ frames: [AnonymizedFrame?]) throws -> AnonymizedFrame {
      try mosaic.compose(
        frames.map { AnonymizedMosaic.Tile(frame: $0, title: "") }, name: CameraName(sanitizing: "mosaic"),
        number: 3,
        captureTime: Timestamp(seconds: 2))
    }
    let both = try compose([covered, nil, covered])
    #expect(both.status == .covered && both.picture.size == mosaic.size)
    let luma = both.picture.luma
    #expect(luma.address[20 * luma.stride + 50] > 230 && luma.address[20 * luma.stride + 150] < 60)
    #expect(luma.address[75 * luma.stride + 50] > 230)
    #expect(try compose([covered, open]).status == .open(reason: "r"))
    #expect(try compose([]).status == .covered)
    // More tiles than pixels must not trap.
    let tiny = AnonymizedMosaic(size: PictureSize(width: 5, height: 4))
    _ = try tiny.compose(
      (0..<50).map { _ in AnonymizedMosaic.Tile(frame: covered, title: "x") }, name: camera, number: 1,
      captureTime: Timestamp(seconds: 0))
  }
}
