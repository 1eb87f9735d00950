import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct CoveringTests {
  static let rectangles = [
    PixelRectangle(x: 20, y: 10, width: 40, height: 50), PixelRectangle(x: 0, y: 0, width: 101, height: 83),
    PixelRectangle(x: 90, y: 70, width: 50, height: 50), PixelRectangle(x: -5, y: -9, width: 20, height: 20),
    PixelRectangle(x: 31, y: 33, width: 3, height: 3), PixelRectangle(x: 100, y: 82, width: 1, height: 1),
  ]

  @Test(arguments: Covering.allCases, rectangles)
  func onlyTheRegionChangesAndItLosesItsDetail(covering: Covering, rectangle: PixelRectangle) throws {
    let size = PictureSize(width: 101, height: 83)
    let source = try TestPictures.noise(size, seed: 8)
    let buffer = try PictureBuffer(copying: source)
    buffer.cover(rectangle, with: covering, samples: 2, scratch: CoverScratch())
    let region = try #require(
      rectangle.clipped(to: size).flatMap { PixelRectangle(covering: $0.box, in: size) })
    let before = TestPictures.samples(source)
    let after = TestPictures.samples(buffer.freeze())
    var offset = 0
    for (plane, shift) in [(source.luma, 0), (source.chroma, 1), (source.chromaV, 1)] {
      var inside: [UInt8] = []
      for y in 0..<plane.height {
        for x in 0..<plane.width {
          let place = offset + y * plane.width + x
          let isInside =
            x >= region.x >> shift && x < (region.x + region.width + shift) >> shift && y >= region.y >> shift
            && y < (region.y + region.height + shift) >> shift
          if isInside {
            inside.append(after[place])
          } else {
            #expect(after[place] == before[place], "plane \(shift) \(x) \(y)")
          }
        }
      }
      offset += plane.width * plane.height
      // Noise of 16...235 has a deviation of 63; averages of 4 x 4 and more have at most 16.
      let mean = inside.reduce(0.0) { $0 + Double($1) } / Double(inside.count)
      let variance =
        inside.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(inside.count)
      #expect(variance.squareRoot() < 25)
      if covering == .solid { #expect(Set(inside).count == 1) }
    }
  }

  @Test func whatIsLeftDoesNotDependOnDetail() throws {
    // Two different pictures with the same averages over the tiles become the same.
    let size = PictureSize(width: 64, height: 64)
    let flat = try TestPictures.i420(size) { plane, _, _ in plane == 0 ? 120 : 128 }
    let striped = try TestPictures.i420(size) { plane, x, y in
      plane == 0 ? ((x + y) % 2 == 0 ? 40 : 200) : 128
    }
    for covering in Covering.allCases {
      let results = try [flat, striped].map { picture in
        let buffer = try PictureBuffer(copying: picture)
        buffer.cover(PixelRectangle(size), with: covering, samples: 4, scratch: CoverScratch())
        return TestPictures.samples(buffer.freeze())
      }
      #expect(results[0] == results[1])
    }
  }

  @Test func surroundingsDoNotFlowIn() throws {
    let size = PictureSize(width: 80, height: 80)
    let region = PixelRectangle(x: 20, y: 20, width: 40, height: 40)
    func picture(_ outside: UInt8) throws -> Picture {
      try TestPictures.i420(size) { plane, x, y in
        let scale = plane == 0 ? 1 : 2
        let isInside = (20..<60).contains(x * scale) && (20..<60).contains(y * scale)
        return isInside ? UInt8((x * 7 + y * 13) % 200) : outside
      }
    }
    let results = try [UInt8(0), 255].map { outside in
      let buffer = try PictureBuffer(copying: picture(outside))
      buffer.cover(region, with: .blur, samples: 3, scratch: CoverScratch())
      return TestPictures.samples(try PictureBuffer(copying: buffer.freeze().cropped(to: region)).freeze())
    }
    #expect(results[0] == results[1])
  }
}
