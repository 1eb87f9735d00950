import CTurboJPEG
import CYUV
import ThroughlineCore

/// Writes pictures as JPEG (ITU-T T.81, JFIF). One instance per thread; it keeps its memory from call to call.
public final class JPEGEncoder {
  private let handle: tjhandle?
  private let scratch = ScratchMemory()

  /// An encoder.
  public init() { handle = tjInitCompress() }

  deinit { if let handle { tjDestroy(handle) } }

  /// Writes a picture as a JPEG file with chroma of half size.
  ///
  /// Pictures of another system are moved to full-range BT.601, which JFIF asks for.
  ///
  /// - Parameters:
  ///   - picture: the source.
  ///   - quality: 1 (worst) to 100; values beyond are clamped.
  /// - Throws: ``ImagingError/encodingFailed(_:)``.
  public func encode(_ picture: Picture, quality: Int = 85) throws(ImagingError) -> [UInt8] {
    guard let handle else { throw .encodingFailed("no memory for the encoder") }
    // The encoder takes planes of even size: the layout of a buffer has room for that.
    let size = picture.size
    let stride = (size.width + 1 + 63) & ~63
    let chromaWidth = (size.width + 1) / 2
    let chromaHeight = (size.height + 1) / 2
    let chromaStride = (chromaWidth + 63) & ~63
    let lumaBytes = stride * chromaHeight * 2
    let bytes = scratch.bytes(lumaBytes + 2 * chromaStride * chromaHeight)
    let luma = MutablePlane(address: bytes, stride: stride, width: size.width, height: size.height)
    let chromaU = MutablePlane(
      address: bytes + lumaBytes, stride: chromaStride, width: chromaWidth, height: chromaHeight)
    let chromaV = MutablePlane(
      address: bytes + lumaBytes + chromaStride * chromaHeight, stride: chromaStride, width: chromaWidth,
      height: chromaHeight)
    prepare(picture, luma, chromaU, chromaV)

    var planes: [UnsafePointer<UInt8>?] = [
      UnsafePointer(luma.address), UnsafePointer(chromaU.address), UnsafePointer(chromaV.address),
    ]
    let strides: [Int32] = [Int32(stride), Int32(chromaStride), Int32(chromaStride)]
    var output: UnsafeMutablePointer<UInt8>?
    var outputSize: UInt = 0
    defer { if let output { tjFree(output) } }
    let status = tjCompressFromYUVPlanes(
      handle, &planes, Int32(size.width), strides, Int32(size.height), Int32(TJSAMP_420.rawValue), &output,
      &outputSize, Int32(min(max(quality, 1), 100)), 0)
    guard status == 0, let output else {
      throw .encodingFailed(String(cString: tjGetErrorStr2(handle)))
    }
    return Array(UnsafeBufferPointer(start: output, count: Int(outputSize)))
  }

  private func prepare(
    _ picture: Picture, _ luma: MutablePlane, _ chromaU: MutablePlane, _ chromaV: MutablePlane
  ) {
    let scaler = PictureScaler()
    let (sourceU, sourceV) = scaler.planarChroma(of: picture)
    if picture.matrix == .bt601Full {
      for (source, target) in [(picture.luma, luma), (sourceU, chromaU), (sourceV, chromaV)] {
        CopyPlane(
          source.address, Int32(source.stride), target.address, Int32(target.stride), Int32(target.width),
          Int32(target.height))
      }
    } else {
      convert(
        picture.luma, sourceU, sourceV, coefficients: picture.matrix.conversion(to: .bt601Full), luma,
        chromaU,
        chromaV)
    }
    // Odd sides: the encoder reads one more column and row.
    if luma.width % 2 == 1 {
      for row in 0..<luma.height {
        let line = luma.address + row * luma.stride
        line[luma.width] = line[luma.width - 1]
      }
    }
    if luma.height % 2 == 1 {
      let last = luma.address + (luma.height - 1) * luma.stride
      (last + luma.stride).update(from: last, count: (luma.width + 1) & ~1)
    }
    withExtendedLifetime(scaler) {}
    withExtendedLifetime(picture.owner) {}
  }
}

