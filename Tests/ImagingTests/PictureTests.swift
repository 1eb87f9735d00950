import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct PictureTests {
  @Test func impossibleSizesAreRefused() {
    for (width, height) in [(0, 10), (10, 0), (-1, 5), (20000, 10), (16384, 16384), (Int.max, 2)] {
      #expect(throws: ImagingError.unsupportedSize(width: width, height: height)) {
        try PictureBuffer(size: PictureSize(width: width, height: height))
      }
    }
  }

  @Test func planesThatAreTooSmallAreRefused() throws {
    let samples = Samples([UInt8](repeating: 0, count: 4096))
    func plane(_ width: Int, _ height: Int, _ stride: Int) -> Plane {
      Plane(address: samples.address, stride: stride, width: width, height: height)
    }
    let size = PictureSize(width: 15, height: 9)
    let good = [plane(15, 9, 16), plane(8, 5, 8), plane(8, 5, 8)]
    _ = try Picture(format: .i420, size: size, planes: good, matrix: .bt601Full, owner: samples)
    let bad: [([Plane], ImagingError)] = [
      ([plane(14, 9, 16), good[1], good[2]], .planesTooSmall(plane: 0, format: .i420, size: size)),
      ([good[0], plane(8, 4, 8), good[2]], .planesTooSmall(plane: 1, format: .i420, size: size)),
      ([good[0], good[1], plane(8, 5, 7)], .planesTooSmall(plane: 2, format: .i420, size: size)),
      ([good[0], good[1]], .wrongPlaneCount(found: 2, format: .i420)),
      ([], .wrongPlaneCount(found: 0, format: .i420)),
    ]
    for (planes, error) in bad {
      #expect(throws: error) {
        try Picture(format: .i420, size: size, planes: planes, matrix: .bt601Full, owner: samples)
      }
      #expect(!error.description.contains("\n"))
    }
  }

  @Test func bothFormatsAreCopiedAlike() throws {
    for size in [
      PictureSize(width: 1, height: 1), PictureSize(width: 33, height: 17),
      PictureSize(width: 64, height: 48),
    ] {
      let source = try TestPictures.noise(size, seed: 3)
      let copies = [
        try PictureBuffer(copying: source).freeze(),
        try PictureBuffer(copying: TestPictures.nv12(source)).freeze(),
      ]
      for copy in copies { #expect(TestPictures.samples(copy) == TestPictures.samples(source)) }
    }
  }

  @Test func copyingAnotherSizeIsRefused() throws {
    let source = try TestPictures.noise(PictureSize(width: 8, height: 8), seed: 3)
    let buffer = try PictureBuffer(size: PictureSize(width: 8, height: 9))
    #expect(throws: ImagingError.sizeMismatch(expected: buffer.size, found: source.size)) {
      try buffer.copy(from: source)
    }
  }

  @Test func aFrozenPictureNeverChanges() throws {
    let buffer = try PictureBuffer(size: PictureSize(width: 20, height: 10))
    buffer.fill(YUVColor(y: 50, u: 60, v: 70))
    let first = buffer.freeze()
    let before = TestPictures.samples(first)
    buffer.fill(YUVColor(y: 200, u: 100, v: 90))
    #expect(TestPictures.samples(first) == before)
    #expect(TestPictures.samples(buffer.freeze()).first == 200)
  }

  @Test func aFrozenPictureOutlivesBufferAndPool() throws {
    func make() throws -> Picture {
      let pool = PicturePool(maximumOutstanding: 1, maximumIdle: 1)
      let buffer = try pool.buffer(size: PictureSize(width: 30, height: 30), matrix: .bt601Full)
      buffer.fill(YUVColor(y: 77, u: 1, v: 2))
      return buffer.freeze()
    }
    #expect(TestPictures.samples(try make()).prefix(900).allSatisfy { $0 == 77 })
  }

  @Test func cropsShareMemoryAndStayInside() throws {
    let source = try TestPictures.noise(PictureSize(width: 41, height: 31), seed: 5)
    for picture in [source, try TestPictures.nv12(source)] {
      let crop = try #require(picture.cropped(to: BoundingBox(x: 30.4, y: 20.2, width: 100, height: 100)))
      #expect(crop.size == PictureSize(width: 11, height: 11))
      #expect(crop.luma.address == picture.luma.address + 20 * picture.luma.stride + 30)
      #expect(
        TestPictures.samples(try PictureBuffer(copying: crop).freeze()).suffix(1)
          == TestPictures.samples(source).suffix(1))
      for box in [
        BoundingBox(x: 41, y: 0, width: 5, height: 5), BoundingBox(x: .nan, y: 0, width: 5, height: 5),
        BoundingBox(x: 0, y: 0, width: 0, height: 5), BoundingBox(x: -10, y: -10, width: 9, height: 9),
      ] {
        #expect(picture.cropped(to: box) == nil)
      }
    }
  }

  @Test func rectanglesCoverTheirBoxes() {
    var random = SplitMix64(seed: 17)
    for _ in 0..<2000 {
      let size = PictureSize(
        width: .random(in: 1...50, using: &random), height: .random(in: 1...50, using: &random))
      let box = BoundingBox(
        x: .random(in: -20...60, using: &random), y: .random(in: -20...60, using: &random),
        width: .random(in: 0.001...60, using: &random), height: .random(in: 0.001...60, using: &random))
      let clipped = box.clipped(to: size)
      let covering = PixelRectangle(covering: box, in: size)
      let nearest = PixelRectangle(nearest: box, in: size)
      guard clipped.area > 0 else {
        #expect(covering == nil && nearest == nil)
        continue
      }
      guard let covering, let nearest else {
        Issue.record("no rectangle for \(box) in \(size)")
        continue
      }
      #expect(covering.box.coverage(by: clipped) > 0)
      #expect(abs(clipped.coverage(by: covering.box) - 1) < 1e-9)
      for rectangle in [covering, nearest] {
        #expect(rectangle.x % 2 == 0 && rectangle.y % 2 == 0)
        #expect(rectangle.width > 0 && rectangle.height > 0)
        #expect(rectangle.x + rectangle.width <= size.width && rectangle.y + rectangle.height <= size.height)
      }
      #expect(abs(nearest.box.minX - clipped.minX) <= 2 && abs(nearest.box.maxY - clipped.maxY) <= 2)
    }
  }
}

