import Crypto
import Foundation

/// Seals records with AES-256-GCM (NIST SP 800-38D), bound to the table and row where they lie, so that a
/// record moved to another place does not open.
struct RecordSealer: Sendable {
  /// What a record is about; every kind has its own key.
  enum Kind: String, CaseIterable, Sendable {
    case identity, prototype, sighting, setting, alias, correction, cropHead, cropBody, eventHead, eventBody
    case recording, audit
  }

  private let keys: [Kind: SymmetricKey]

  init(key: GalleryKey) {
    keys = Dictionary(
      uniqueKeysWithValues: Kind.allCases.map { ($0, key.derived(for: "seal \($0.rawValue)")) })
  }

  private static func place(_ kind: Kind, _ row: Int64) -> [UInt8] {
    var encoder = RecordEncoder()
    encoder.append(kind.rawValue)
    encoder.append(row)
    return encoder.bytes
  }

  /// - Returns: nonce, cipher text and tag in one blob: 28 bytes more than the record.
  func seal(_ bytes: [UInt8], kind: Kind, row: Int64) throws -> Data {
    guard let key = keys[kind] else { throw RecordFormatError.malformed("kind") }
    let box = try AES.GCM.seal(bytes, using: key, authenticating: Self.place(kind, row))
    guard let combined = box.combined else { throw RecordFormatError.malformed("nonce") }
    return combined
  }

  /// - Throws: where a bit of the blob, its place or the key is another.
  func open(_ sealed: Data, kind: Kind, row: Int64) throws -> [UInt8] {
    guard let key = keys[kind] else { throw RecordFormatError.malformed("kind") }
    let box = try AES.GCM.SealedBox(combined: sealed)
    return Array(try AES.GCM.open(box, using: key, authenticating: Self.place(kind, row)))
  }
}
