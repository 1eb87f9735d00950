import CKernels
import CYUV
import ThroughlineCore

/// Brings regions of pictures to the sizes that networks and mosaics need, straight from the decoder's planes.
///
/// It keeps its intermediate memory, so that nothing is allocated per call once the sizes repeat (libyuv itself
/// takes one short row from the heap where it averages). One instance per thread.
public final class PictureScaler {
  private let lumaScratch = ScratchMemory()
  private let chromaScratch = ScratchMemory()
  private let splitScratch = ScratchMemory()

  /// A scaler without memory yet.
  public init() {}

  /// A region at its new size; the planes point into scratch memory or into the picture itself.
  struct Scaled {
    var luma: Plane
    var chromaU: Plane
    var chromaV: Plane
    /// 0 where chroma has the size of luma, 1 where it has half of it.
    var chromaShift: Int32

    var kernelPicture: ck_picture {
      ck_picture(
        y: luma.address, u: chromaU.address, v: chromaV.address, y_stride: luma.stride,
        chroma_stride: chromaU.stride, width: Int32(luma.width), height: Int32(luma.height),
        chroma_shift: chromaShift)
    }
  }

  /// Scales all planes of a region.
  ///
  /// Chroma comes in luma's full size unless the region shrinks to a half or less, where the network could not
  /// see the difference and the finer chroma would cost as much as luma.
  func scale(
    _ picture: Picture, _ source: PixelRectangle, to size: PictureSize,
    filter: TensorImageSpecification.Filter
  ) -> Scaled {
    let part = picture.cropped(to: source)
    let shrinks = source.width >= 2 * size.width && source.height >= 2 * size.height
    let same = source.size == size
    let halfChroma = shrinks || same
    let chromaSize =
      halfChroma ? PictureSize(width: (size.width + 1) / 2, height: (size.height + 1) / 2) : size
    let (sourceU, sourceV) = planarChroma(of: part)
    let lumaStride = (size.width + 63) & ~63
    let chromaStride = (chromaSize.width + 63) & ~63
    let luma =
      same ? part.luma : scale(part.luma, to: size, stride: lumaStride, into: lumaScratch, filter: filter)
    if sourceU.width == chromaSize.width, sourceU.height == chromaSize.height {
      return Scaled(luma: luma, chromaU: sourceU, chromaV: sourceV, chromaShift: halfChroma ? 1 : 0)
    }
    let bytes = chromaScratch.bytes(2 * chromaStride * chromaSize.height)
    let chromaU = MutablePlane(
      address: bytes, stride: chromaStride, width: chromaSize.width, height: chromaSize.height)
    let chromaV = MutablePlane(
      address: bytes + chromaStride * chromaSize.height, stride: chromaStride, width: chromaSize.width,
      height: chromaSize.height)
    scalePlane(sourceU, chromaU, filter)
    scalePlane(sourceV, chromaV, filter)
    return Scaled(
      luma: luma, chromaU: chromaU.readable, chromaV: chromaV.readable, chromaShift: halfChroma ? 1 : 0)
  }

  /// Scales only luma.
  func scaleLuma(
    _ picture: Picture, _ source: PixelRectangle, to size: PictureSize,
    filter: TensorImageSpecification.Filter
  ) -> Plane {
    let luma = picture.cropped(to: source).luma
    return scale(luma, to: size, stride: (size.width + 63) & ~63, into: lumaScratch, filter: filter)
  }

  /// The chroma planes apart; NV12 is taken apart into scratch memory.
  func planarChroma(of picture: Picture) -> (Plane, Plane) {
    switch picture.format {
    case .i420: return (picture.chroma, picture.chromaV)
    case .nv12:
      let width = (picture.size.width + 1) / 2
      let height = (picture.size.height + 1) / 2
      let stride = (width + 63) & ~63
      let bytes = splitScratch.bytes(2 * stride * height)
      SplitUVPlane(
        picture.chroma.address, Int32(picture.chroma.stride), bytes, Int32(stride), bytes + stride * height,
        Int32(stride), Int32(width), Int32(height))
      let chromaU = Plane(address: UnsafePointer(bytes), stride: stride, width: width, height: height)
      let chromaV = Plane(
        address: UnsafePointer(bytes + stride * height), stride: stride, width: width, height: height)
      return (chromaU, chromaV)
    }
  }

  private func scale(
    _ plane: Plane, to size: PictureSize, stride: Int, into memory: ScratchMemory,
    filter: TensorImageSpecification.Filter
  ) -> Plane {
    let target = MutablePlane(
      address: memory.bytes(stride * size.height), stride: stride, width: size.width, height: size.height)
    scalePlane(plane, target, filter)
    return target.readable
  }
}

/// Scales one plane: averaging or bilinear when shrinking as asked, bilinear when enlarging.
func scalePlane(_ source: Plane, _ target: MutablePlane, _ filter: TensorImageSpecification.Filter) {
  if filter == .box, let factor = wholeFactor(source, target) {
    ck_shrink(
      source.address, source.stride, target.address, target.stride, Int32(target.width), Int32(target.height),
      factor)
    return
  }
  let shrinks = target.width < source.width || target.height < source.height
  ScalePlane(
    source.address, Int32(source.stride), Int32(source.width), Int32(source.height), target.address,
    Int32(target.stride), Int32(target.width), Int32(target.height),
    shrinks && filter == .box ? kFilterBox : kFilterBilinear)
}

/// The whole factor by which a plane shrinks in both directions, where there is a kernel for it: several times faster
/// than libyuv's averaging.
private func wholeFactor(_ source: Plane, _ target: MutablePlane) -> Int32? {
  let factor = source.width / target.width
  guard factor == 2 || factor == 3 || factor == 4 || factor == 6, source.width == factor * target.width,
    source.height == factor * target.height
  else { return nil }
  return Int32(factor)
}
