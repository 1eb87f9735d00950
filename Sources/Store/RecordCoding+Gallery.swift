import Foundation
import Gallery
import ThroughlineCore

/// The gallery's values as sealed records. The first byte of every record is its format.
///
/// Times are whole nanoseconds here; the values' own `Codable` forms are for people and round them.
extension RecordEncoder {
  static let format: UInt8 = 1

  static func record(_ body: (inout RecordEncoder) -> Void) -> [UInt8] {
    var encoder = RecordEncoder()
    encoder.append(format)
    body(&encoder)
    return encoder.bytes
  }

  mutating func append(_ value: Timestamp) { append(value.nanoseconds) }
  mutating func append(_ value: CameraName) { append(value.rawValue) }
  mutating func append(_ value: IdentityID) { append(value.rawValue) }

  mutating func append(_ value: TrackID) {
    append(value.camera)
    append(value.number)
  }

  mutating func append(_ value: Identity) {
    append(value.id)
    append(optional: value.name) { $0.append($1) }
    append(value.firstSeen)
    append(value.lastSeen)
  }

  mutating func append(_ value: IdentityPair) {
    append(value.lower)
    append(value.higher)
  }

  mutating func append<Element>(list: [Element], _ body: (inout RecordEncoder, Element) -> Void) {
    append(UInt32(clamping: list.count))
    for element in list { body(&self, element) }
  }

  mutating func append(_ value: EmbeddingNetwork) {
    append(value.name)
    append(value.version)
    append(UInt64(clamping: value.dimension))
  }

  /// - Parameter stored: the embedding's elements in the keyed space.
  mutating func append(_ value: GalleryPrototype, of identity: IdentityID, stored: [Float]) {
    append(identity)
    append(optional: value.track) { $0.append($1) }
    append(value.prototype.camera)
    append(value.prototype.time)
    append(value.prototype.quality)
    append(stored)
  }

  mutating func append(_ value: GallerySighting) {
    append(value.sighting.identity)
    append(value.sighting.track)
    append(value.sighting.begin)
    append(value.sighting.end)
    append(value.isOpen)
    append(value.confidence)
    append(value.explanation)
  }

  mutating func append(_ value: GalleryCorrection) {
    append(value.id.rawValue)
    append(value.time)
    append(value.source.rawValue)
    switch value {
    case .merge(let record):
      append(UInt8(0))
      append(record.absorbed)
      append(record.survivor)
      append(record.merged)
      append(list: record.prototypes) { $0.append($1.rawValue) }
      append(list: record.sightings) { $0.append($1.rawValue) }
      append(list: record.absorbedVetoes) { $0.append($1) }
      append(list: record.inheritedVetoes) { $0.append($1) }
      append(record.confidence)
      append(record.explanation)
    case .split(let record):
      append(UInt8(1))
      append(record.original)
      append(record.remaining)
      append(record.created)
      append(list: record.prototypes) { $0.append($1.rawValue) }
      append(list: record.sightings) { $0.append($1.rawValue) }
      append(record.confidence)
      append(record.explanation)
    case .veto(let record):
      append(UInt8(2))
      append(record.pair)
      append(record.explanation)
    }
  }
}

extension RecordDecoder {
  static func record<Value>(
    _ bytes: [UInt8], _ body: (inout RecordDecoder) throws(RecordFormatError) -> Value
  ) throws(RecordFormatError) -> Value {
    var decoder = RecordDecoder(bytes)
    let format = try decoder.byte()
    guard format == RecordEncoder.format else { throw .malformed("record format \(format)") }
    let value = try body(&decoder)
    try decoder.finish()
    return value
  }

  mutating func timestamp() throws(RecordFormatError) -> Timestamp { Timestamp(nanoseconds: try integer()) }
  mutating func identityID() throws(RecordFormatError) -> IdentityID { IdentityID(try unsigned()) }

  mutating func camera() throws(RecordFormatError) -> CameraName {
    guard let camera = CameraName(try text()) else { throw .malformed("camera name") }
    return camera
  }

  mutating func track() throws(RecordFormatError) -> TrackID {
    TrackID(camera: try camera(), number: try unsigned())
  }

  mutating func identity() throws(RecordFormatError) -> Identity {
    Identity(
      id: try identityID(), name: try optional { (decoder) throws(RecordFormatError) in try decoder.text() },
      firstSeen: try timestamp(), lastSeen: try timestamp())
  }

  mutating func pair() throws(RecordFormatError) -> IdentityPair {
    guard let pair = IdentityPair(try identityID(), try identityID()) else { throw .malformed("pair") }
    return pair
  }

  mutating func list<Element>(
    _ body: (inout RecordDecoder) throws(RecordFormatError) -> Element
  ) throws(RecordFormatError) -> [Element] {
    let count = Int(try unsigned32())
    // Every element takes at least a byte, so that a wrong length cannot claim memory.
    guard count <= remaining else { throw .truncated }
    var elements: [Element] = []
    for _ in 0..<count { elements.append(try body(&self)) }
    return elements
  }