/// Reads and writes JPEG pictures.
public enum JPEG {
  /// Writes a picture once; in a loop keep a ``JPEGEncoder``.
  public static func encode(_ picture: Picture, quality: Int = 85) throws(ImagingError) -> [UInt8] {
    try JPEGEncoder().encode(picture, quality: quality)
  }

  /// Reads a JPEG picture: colour or grey, baseline or progressive.
  ///
  /// - Parameters:
  ///   - bytes: the whole file. A damaged or truncated file is refused rather than shown in part.
  ///   - maximumPixels: the greatest size that is accepted; checked before memory is taken.
  ///   - appliesOrientation: whether a picture that its EXIF data calls turned is turned upright.
  /// - Returns: an I420 picture in full-range BT.601.
  /// - Throws: ``ImagingError/notJPEG(_:)``, ``ImagingError/unsupportedJPEG(_:)``,
  ///   ``ImagingError/unsupportedSize(width:height:)``.
  public static func decode(
    _ bytes: [UInt8], maximumPixels: Int = PictureLimits.maximumPixels, appliesOrientation: Bool = true
  ) throws(ImagingError) -> Picture {
    guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] == 0xD8 else {
      throw .notJPEG(bytes.isEmpty ? "the file is empty" : "the file does not begin as a JPEG picture does")
    }
    guard let handle = tjInitDecompress() else { throw .notJPEG("no memory for the decoder") }
    defer { tjDestroy(handle) }
    func message() -> String { String(cString: tjGetErrorStr2(handle)) }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorSpace: Int32 = 0
    guard
      tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorSpace) == 0
    else { throw .notJPEG(message()) }
    let size = PictureSize(width: Int(width), height: Int(height))
    try PictureLimits.check(size)
    guard size.width * size.height <= maximumPixels else {
      throw .unsupportedSize(width: size.width, height: size.height)
    }
    guard colorSpace == Int32(TJCS_YCbCr.rawValue) || colorSpace == Int32(TJCS_GRAY.rawValue) else {
      throw .unsupportedJPEG(colorSpace == Int32(TJCS_RGB.rawValue) ? "RGB" : "CMYK")
    }

    // Planes in the file's own subsampling, then chroma brought to half size.
    let isGrey = colorSpace == Int32(TJCS_GRAY.rawValue)
    let sampling = isGrey ? Int32(TJSAMP_GRAY.rawValue) : subsampling
    var planes: [MutablePlane] = []
    var memories: [ScratchMemory] = []
    for component in 0..<Int32(isGrey ? 1 : 3) {
      let planeWidth = Int(tjPlaneWidth(component, width, sampling))
      let planeHeight = Int(tjPlaneHeight(component, height, sampling))
      guard planeWidth > 0, planeHeight > 0 else { throw .unsupportedJPEG("an unknown subsampling") }
      let memory = ScratchMemory()
      memories.append(memory)
      planes.append(
        MutablePlane(
          address: memory.bytes(planeWidth * planeHeight), stride: planeWidth, width: planeWidth,
          height: planeHeight))
    }
    var addresses: [UnsafeMutablePointer<UInt8>?] = planes.map(\.address)
    var strides: [Int32] = planes.map { Int32($0.stride) }
    let status = tjDecompressToYUVPlanes(
      handle, bytes, UInt(bytes.count), &addresses, width, &strides, height, Int32(TJFLAG_LIMITSCANS))
    guard status == 0 else { throw .notJPEG(message()) }

    let buffer = try PictureBuffer(size: size, matrix: .bt601Full)
    buffer.withMutablePlanes { luma, chromaU, chromaV in
      for row in 0..<luma.height {
        (luma.address + row * luma.stride).update(
          from: planes[0].address + row * planes[0].stride, count: luma.width)
      }
      guard planes.count == 3 else { return }
      scalePlane(planes[1].readable, chromaU, .box)
      scalePlane(planes[2].readable, chromaV, .box)
    }
    withExtendedLifetime(memories) {}
    let picture = buffer.freeze()
    let orientation = appliesOrientation ? EXIFOrientation(jpeg: bytes) : .upright
    return try picture.turned(orientation)
  }
}
