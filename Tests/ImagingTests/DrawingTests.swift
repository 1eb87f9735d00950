import Testing
import ThroughlineCore

@testable import Imaging

@Suite struct DrawingTests {
  @Test func everyCharacterHasItsOwnGlyph() {
    let characters = (33...126).map { String(UnicodeScalar($0)) }
    let glyphs = characters.map { BitmapFont.glyphs(for: $0) }
    #expect(glyphs.allSatisfy { $0.count == 1 && $0[0].bits != 0 })
    #expect(Set(glyphs).count == characters.count)
    #expect(BitmapFont.glyphs(for: " ").map(\.bits) == [0])
    #expect(BitmapFont.glyphs(for: "ü") == BitmapFont.glyphs(for: "u"))
    #expect(BitmapFont.glyphs(for: "東\n").count == 2)
    #expect(
      BitmapFont.glyphs(for: String(repeating: "x\u{301}", count: 5000)).count <= BitmapFont.maximumLength)
  }

  @Test func outlinesLieOnTheirEdges() throws {
    let buffer = try PictureBuffer(size: PictureSize(width: 40, height: 40), matrix: .bt601Full)
    buffer.stroke(
      BoundingBox(x: 10, y: 8, width: 20, height: 24), thickness: 2, YUVColor(y: 200, u: 90, v: 240))
    buffer.withPlanes { luma, _, chromaV in
      func sample(_ x: Int, _ y: Int) -> UInt8 { luma.address[y * luma.stride + x] }
      for (x, y, isSet) in [
        (10, 8, true), (29, 31, true), (11, 20, true), (12, 20, false), (9, 20, false), (30, 20, false),
        (20, 9, true),
        (20, 10, false), (20, 7, false), (20, 30, true), (20, 32, false),
      ] {
        #expect((sample(x, y) == 200) == isSet, "\(x) \(y)")
      }
      #expect(chromaV.address[4 * chromaV.stride + 5] == 240)
    }
  }

  @Test func dashesLeaveGaps() throws {
    let buffer = try PictureBuffer(size: PictureSize(width: 200, height: 40), matrix: .bt601Full)
    buffer.stroke(
      BoundingBox(x: 0, y: 0, width: 200, height: 40), thickness: 2, YUVColor(y: 200, u: 0, v: 0),
      isDashed: true)
    let row = buffer.withPlanes { luma, _, _ in (0..<200).map { luma.address[$0] == 200 } }
    #expect(row.contains(true) && row.contains(false))
  }

  @Test func nothingIsDrawnOutsideWhateverTheNumbers() throws {
    var random = SplitMix64(seed: 31)
    let strange: [Double] = [
      -1e300, -1e9, -100, -1, 0, 0.5, 7, 33, 1000, 1e9, 1e300, .nan, .infinity, -.infinity,
    ]
    for size in [PictureSize(width: 1, height: 1), PictureSize(width: 33, height: 21)] {
      let buffer = try PictureBuffer(size: size)
      for _ in 0..<400 {
        func number() -> Double { strange.randomElement(using: &random) ?? 0 }
        func integer() -> Int {
          [-1_000_000, -3, 0, 1, 5, 32, 1_000_000, Int.max, Int.min].randomElement(using: &random) ?? 0
        }
        let color = YUVColor(y: 200, u: 10, v: 20)
        buffer.stroke(
          BoundingBox(x: number(), y: number(), width: number(), height: number()), thickness: integer(),
          color,
          isDashed: Bool.random(using: &random))
        buffer.fill(PixelRectangle(x: integer(), y: integer(), width: integer(), height: integer()), color)
        buffer.line(from: (number() / 1e6, number()), to: (number(), number()), thickness: integer(), color)
        buffer.text("W\u{0}é漢", x: integer(), y: integer(), scale: integer(), color)
        buffer.label("W g", x: number(), bottom: number(), scale: integer(), color)
        buffer.cover(
          PixelRectangle(x: integer(), y: integer(), width: integer(), height: integer()),
          with: Covering.allCases.randomElement(using: &random) ?? .blur, samples: integer(),
          scratch: CoverScratch())
      }
    }
  }

  @Test func labelsStayInside() throws {
    let buffer = try PictureBuffer(size: PictureSize(width: 120, height: 60))
    for (x, bottom) in [(-50.0, -50.0), (500, 500), (60, 0), (0, 60)] {
      let box = buffer.label("#12", x: x, bottom: bottom, scale: 2, Palette.color(3, matrix: buffer.matrix))
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 120 && box.y + box.height <= 60)
    }
  }

  @Test func colorsDiffer() {
    let colors = (0..<Palette.count).map { Palette.color($0, matrix: .bt601Limited) }
    for (index, color) in colors.enumerated() {
      for other in colors[(index + 1)...] {
        let distance =
          abs(Int(color.y) - Int(other.y)) + abs(Int(color.u) - Int(other.u))
          + abs(Int(color.v) - Int(other.v))
        #expect(distance > 24)
      }
    }
    #expect(Palette.color(-1, matrix: .bt601Full) == Palette.color(Palette.count - 1, matrix: .bt601Full))
    #expect(Palette.color(.min, matrix: .bt601Full) == Palette.color(.min, matrix: .bt601Full))
  }

  @Test func mosaicTilesKeepProportionsAndSystem() throws {
    let size = PictureSize(width: 101, height: 51)
    let color = ColorMatrix.bt601Full.color(red: 200, green: 60, blue: 30)
    let tile = try TestPictures.i420(size, matrix: .bt601Full) { plane, _, _ in
      [color.y, color.u, color.v][plane]
    }
    for picture in [tile, try TestPictures.nv12(tile)] {
      let buffer = try PictureBuffer(size: PictureSize(width: 200, height: 200), matrix: .bt709Limited)
      let transform = try PictureScaler().draw(
        picture, into: buffer, rectangle: PixelRectangle(x: 100, y: 0, width: 100, height: 100),
        background: YUVColor(y: 99, u: 128, v: 128))
      #expect(abs(transform.scaleX / transform.scaleY - 1) < 0.05)
      let expected = ColorMatrix.bt709Limited.color(red: 200, green: 60, blue: 30)
      buffer.withPlanes { luma, chromaU, chromaV in
        #expect(abs(Int(luma.address[50 * luma.stride + 150]) - Int(expected.y)) <= 2)
        #expect(abs(Int(chromaU.address[25 * chromaU.stride + 75]) - Int(expected.u)) <= 2)
        #expect(abs(Int(chromaV.address[25 * chromaV.stride + 75]) - Int(expected.v)) <= 2)
        #expect(luma.address[2 * luma.stride + 150] == 99)
        #expect(luma.address[50 * luma.stride + 50] == 16)
      }
    }
  }
}
