import CYUV
import ThroughlineCore

/// How a camera was held when it took a photo, as the EXIF data of a JPEG file tells (CIPA DC-008, tag 0x0112).
enum EXIFOrientation: UInt16 {
  case upright = 1
  case mirrored = 2
  case upsideDown = 3
  case flipped = 4
  case transposed = 5
  case turnRight = 6
  case transverse = 7
  case turnLeft = 8

  /// Looks for the tag in the file's first application segment; whatever is odd there means upright.
  init(jpeg bytes: [UInt8]) {
    self = EXIFOrientation.find(in: bytes) ?? .upright
  }

  private static func find(in bytes: [UInt8]) -> EXIFOrientation? {
    var position = 2
    while position + 4 <= bytes.count, bytes[position] == 0xFF {
      let marker = bytes[position + 1]
      guard marker != 0xDA, marker != 0xD9 else { return nil }
      let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      guard length >= 2, position + 2 + length <= bytes.count else { return nil }
      if marker == 0xE1, let found = parse(bytes[(position + 4)..<(position + 2 + length)]) { return found }
      position += 2 + length
    }
    return nil
  }

  private static func parse(_ segment: ArraySlice<UInt8>) -> EXIFOrientation? {
    guard segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) else { return nil }
    let tiff = segment.dropFirst(6)
    let start = tiff.startIndex
    guard tiff.count >= 8 else { return nil }
    let isLittle = tiff[start] == 0x49
    guard tiff[start] == tiff[start + 1], isLittle || tiff[start] == 0x4D else { return nil }
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset <= tiff.count - count else { return nil }
      var value = 0
      for index in 0..<count {
        let byte = Int(tiff[start + offset + (isLittle ? count - 1 - index : index)])
        value = value << 8 | byte
      }
      return value
    }
    guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    for entry in 0..<count {
      let offset = directory + 2 + entry * 12
      guard let tag = number(offset, 2) else { return nil }
      if tag == 0x0112, let value = number(offset + 8, 2) { return EXIFOrientation(rawValue: UInt16(value)) }
    }
    return nil
  }
}

extension Picture {
  /// The picture as it looks upright.
  func turned(_ orientation: EXIFOrientation) throws(ImagingError) -> Picture {
    switch orientation {
    case .upright: return self
    case .upsideDown: return try rotated(kRotate180)
    case .turnRight: return try rotated(kRotate90)
    case .turnLeft: return try rotated(kRotate270)
    case .mirrored: return try mirrored()
    case .flipped: return try rotated(kRotate180).mirrored()
    case .transposed: return try rotated(kRotate90).mirrored()
    case .transverse: return try rotated(kRotate270).mirrored()
    }
  }

  private func rotated(_ mode: RotationModeEnum) throws(ImagingError) -> Picture {
    let swaps = mode == kRotate90 || mode == kRotate270
    let target = try PictureBuffer(
      size: swaps ? PictureSize(width: size.height, height: size.width) : size, matrix: matrix)
    target.withMutablePlanes { luma, chromaU, chromaV in
      for (source, destination) in [(self.luma, luma), (chroma, chromaU), (self.chromaV, chromaV)] {
        RotatePlane(
          source.address, Int32(source.stride), destination.address, Int32(destination.stride),
          Int32(source.width),
          Int32(source.height), mode)
      }
    }
    withExtendedLifetime(owner) {}
    return target.freeze()
  }

  private func mirrored() throws(ImagingError) -> Picture {
    let target = try PictureBuffer(size: size, matrix: matrix)
    target.withMutablePlanes { luma, chromaU, chromaV in
      for (source, destination) in [(self.luma, luma), (chroma, chromaU), (self.chromaV, chromaV)] {
        MirrorPlane(
          source.address, Int32(source.stride), destination.address, Int32(destination.stride),
          Int32(source.width),
          Int32(source.height))
      }
    }
    withExtendedLifetime(owner) {}
    return target.freeze()
  }
}
