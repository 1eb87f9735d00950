import Foundation
import Gallery
import Synchronization
import ThroughlineCore

/// Everything that one key gives: sealing of records and the embeddings' rotation. Immutable to its users;
/// rotations are made once per dimension.
final class StoreCipher: Sendable {
  let key: GalleryKey
  /// Makes the rotation of this file different from that of another file with the same key.
  let salt: [UInt8]
  private let sealer: RecordSealer
  private let transforms = Mutex<[Int: EmbeddingTransform]>([:])

  init(key: GalleryKey, salt: [UInt8]) {
    self.key = key
    self.salt = salt
    sealer = RecordSealer(key: key)
  }

  func seal(_ bytes: [UInt8], _ kind: RecordSealer.Kind, _ row: Int64) throws -> Data {
    try sealer.seal(bytes, kind: kind, row: row)
  }

  func open(_ sealed: Data, _ kind: RecordSealer.Kind, _ row: Int64) throws -> [UInt8] {
    try sealer.open(sealed, kind: kind, row: row)
  }

  func transform(dimension: Int) -> EmbeddingTransform? {
    if let known = transforms.withLock({ $0[dimension] }) { return known }
    let made = EmbeddingTransform(key: key, salt: salt, dimension: dimension)
    transforms.withLock { $0[dimension] = made }
    return made
  }

  func record(of prototype: GalleryPrototype, identity: IdentityID) throws -> [UInt8] {
    let values = prototype.prototype.embedding.values
    guard let stored = transform(dimension: values.count)?.apply(values) else {
      throw RecordFormatError.malformed("embedding of \(values.count) elements")
    }
    return RecordEncoder.record { $0.append(prototype, of: identity, stored: stored) }
  }

  func prototype(from bytes: [UInt8], id: PrototypeID) throws -> (IdentityID, GalleryPrototype) {
    try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      try decoder.prototype(id: id) { transform(dimension: $0.count)?.invert($0) }
    }
  }
}
