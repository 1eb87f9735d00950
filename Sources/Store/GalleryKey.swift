import Crypto
import CryptoExtras
import Foundation

/// The secret that a gallery is sealed with: 32 bytes, from a key file or a passphrase.
public struct GalleryKey: Sendable {
  /// The number of bytes of a key.
  public static let byteCount = 32

  let secret: SymmetricKey
  /// What the gallery's file keeps to recognise its key: 16 hexadecimal digits that do not tell the key.
  public let identifier: String

  init(secret: SymmetricKey) {
    self.secret = secret
    let code = HMAC<SHA256>.authenticationCode(for: Data("throughline key identifier".utf8), using: secret)
    identifier = Hexadecimal.text(code.prefix(8))
  }

  /// A new random key.
  public static func random() -> GalleryKey { GalleryKey(secret: SymmetricKey(size: .bits256)) }

  /// A key by its bytes.
  ///
  /// - Returns: `nil` unless there are exactly ``byteCount`` bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init(secret: SymmetricKey(data: bytes))
  }

  /// The key for a passphrase: scrypt (C. Percival, "Stronger key derivation via sequential memory-hard
  /// functions", 2009).
  ///
  /// - Throws: ``StoreError/key(path:reason:)`` where the passphrase is empty or the parameters are out of range.
  public init(passphrase: String, parameters: PassphraseParameters) throws(StoreError) {
    guard !passphrase.isEmpty else { throw .key(path: "passphrase", reason: "it is empty; give some words") }
    guard parameters.isValid else {
      throw .key(
        path: "passphrase", reason: "its cost parameters are out of range; the gallery may be damaged")
    }
    // The same words typed on two keyboards may come composed or decomposed.
    let normal = passphrase.precomposedStringWithCanonicalMapping
    let derived = try? KDF.Scrypt.deriveKey(
      from: Data(normal.utf8), salt: parameters.salt, outputByteCount: Self.byteCount,
      rounds: 1 << parameters.costExponent, blockSize: 8, parallelism: 1)
    guard let derived else {
      throw .key(path: "passphrase", reason: "the key could not be derived; free some memory and try again")
    }
    self.init(secret: derived)
  }

  /// A key for one purpose, by HKDF (RFC 5869).
  func derived(for purpose: String, salt: [UInt8] = []) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: secret, salt: salt, info: Data("throughline \(purpose)".utf8), outputByteCount: 32)
  }
}

extension GalleryKey {
  /// The least length of a new passphrase in characters: whoever has stolen the file tries as long as they like.
  static let minimumPassphraseLength = 12

  /// Refuses a passphrase that is too short to seal a gallery with from now on; older ones still open theirs.
  ///
  /// - Throws: ``StoreError/key(path:reason:)``.
  static func requireStrength(_ passphrase: String) throws(StoreError) {
    guard passphrase.count >= minimumPassphraseLength else {
      throw .key(
        path: "passphrase",
        reason: "it is shorter than \(minimumPassphraseLength) characters; take several words")
    }
  }
}

/// What a passphrase needs beside itself to become a key; stored openly in the gallery.
public struct PassphraseParameters: Sendable, Hashable {
  /// 16 random bytes.
  public var salt: [UInt8]
  /// scrypt's cost N = 2^exponent with blocks of 8: 16 takes 64 MiB and some tenths of a second.
  public var costExponent: Int

  /// Parameters by their parts.
  public init(salt: [UInt8], costExponent: Int = 16) {
    self.salt = salt
    self.costExponent = costExponent
  }

  /// A new salt.
  public static func random(costExponent: Int = 16) -> PassphraseParameters {
    PassphraseParameters(salt: Hexadecimal.randomBytes(16), costExponent: costExponent)
  }

  var isValid: Bool { salt.count == 16 && (10...20).contains(costExponent) }

  /// `scrypt:16:<salt>`.
  var text: String { "scrypt:\(costExponent):\(Hexadecimal.text(salt))" }

  init?(text: String) {
    let parts = text.split(separator: ":")
    guard parts.count == 3, parts[0] == "scrypt", let exponent = Int(parts[1]),
      let salt = Hexadecimal.bytes(String(parts[2]))
    else { return nil }
    self.init(salt: salt, costExponent: exponent)
    guard isValid else { return nil }
  }
}

/// What opens a gallery.
public enum GalleryCredential: Sendable {
  /// A key that the caller holds.
  case key(GalleryKey)
  /// A key file; see ``GalleryKeyFile``.
  case file(path: String)
  /// Words; the salt lies in the gallery. `costExponent` counts when a gallery is created with them.
  case passphrase(String, costExponent: Int = 16)
}

/// Bytes as text.
enum Hexadecimal {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  static func bytes(_ text: String) -> [UInt8]? {
    let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
    let values = digits.compactMap { $0 }
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
  }

  static func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }
}