  mutating func network() throws(RecordFormatError) -> EmbeddingNetwork {
    let name = try text()
    let version = try text()
    guard let dimension = Int(exactly: try unsigned()), (1...65_536).contains(dimension) else {
      throw .malformed("dimension")
    }
    return EmbeddingNetwork(name: name, version: version, dimension: dimension)
  }

  /// - Parameter plain: turns the stored elements back.
  mutating func prototype(
    id: PrototypeID, plain: ([Float]) -> [Float]?
  ) throws(RecordFormatError) -> (IdentityID, GalleryPrototype) {
    let identity = try identityID()
    let track = try optional { (decoder) throws(RecordFormatError) in try decoder.track() }
    let camera = try camera()
    let time = try timestamp()
    let quality = try double()
    guard let values = plain(try floats()), let embedding = try? Embedding(normalizing: values) else {
      throw .malformed("embedding")
    }
    let prototype = Prototype(embedding: embedding, camera: camera, time: time, quality: quality)
    return (identity, GalleryPrototype(id: id, prototype: prototype, track: track))
  }

  mutating func sighting(id: SightingID) throws(RecordFormatError) -> GallerySighting {
    let sighting = Sighting(
      identity: try identityID(), track: try track(), begin: try timestamp(), end: try timestamp())
    return GallerySighting(
      id: id, sighting: sighting, isOpen: try boolean(), confidence: try double(), explanation: try text())
  }

  private mutating func prototypeIDs() throws(RecordFormatError) -> [PrototypeID] {
    try list { (decoder) throws(RecordFormatError) in PrototypeID(try decoder.unsigned()) }
  }

  private mutating func sightingIDs() throws(RecordFormatError) -> [SightingID] {
    try list { (decoder) throws(RecordFormatError) in SightingID(try decoder.unsigned()) }
  }

  private mutating func pairs() throws(RecordFormatError) -> [IdentityPair] {
    try list { (decoder) throws(RecordFormatError) in try decoder.pair() }
  }

  mutating func correction() throws(RecordFormatError) -> GalleryCorrection {
    let id = CorrectionID(try unsigned())
    let time = try timestamp()
    guard let source = CorrectionSource(rawValue: try text()) else { throw .malformed("source") }
    switch try byte() {
    case 0:
      return .merge(
        MergeRecord(
          id: id, time: time, source: source, absorbed: try identity(), survivor: try identity(),
          merged: try identity(), prototypes: try prototypeIDs(), sightings: try sightingIDs(),
          absorbedVetoes: try pairs(), inheritedVetoes: try pairs(), confidence: try double(),
          explanation: try text()))
    case 1:
      return .split(
        SplitRecord(
          id: id, time: time, source: source, original: try identity(), remaining: try identity(),
          created: try identity(), prototypes: try prototypeIDs(), sightings: try sightingIDs(),
          confidence: try double(), explanation: try text()))
    case 2:
      return .veto(
        VetoRecord(id: id, time: time, source: source, pair: try pair(), explanation: try text()))
    case let other: throw .malformed("correction \(other)")
    }
  }
}

/// The gallery's few numbers that belong to no record.
struct GalleryState: Hashable, Sendable {
  var network: EmbeddingNetwork?
  var nextIdentity: IdentityID
  var nextPrototype: PrototypeID
  var nextSighting: SightingID
  var nextCorrection: CorrectionID
  var lastTrackNumbers: [CameraName: UInt64]

  init(of contents: GalleryContents) {
    network = contents.network
    nextIdentity = contents.nextIdentity
    nextPrototype = contents.nextPrototype
    nextSighting = contents.nextSighting
    nextCorrection = contents.nextCorrection
    lastTrackNumbers = contents.lastTrackNumbers
  }

  init(decoding bytes: [UInt8]) throws(RecordFormatError) {
    self = try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      try GalleryState(from: &decoder)
    }
  }

  private init(from decoder: inout RecordDecoder) throws(RecordFormatError) {
    network = try decoder.optional { (decoder) throws(RecordFormatError) in try decoder.network() }
    nextIdentity = try decoder.identityID()
    nextPrototype = PrototypeID(try decoder.unsigned())
    nextSighting = SightingID(try decoder.unsigned())
    nextCorrection = CorrectionID(try decoder.unsigned())
    let tracks = try decoder.list { (decoder) throws(RecordFormatError) in try decoder.track() }
    lastTrackNumbers = Dictionary(tracks.map { ($0.camera, $0.number) }, uniquingKeysWith: max)
  }

  var record: [UInt8] {
    RecordEncoder.record { encoder in
      encoder.append(optional: network) { $0.append($1) }
      encoder.append(nextIdentity)
      encoder.append(nextPrototype.rawValue)
      encoder.append(nextSighting.rawValue)
      encoder.append(nextCorrection.rawValue)
      let tracks = lastTrackNumbers.map { TrackID(camera: $0, number: $1) }.sorted()
      encoder.append(list: tracks) { $0.append($1) }
    }
  }
}
