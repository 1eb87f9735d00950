import CKernels
import ThroughlineCore

/// Makes the pictures of one camera as an ideal camera would have taken them, straight from the decoder's planes into
/// memory of a pool. One instance for one thread.
///
/// Where each sample comes from stands in a table that is made once for a size of pictures: exact at every 16th sample of
/// every 16th row, on straight lines in between, which no lens leaves by more than a few hundredths of a pixel. What the
/// lens shows nothing of is black. The size of the picture stays the same.
public final class Dewarper {
  /// The longest side in pixels; the table then takes 2.6 MB at most.
  public static let maximumSide = 8192
  /// The shortest side in pixels.
  static let minimumSide = 16

  /// The lens.
  public let lens: Lens
  private let pool: PicturePool
  private var tables: Tables?

  /// Where the samples of one size of pictures come from.
  private struct Tables {
    let size: PictureSize
    let luma: [ck_remap_node]
    let chroma: [ck_remap_node]
  }

  /// A de-warper without tables yet.
  ///
  /// - Parameter pool: where the memory of the pictures comes from; it bounds how many are on their way at once.
  public init(lens: Lens, pool: PicturePool = PicturePool()) {
    self.lens = lens
    self.pool = pool
  }

  /// The picture without the lens's distortion, as I420 of the same size.
  ///
  /// - Throws: ``ImagingError`` for a picture whose sides are not 16 to ``maximumSide`` pixels long, and where no memory
  ///   is to be had.
  public func dewarp(_ picture: Picture) throws(ImagingError) -> Picture {
    let size = picture.size
    let sides = Self.minimumSide...Self.maximumSide
    // The kernel counts bytes of a plane in 32 bits.
    guard sides.contains(size.width), sides.contains(size.height),
      max(picture.luma.stride, picture.chroma.stride) <= Int(Int32.max) / size.height
    else { throw .cannotDewarp(size) }
    let tables = tables(for: size)
    let buffer = try pool.buffer(size: size, matrix: picture.matrix)
    let black = picture.matrix.color(red: 0, green: 0, blue: 0)
    let step = picture.format == .nv12 ? 2 : 1
    let offsetV = picture.format == .nv12 ? 1 : 0
    buffer.withMutablePlanes { luma, chromaU, chromaV in
      Self.remap(picture.luma, offset: 0, step: 1, tables.luma, fill: black.y, into: luma)
      Self.remap(picture.chroma, offset: 0, step: step, tables.chroma, fill: black.u, into: chromaU)
      Self.remap(picture.chromaV, offset: offsetV, step: step, tables.chroma, fill: black.v, into: chromaV)
    }
    withExtendedLifetime(picture.owner) {}
    return buffer.freeze()
  }

  private static func remap(
    _ source: Plane, offset: Int, step: Int, _ nodes: [ck_remap_node], fill: UInt8, into target: MutablePlane
  ) {
    var plane = ck_remap_plane(
      source: source.address + offset, stride: source.stride, step: Int32(step), width: Int32(target.width),
      height: Int32(target.height), fill: fill)
    ck_remap(&plane, nodes, target.address, target.stride)
  }

  private func tables(for size: PictureSize) -> Tables {
    if let tables, tables.size == size { return tables }
    let chroma = PictureSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2)
    let made = Tables(
      size: size, luma: Self.nodes(size) { x, y in self.lens.source(ofPixel: x, y, in: size) },
      // A sample of chroma lies in the middle of four of luma.
      chroma: Self.nodes(chroma) { x, y in
        self.lens.source(ofPixel: 2 * x + 0.5, 2 * y + 0.5, in: size).map {
          (($0.x - 0.5) / 2, ($0.y - 0.5) / 2)
        }
      })
    tables = made
    return made
  }

  /// The table of a plane.
  static func nodes(_ size: PictureSize, source: (Double, Double) -> (x: Double, y: Double)?)
    -> [ck_remap_node]
  {
    let (columns, rows) = ((size.width + 15) / 16, (size.height + 15) / 16)
    var nodes: [ck_remap_node] = []
    nodes.reserveCapacity((columns + 1) * (rows + 1))
    for row in 0...rows {
      for column in 0...columns {
        nodes.append(node(source(Double(16 * column), Double(16 * row))))
      }
    }
    return nodes
  }

  private static func node(_ place: (x: Double, y: Double)?) -> ck_remap_node {
    guard let place, place.x.isFinite, place.y.isFinite else { return ck_remap_node(x: .min, y: .min) }
    func fixed(_ value: Double) -> Int32 { Int32((min(max(value, -16384), 16383) * 65536).rounded()) }
    return ck_remap_node(x: fixed(place.x), y: fixed(place.y))
  }
}
