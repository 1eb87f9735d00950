import Foundation
import ThroughlineCore

/// How often people came into one camera's view by each link: from which camera, after how long, out of which part of its
/// picture and into which part of this one's.
///
/// There are hundreds of links for each pair of cameras, so a link is one number here, and twelve bytes in a file.
struct TransitionLinks: Sendable, Hashable {
  /// Beyond so many links the rarest are forgotten.
  static let limit = 4000

  private var counts: [UInt64: Float] = [:]

  var count: Int { counts.count }

  /// The number of a link.
  ///
  /// - Parameter camera: the number of the camera that people come from.
  private static func code(camera: UInt32, link: TransitionModel.Link) -> UInt64 {
    UInt64(camera) << 32 | UInt64(UInt8(clamping: link.cell.bin)) << 24 | UInt64(UInt8(clamping: link.exit))
      << 16
      | UInt64(UInt8(clamping: link.entry)) << 8
  }

  func count(of link: TransitionModel.Link, camera: UInt32) -> Double {
    Double(counts[Self.code(camera: camera, link: link)] ?? 0)
  }

  mutating func add(_ share: Double, to link: TransitionModel.Link, camera: UInt32) {
    counts[Self.code(camera: camera, link: link), default: 0] += Float(share)
    guard counts.count > Self.limit else { return }
    let kept = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(Self.limit * 3 / 4)
    counts = Dictionary(kept.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  mutating func halve() { counts = counts.mapValues { $0 / 2 } }
}

extension TransitionLinks: Codable {
  private static let entrySize = 12

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let bytes = [UInt8](try container.decode(Data.self))
    guard bytes.count.isMultiple(of: Self.entrySize), bytes.count / Self.entrySize <= Self.limit else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "these are no links")
    }
    for start in stride(from: 0, to: bytes.count, by: Self.entrySize) {
      func number(_ range: Range<Int>) -> UInt64 {
        range.reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1 - range.lowerBound)) }
      }
      let share = Float(bitPattern: UInt32(number(8..<12)))
      guard share.isFinite, share >= 0 else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "a link's count is no number")
      }
      counts[number(0..<8)] = share
    }
  }

  func encode(to encoder: any Encoder) throws {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(counts.count * Self.entrySize)
    for (code, share) in counts.sorted(by: { $0.key < $1.key }) {
      withUnsafeBytes(of: code.littleEndian) { bytes += $0 }
      withUnsafeBytes(of: share.bitPattern.littleEndian) { bytes += $0 }
    }
    var container = encoder.singleValueContainer()
    try container.encode(Data(bytes))
  }
}
