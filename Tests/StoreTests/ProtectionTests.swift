import Foundation
import Testing
import ThroughlineCore

@testable import Store

@Suite struct GalleryKeyTests {
  @Test func aKeyFileIsForItsOwnerAndReadsBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    let created = try GalleryKeyFile.create(at: path)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
    #expect(mode?.intValue == 0o600)
    #expect(try GalleryKeyFile.read(at: path).identifier == created.identifier)
    #expect(created.identifier.count == 16)
    let again = try storeError { try GalleryKeyFile.create(at: path) }
    #expect("\(again)".contains("exists already"))
    #expect(try GalleryKeyFile.read(at: path).identifier == created.identifier)
  }

  @Test(arguments: [0o640, 0o604, 0o660, 0o644, 0o610])
  func aKeyFileOpenToOthersIsRefusedWithTheMend(mode: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    try GalleryKeyFile.create(at: path)
    try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: path)
    let error = try storeError { _ = try GalleryKeyFile.read(at: path) }
    #expect("\(error)".contains("chmod 600 \(path)"))
  }

  @Test(arguments: [
    "", "throughline-gallery-key-1:", "throughline-gallery-key-1:00ff\n",
    "throughline-gallery-key-1:\(String(repeating: "g0", count: 32))\n",
    "throughline-gallery-key-2:\(String(repeating: "00", count: 32))\n", String(repeating: "x", count: 5000),
  ])
  func whatIsNoKeyIsRefused(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/key"
    let made = FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: NSNumber(value: 0o600)])
    #expect(made)
    let error = try storeError { _ = try GalleryKeyFile.read(at: path) }
    #expect("\(error)".hasPrefix(path))
  }

  @Test func aMissingKeyFileAndAFolderAreRefused() throws {
    let folder = try TemporaryFolder()
    #expect("\(try storeError { _ = try GalleryKeyFile.read(at: folder.path + "/key") })".contains("missing"))
    #expect("\(try storeError { _ = try GalleryKeyFile.read(at: folder.path) })".contains("no ordinary file"))
  }

  @Test func aPassphraseGivesTheSameKeyForTheSameSalt() throws {
    let parameters = PassphraseParameters.random(costExponent: 10)
    let one = try GalleryKey(passphrase: "correct horse", parameters: parameters)
    #expect(try GalleryKey(passphrase: "correct horse", parameters: parameters).identifier == one.identifier)
    #expect(try GalleryKey(passphrase: "correct hors", parameters: parameters).identifier != one.identifier)
    let other = PassphraseParameters.random(costExponent: 10)
    #expect(try GalleryKey(passphrase: "correct horse", parameters: other).identifier != one.identifier)
    // The same letters, composed and decomposed.
    let composed = try GalleryKey(passphrase: "Zo\u{EB}", parameters: parameters)
    #expect(
      try GalleryKey(passphrase: "Zoe\u{308}", parameters: parameters).identifier == composed.identifier)
  }

  /// RFC 7914, section 12, has no vector with our block size and parallelism alone, so this one was made with
  /// Python's `hashlib.scrypt(b"correct horse", salt=bytes(range(16)), n=1024, r=8, p=1, dklen=32)`.
  @Test func thePassphraseKeyIsScrypt() throws {
    let parameters = PassphraseParameters(salt: Array(0..<16), costExponent: 10)
    let key = try GalleryKey(passphrase: "correct horse", parameters: parameters)
    let text = key.secret.withUnsafeBytes { Hexadecimal.text($0) }
    #expect(text == "9df923deed5f4531c279af9f56bd37b1657bef4929e702ce2e811a93388a86a1")
  }

  @Test(arguments: [
    "scrypt:9:00112233445566778899aabbccddeeff", "scrypt:40:00112233445566778899aabbccddeeff", "scrypt:16:00",
    "key", "",
  ])
  func parametersOutOfRangeAreRefused(text: String) {
    #expect(PassphraseParameters(text: text) == nil)
  }

  @Test func anEmptyPassphraseIsRefused() throws {
    _ = try storeError { _ = try GalleryKey(passphrase: "", parameters: .random(costExponent: 10)) }
  }
}

@Suite struct RecordSealerTests {
  @Test func aRecordOpensOnlyInItsPlaceAndUnchanged() throws {
    let sealer = RecordSealer(key: .random())
    let record = Array("a person".utf8)
    let sealed = try sealer.seal(record, kind: .identity, row: 7)
    #expect(sealed.count == record.count + 28)
    #expect(try sealer.open(sealed, kind: .identity, row: 7) == record)
    #expect(throws: (any Error).self) { try sealer.open(sealed, kind: .identity, row: 8) }
    #expect(throws: (any Error).self) { try sealer.open(sealed, kind: .sighting, row: 7) }
    #expect(throws: (any Error).self) {
      try RecordSealer(key: .random()).open(sealed, kind: .identity, row: 7)
    }
    for bit in 0..<sealed.count * 8 {
      var altered = sealed
      altered[altered.startIndex + bit / 8] ^= 1 << (bit % 8)
      #expect(throws: (any Error).self) { try sealer.open(altered, kind: .identity, row: 7) }
    }
    for length in 0..<sealed.count {
      #expect(throws: (any Error).self) { try sealer.open(sealed.prefix(length), kind: .identity, row: 7) }
    }
  }

  @Test func theSameRecordIsNeverSealedAlike() throws {
    let sealer = RecordSealer(key: .random())
    let all = try (0..<50).map { _ in try sealer.seal([1, 2, 3], kind: .cropBody, row: 1) }
    #expect(Set(all).count == 50)
  }
}

