import Testing
import ThroughlineCore

@testable import Imaging

/// Which part of a picture has changed.
@Suite struct LumaBlocksTests {
  private func blocks(
    _ luma: UInt8, size: PictureSize = PictureSize(width: 64, height: 48), spot: UInt8? = nil
  )
    throws -> LumaBlocks
  {
    let buffer = try PictureBuffer(size: size, matrix: .bt709Limited)
    buffer.withMutablePlanes { plane, _, _ in
      for y in 0..<plane.height {
        for x in 0..<plane.width {
          plane.address[y * plane.stride + x] = x < 16 && y < 16 ? spot ?? luma : luma
        }
      }
    }
    var blocks = LumaBlocks()
    blocks.read(buffer.freeze())
    return blocks
  }

  @Test func onlyThePartThatHasChangedCounts() throws {
    let before = try blocks(90)
    let after = try blocks(90, spot: 120)
    func share(_ x: Double, _ y: Double, _ width: Double, _ height: Double, _ threshold: Double = 20)
      -> Double
    {
      after.changedShare(
        since: before, threshold: threshold, in: BoundingBox(x: x, y: y, width: width, height: height))
    }
    #expect(share(0, 0, 16, 16) == 1)
    #expect(share(0, 0, 32, 16) == 0.5)
    #expect(share(0, 0, 64, 48) == 1.0 / 12)
    #expect(share(0, 0, 64, 48, 30) == 0, "as much as the threshold is no change")
    #expect(share(16, 0, 48, 48) == 0)
    #expect(share(-500, -500, 501, 501) == 1, "what lies outside does not count")
    #expect(share(500, 500, 10, 10) == 0)
  }

  @Test func anotherSizeIsAnotherPicture() throws {
    let small = try blocks(90, size: PictureSize(width: 32, height: 32))
    let whole = BoundingBox(x: 0, y: 0, width: 64, height: 48)
    #expect(try blocks(90).changedShare(since: small, threshold: 20, in: whole) == 1)
    #expect(LumaBlocks().changedShare(since: LumaBlocks(), threshold: 20, in: whole) == 0)
  }
}
