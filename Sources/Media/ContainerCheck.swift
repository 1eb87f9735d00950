import Foundation

/// Reads a video file's outermost structure: what kind it is, and whether its end is missing.
enum ContainerCheck {
  /// The GStreamer element that takes files of this kind apart; `nil` where the kind must be searched for.
  static func demuxer(path: String) -> String? {
    guard let head = head(of: path) else { return nil }
    if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return "matroskademux" }
    if head.starts(with: Array("RIFF".utf8)), head[8...].elementsEqual("AVI ".utf8) { return "avidemux" }
    // Old QuickTime files have no type box.
    let boxes = ["ftyp", "moov", "mdat", "wide", "free", "skip"]
    return boxes.contains(where: { head[4..<8].elementsEqual($0.utf8) }) ? "qtdemux" : nil
  }

  /// Whether the file is a BMP picture.
  static func isBitmap(path: String) -> Bool { head(of: path)?.starts(with: Array("BM".utf8)) ?? false }

  private static func head(of path: String) -> [UInt8]? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: 12), data.count == 12 else { return nil }
    return [UInt8](data)
  }

  /// Whether the file is shorter than its own structure says. Unknown containers count as whole.
  static func isCutShort(path: String) -> Bool {
    guard let handle = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? handle.close() }
    guard let length = try? handle.seekToEnd() else { return false }
    let reader = Reader(handle: handle, length: length)
    guard let head = reader.bytes(at: 0, count: 12) else { return false }
    if head.starts(with: Array("RIFF".utf8)) { return riffIsCutShort(head, length: length) }
    if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return matroskaIsCutShort(reader) }
    if demuxer(path: path) == "qtdemux" { return boxesAreCutShort(reader) }
    return false
  }

  private struct Reader {
    let handle: FileHandle
    let length: UInt64

    func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
      guard offset <= length, (try? handle.seek(toOffset: offset)) != nil,
        let data = try? handle.read(upToCount: count), data.count == count
      else { return nil }
      return [UInt8](data)
    }
  }

  private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// ISO/IEC 14496-12: a box is its length in 32 bits (1: 64 bits follow; 0: to the end of the file) and its type.
  private static func boxesAreCutShort(_ reader: Reader) -> Bool {
    var offset: UInt64 = 0
    var hasMovie = false
    // Files of our own recorder have two boxes per second; the limit keeps a hostile file from holding us up.
    for _ in 0..<1_000_000 {
      if offset == reader.length { return !hasMovie }
      guard let header = reader.bytes(at: offset, count: 8) else { return true }
      var size = bigEndian(header[0..<4])
      if header[4..<8].elementsEqual("moov".utf8) { hasMovie = true }
      if size == 0 { return false }
      if size == 1 {
        guard let long = reader.bytes(at: offset + 8, count: 8) else { return true }
        size = bigEndian(long[...])
      }
      guard size >= 8 else { return true }
      let (end, overflow) = offset.addingReportingOverflow(size)
      guard !overflow, end <= reader.length else { return true }
      offset = end
    }
    return false
  }

  private static func riffIsCutShort(_ head: [UInt8], length: UInt64) -> Bool {
    let declared = bigEndian([head[7], head[6], head[5], head[4]])
    return declared > 0 && declared + 8 > length
  }

  /// RFC 8794: an element is an identifier and a length, both of 1 to 8 bytes whose first byte tells how many.
  private static func matroskaIsCutShort(_ reader: Reader) -> Bool {
    guard let (headLength, headSize) = elementSize(reader, at: 4), let headSize else { return false }
    let segment = 4 + headLength + headSize
    guard let identifier = reader.bytes(at: segment, count: 4), identifier == [0x18, 0x53, 0x80, 0x67],
      let (sizeLength, size) = elementSize(reader, at: segment + 4), let size
    else { return false }
    let (end, overflow) = (segment + 4 + sizeLength).addingReportingOverflow(size)
    return overflow || end > reader.length
  }

  /// - Returns: the bytes that the number takes and the number; a number of ones only means that it is not known.
  private static func elementSize(_ reader: Reader, at offset: UInt64) -> (UInt64, UInt64?)? {
    guard let first = reader.bytes(at: offset, count: 1)?.first, first != 0 else { return nil }
    let count = first.leadingZeroBitCount + 1
    guard let bytes = reader.bytes(at: offset, count: count) else { return nil }
    let bits = UInt64(7 * count)
    let value = bigEndian(bytes[...]) & ((1 << bits) - 1)
    return (UInt64(count), value == (1 << bits) - 1 || value > reader.length << 8 ? nil : value)
  }
}