@Suite struct EmbeddingTransformTests {
  private func vector(_ dimension: Int, _ random: inout SplitMix64) throws -> [Float] {
    try Embedding(normalizing: (0..<dimension).map { _ in Float(random.nextGaussian()) }).values
  }

  private func dot(_ left: [Float], _ right: [Float]) -> Double {
    zip(left, right).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  @Test(arguments: [1, 2, 3, 7, 24, 100, 128, 256, 300, 512, 768, 2048])
  func similaritiesStayAndTheWayBackIsExact(dimension: Int) throws {
    var random = SplitMix64(seed: UInt64(dimension))
    let transform = try #require(EmbeddingTransform(key: .random(), salt: [1], dimension: dimension))
    for _ in 0..<5 {
      let (one, two) = (try vector(dimension, &random), try vector(dimension, &random))
      let (first, second) = (try #require(transform.apply(one)), try #require(transform.apply(two)))
      #expect(abs(dot(first, second) - dot(one, two)) < 1e-6)
      let back = try #require(transform.invert(first))
      for (left, right) in zip(back, one) { #expect(abs(left - right) < 1e-6) }
    }
  }

  /// Directly compared, a vector and its rotation, and two keys' or salts' rotations of it, are as unlike as two
  /// random vectors: a mean square cosine of 1 / dimension. Many keys, since one key's worst case says nothing, and
  /// keys of a seed, since the mean of few draws may lie anywhere.
  @Test(arguments: [64, 100, 256, 512])
  func rotationsWithOtherKeysHaveNothingInCommon(dimension: Int) throws {
    var random = SplitMix64(seed: 11)
    func key() throws -> GalleryKey {
      try #require(GalleryKey(bytes: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
    }
    var sums = [0.0, 0.0, 0.0]
    let (keys, vectors) = (16, 8)
    for _ in 0..<keys {
      let one = try key()
      let transform = try #require(EmbeddingTransform(key: one, salt: [1], dimension: dimension))
      let others = [
        try #require(EmbeddingTransform(key: try key(), salt: [1], dimension: dimension)),
        try #require(EmbeddingTransform(key: one, salt: [2], dimension: dimension)),
      ]
      for index in 0..<vectors {
        // Every other one is the worst case for a mixing transform: a single element, or all alike.
        var plain = try vector(dimension, &random)
        if index % 4 == 0 {
          plain = [Float](repeating: 0, count: dimension)
          plain[index % dimension] = 1
        } else if index % 4 == 1 {
          plain = try Embedding(normalizing: [Float](repeating: 1, count: dimension)).values
          plain[index % dimension] *= -1
        }
        let rotated = try #require(transform.apply(plain))
        sums[0] += pow(dot(plain, rotated), 2)
        for (place, other) in others.enumerated() {
          sums[place + 1] += pow(dot(try #require(other.apply(plain)), rotated), 2)
        }
      }
    }
    for sum in sums { #expect(sum / Double(keys * vectors) < 1.6 / Double(dimension)) }
  }

  /// The rotation is part of the file format: another one would make every stored embedding noise.
  @Test func theRotationIsTheSameForEver() throws {
    let key = try #require(GalleryKey(bytes: Array(0..<32)))
    let transform = try #require(EmbeddingTransform(key: key, salt: [1, 2, 3], dimension: 6))
    let rotated = try #require(transform.apply([1, 0, 0, 0, 0, 0]))
    #expect(rotated.map { ($0 * 10_000).rounded() } == [2500, 5000, -6250, 3750, 1250, 3750])
  }

  @Test(arguments: [0, -1, 65_537]) func dimensionsOutOfRangeAreRefused(dimension: Int) {
    #expect(EmbeddingTransform(key: .random(), salt: [], dimension: dimension) == nil)
  }

  @Test func aVectorOfAnotherLengthIsRefused() throws {
    let transform = try #require(EmbeddingTransform(key: .random(), salt: [], dimension: 8))
    #expect(transform.apply([Float](repeating: 1, count: 7)) == nil)
    #expect(transform.invert([]) == nil)
  }
}

@Suite struct RecordCodingTests {
  @Test func everyShorterOrLongerRecordIsRefused() throws {
    let state = GalleryState(
      of: try {
        var generator = ChangeGenerator(seed: 1)
        _ = try generator.next(300)
        return generator.contents
      }())
    let record = state.record
    #expect(try GalleryState(decoding: record) == state)
    for length in 0..<record.count {
      #expect(throws: RecordFormatError.self) { try GalleryState(decoding: Array(record.prefix(length))) }
    }
    #expect(throws: RecordFormatError.self) { try GalleryState(decoding: record + [0]) }
    #expect(throws: RecordFormatError.self) { try GalleryState(decoding: [9] + record.dropFirst()) }
  }

  /// Lengths that claim more than there is must not claim memory or trap.
  @Test func randomBytesAreRefusedQuietly() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<5_000 {
      var bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      if !bytes.isEmpty { bytes[0] = RecordEncoder.format }
      _ = try? GalleryState(decoding: bytes)
      _ = try? RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in try decoder.correction() }
      _ = try? StoredEvent.decode(head: bytes)
      _ = try? StoredRecording.decode(head: bytes)
      _ = try? StoredCrop.decode(head: bytes)
      _ = try? RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
        try decoder.prototype(id: .init(1)) { $0 }
      }
    }
  }
}
