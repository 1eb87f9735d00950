import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct JPEGTests {
  static func smooth(_ size: PictureSize, _ matrix: ColorMatrix) throws -> Picture {
    try TestPictures.i420(size, matrix: matrix) { plane, x, y in
      plane == 0 ? UInt8(40 + (x * 3 + y * 2) % 150) : UInt8(100 + (x + y) % 40)
    }
  }

  @Test func picturesSurviveARoundTrip() throws {
    for size in [
      PictureSize(width: 64, height: 48), PictureSize(width: 33, height: 17),
      PictureSize(width: 1, height: 1),
    ] {
      for matrix in ColorMatrix.allCases {
        let source = try Self.smooth(size, matrix)
        for picture in [source, try TestPictures.nv12(source)] {
          let decoded = try JPEG.decode(JPEG.encode(picture, quality: 98))
          #expect(decoded.size == size && decoded.matrix == .bt601Full)
          let expected = try PictureBuffer(size: size, matrix: .bt601Full)
          try PictureScaler().draw(source, into: expected, rectangle: PixelRectangle(size))
          guard size.width > 2 else { continue }
          let (left, right) = (TestPictures.samples(decoded), TestPictures.samples(expected.freeze()))
          let error =
            zip(left, right).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) } / Double(left.count)
          #expect(error < 4, "\(size) \(matrix) \(error)")
        }
      }
    }
  }

  @Test func oneEncoderWritesPicturesOfManySizes() throws {
    let encoder = JPEGEncoder()
    for side in [200, 3, 77, 640, 16] {
      let picture = try Self.smooth(PictureSize(width: side, height: side / 2 + 1), .bt601Limited)
      let bytes = try encoder.encode(picture, quality: side)
      #expect(try JPEG.decode(bytes).size == picture.size)
    }
  }

  @Test func damagedFilesAreRefused() throws {
    let good = try JPEG.encode(Self.smooth(PictureSize(width: 64, height: 64), .bt601Full))
    for count in stride(from: 0, to: good.count - 2, by: 7) {
      #expect(throws: ImagingError.self, "\(count) bytes") { try JPEG.decode(Array(good.prefix(count))) }
    }
    #expect(throws: ImagingError.self) { try JPEG.decode([0xFF, 0xD8, 0xFF, 0xD9]) }
    #expect(throws: ImagingError.self) { try JPEG.decode(Array("no picture at all".utf8)) }
    var random = SplitMix64(seed: 12)
    for _ in 0..<300 {
      var bytes = good
      for _ in 0..<3 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      // Whatever comes out, it must be a picture or an error.
      if let picture = try? JPEG.decode(bytes) { #expect(picture.size.width > 0) }
    }
  }

  @Test func greatClaimsAreRefusedBeforeMemoryIsTaken() throws {
    var bytes = try JPEG.encode(Self.smooth(PictureSize(width: 16, height: 16), .bt601Full))
    let frame = try #require(bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    for (index, value) in [0xC0, 0x00, 0xC0, 0x00].enumerated() { bytes[frame + 5 + index] = UInt8(value) }
    #expect(throws: ImagingError.unsupportedSize(width: 49152, height: 49152)) { try JPEG.decode(bytes) }
    let small = try JPEG.encode(Self.smooth(PictureSize(width: 16, height: 16), .bt601Full))
    #expect(throws: ImagingError.unsupportedSize(width: 16, height: 16)) {
      try JPEG.decode(small, maximumPixels: 255)
    }
  }

  @Test func photosAreTurnedUpright() throws {
    // Bright at the left half; by orientation the bright half goes elsewhere.
    let source = try TestPictures.i420(PictureSize(width: 64, height: 32), matrix: .bt601Full) {
      plane, x, _ in
      plane == 0 ? (x < 32 ? 220 : 30) : 128
    }
    let plain = try JPEG.encode(source, quality: 95)
    func tagged(_ orientation: UInt8) -> [UInt8] {
      let exif: [UInt8] =
        Array("Exif".utf8) + [0, 0] + Array("MM".utf8) + [
          0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0,
        ]
        + [orientation, 0, 0, 0, 0, 0, 0]
      return [0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + plain.dropFirst(2)
    }
    let wanted: [(UInt8, PictureSize, (Int, Int))] = [
      (1, source.size, (8, 16)), (2, source.size, (56, 16)), (3, source.size, (56, 16)),
      (4, source.size, (8, 16)),
      (5, PictureSize(width: 32, height: 64), (16, 8)), (6, PictureSize(width: 32, height: 64), (16, 8)),
      (7, PictureSize(width: 32, height: 64), (16, 56)), (8, PictureSize(width: 32, height: 64), (16, 56)),
      (9, source.size, (8, 16)),
    ]
    for (orientation, size, bright) in wanted {
      let picture = try JPEG.decode(tagged(orientation))
      #expect(picture.size == size, "orientation \(orientation)")
      #expect(
        picture.luma.address[bright.1 * picture.luma.stride + bright.0] > 180, "orientation \(orientation)")
      #expect(try JPEG.decode(tagged(orientation), appliesOrientation: false).size == source.size)
    }
  }
}
