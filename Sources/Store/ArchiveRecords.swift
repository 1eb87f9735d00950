import Foundation
import Gallery
import ThroughlineCore

/// The number of a record that the store itself keeps beside the gallery: a crop, an event, a recording.
public struct ArchiveID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Counted up from 1 within the file and the kind of record.
  public let rawValue: Int64

  /// A record's number.
  public init(_ rawValue: Int64) { self.rawValue = rawValue }

  /// The number.
  public var description: String { String(rawValue) }

  /// Orders by number, which is the order of keeping.
  public static func < (left: ArchiveID, right: ArchiveID) -> Bool { left.rawValue < right.rawValue }
}

/// What a kept crop belongs to; it moves and goes with that.
public enum CropOwner: Hashable, Sendable {
  /// A sighting in the live stream.
  case sighting(SightingID)
  /// An enrolled photo.
  case prototype(PrototypeID)
}

/// A crop as the store keeps it.
public struct StoredCrop: Sendable, Hashable {
  /// What it belongs to.
  public var owner: CropOwner
  /// Where it was taken.
  public var camera: CameraName
  /// When.
  public var time: Timestamp
  /// The crop's quality, 0...1.
  public var quality: Double
  /// The encoded picture, for example JPEG. Empty where only the description was asked for.
  public var image: [UInt8]

  /// A crop by its parts.
  public init(owner: CropOwner, camera: CameraName, time: Timestamp, quality: Double, image: [UInt8]) {
    self.owner = owner
    self.camera = camera
    self.time = time
    self.quality = quality
    self.image = image
  }
}

/// An event as the store keeps it.
public struct StoredEvent: Sendable, Hashable {
  /// When it happened.
  public var time: Timestamp
  /// Its kind, for example `identity.merged`.
  public var kind: String
  /// Whom it is about, by the numbers that were in use then.
  public var identities: [IdentityID]
  /// The event as it was sent, for example JSON. Empty where only the description was asked for.
  public var body: [UInt8]

  /// An event by its parts.
  public init(time: Timestamp, kind: String, identities: [IdentityID], body: [UInt8]) {
    self.time = time
    self.kind = kind
    self.identities = identities
    self.body = body
  }
}

/// The index entry of one recorded file; the recording itself is kept by whoever records.
public struct StoredRecording: Sendable, Hashable {
  /// The recorded file.
  public var path: String
  /// Whose stream it is.
  public var camera: CameraName
  /// From when.
  public var begin: Timestamp
  /// Until when.
  public var end: Timestamp
  /// Who was recognised in it.
  public var identities: [IdentityID]

  /// An entry by its parts.
  public init(
    path: String, camera: CameraName, begin: Timestamp, end: Timestamp, identities: [IdentityID]
  ) {
    self.path = path
    self.camera = camera
    self.begin = begin
    self.end = end
    self.identities = identities
  }
}

extension StoredCrop {
  var head: [UInt8] {
    RecordEncoder.record { encoder in
      switch owner {
      case .sighting(let id):
        encoder.append(UInt8(0))
        encoder.append(id.rawValue)
      case .prototype(let id):
        encoder.append(UInt8(1))
        encoder.append(id.rawValue)
      }
      encoder.append(camera)
      encoder.append(time)
      encoder.append(quality)
    }
  }

  static func decode(head bytes: [UInt8]) throws(RecordFormatError) -> StoredCrop {
    try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      let tag = try decoder.byte()
      guard tag <= 1 else { throw .malformed("crop owner") }
      let number = try decoder.unsigned()
      return StoredCrop(
        owner: tag == 0 ? .sighting(SightingID(number)) : .prototype(PrototypeID(number)),
        camera: try decoder.camera(), time: try decoder.timestamp(), quality: try decoder.double(), image: [])
    }
  }
}

extension StoredEvent {
  var head: [UInt8] {
    RecordEncoder.record { encoder in
      encoder.append(time)
      encoder.append(kind)
      encoder.append(list: identities) { $0.append($1) }
    }
  }

  static func decode(head bytes: [UInt8]) throws(RecordFormatError) -> StoredEvent {
    try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      StoredEvent(
        time: try decoder.timestamp(), kind: try decoder.text(),
        identities: try decoder.list { (decoder) throws(RecordFormatError) in try decoder.identityID() },
        body: [])
    }
  }
}

extension StoredRecording {
  var head: [UInt8] {
    RecordEncoder.record { encoder in
      encoder.append(path)
      encoder.append(camera)
      encoder.append(begin)
      encoder.append(end)
      encoder.append(list: identities) { $0.append($1) }
    }
  }

  static func decode(head bytes: [UInt8]) throws(RecordFormatError) -> StoredRecording {
    try RecordDecoder.record(bytes) { (decoder) throws(RecordFormatError) in
      StoredRecording(
        path: try decoder.text(), camera: try decoder.camera(), begin: try decoder.timestamp(),
        end: try decoder.timestamp(),
        identities: try decoder.list { (decoder) throws(RecordFormatError) in try decoder.identityID() })
    }
  }
}