@Suite struct PicturePoolTests {
  @Test func memoryIsReusedAndBounded() throws {
    let pool = PicturePool(maximumOutstanding: 3, maximumIdle: 2)
    let size = PictureSize(width: 64, height: 64)
    var pictures: [Picture] = []
    for _ in 0..<3 { pictures.append(try pool.buffer(size: size, matrix: .bt601Full).freeze()) }
    #expect(pool.outstanding == 3)
    #expect(throws: ImagingError.poolExhausted(limit: 3)) { try pool.buffer(size: size, matrix: .bt601Full) }
    let addresses = Set(pictures.map { Int(bitPattern: $0.luma.address) })
    pictures.removeAll()
    #expect(pool.outstanding == 0)
    #expect(pool.idle == 2)
    let again = try pool.buffer(size: size, matrix: .bt601Full).freeze()
    #expect(addresses.contains(Int(bitPattern: again.luma.address)))
    #expect(Int(bitPattern: again.luma.address) % 64 == 0)
  }

  @Test func anotherSizeTakesOtherMemory() throws {
    let pool = PicturePool(maximumOutstanding: 8, maximumIdle: 2)
    for side in 1...40 {
      _ = try pool.buffer(size: PictureSize(width: side, height: side), matrix: .bt601Full)
    }
    #expect(pool.idle == 2)
    #expect(pool.outstanding == 0)
  }

  @Test func writingAfterFreezingLeavesThePoolConsistent() throws {
    let pool = PicturePool(maximumOutstanding: 1, maximumIdle: 1)
    let buffer = try pool.buffer(size: PictureSize(width: 16, height: 16), matrix: .bt601Full)
    var picture: Picture? = buffer.freeze()
    buffer.fill(YUVColor(y: 1, u: 2, v: 3))
    #expect(pool.outstanding == 1)
    picture = nil
    #expect(picture == nil)
    #expect(pool.outstanding == 0)
  }
}
