import Foundation
import Gallery
import ThroughlineCore

/// Everything that the gallery holds about one person, for that person (GDPR, article 15).
public struct PersonExport: Sendable {
  /// All numbers that mean the person.
  public var numbers: [IdentityID]
  /// Number, name, times, prototypes and sightings.
  public var identity: GalleryIdentity
  /// Pictures with their descriptions. They show what the crops showed; covering bystanders is up to whoever
  /// kept them.
  public var crops: [StoredCrop]
  /// Kept events about the person, as they were sent.
  public var events: [StoredEvent]
  /// Recorded files in which the person was recognised.
  public var recordings: [StoredRecording]
  /// How many pictures and events are damaged in the file, and so are not here.
  public var unreadable = 0

  /// The data without the pictures as JSON, keys sorted; times are seconds since 1970-01-01T00:00:00Z.
  ///
  /// - Throws: `EncodingError` where a number is not finite.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(Document(self))
  }

  private struct Document: Encodable {
    struct Prototype: Encodable {
      var camera: CameraName
      var time: Timestamp
      var quality: Double
      var embedding: [Float]
    }
    struct Sighting: Encodable {
      var camera: CameraName
      var track: UInt64
      var begin: Timestamp
      var end: Timestamp
      var confidence: Double
      var explanation: String
    }
    struct Crop: Encodable {
      var camera: CameraName
      var time: Timestamp
      var quality: Double
      var bytes: Int
    }
    struct Event: Encodable {
      var time: Timestamp
      var kind: String
      var body: String
    }
    struct Recording: Encodable {
      var path: String
      var camera: CameraName
      var begin: Timestamp
      var end: Timestamp
    }

    var identity: IdentityID
    var alsoKnownAs: [IdentityID]
    var name: String?
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var prototypes: [Prototype]
    var sightings: [Sighting]
    var crops: [Crop]
    var events: [Event]
    var recordings: [Recording]
    var unreadable: Int

    init(_ person: PersonExport) {
      let record = person.identity
      identity = record.id
      alsoKnownAs = person.numbers.filter { $0 != record.id }
      name = record.identity.name
      firstSeen = record.identity.firstSeen
      lastSeen = record.identity.lastSeen
      prototypes = record.prototypes.map {
        Prototype(
          camera: $0.prototype.camera, time: $0.prototype.time, quality: $0.prototype.quality,
          embedding: $0.prototype.embedding.values)
      }
      sightings = record.sightings.map {
        Sighting(
          camera: $0.sighting.camera, track: $0.sighting.track.number, begin: $0.sighting.begin,
          end: $0.sighting.end, confidence: $0.confidence, explanation: $0.explanation)
      }
      crops = person.crops.map {
        Crop(camera: $0.camera, time: $0.time, quality: $0.quality, bytes: $0.image.count)
      }
      events = person.events.map {
        Event(time: $0.time, kind: $0.kind, body: String(decoding: $0.body, as: UTF8.self))
      }
      recordings = person.recordings.map {
        Recording(path: $0.path, camera: $0.camera, begin: $0.begin, end: $0.end)
      }
      unreadable = person.unreadable
    }
  }
}

/// What taking over another gallery's identities means for this one.
public struct GalleryImport: Sendable {
  /// The steps to take; apply them to the ``Gallery`` in memory, whose journal brings them here, or, where there
  /// is none, `append` them.
  public var changes: [GalleryChange]
  /// The other gallery's numbers and what they became.
  public var numbers: [IdentityID: IdentityID]
  /// Numbers that meant one of them after a merge there, and what they mean here.
  public var aliases: [IdentityID: IdentityID] = [:]
  /// The other gallery's stays and what they became.
  public var sightings: [SightingID: SightingID] = [:]
  /// The other gallery's prototypes and what they became.
  public var prototypes: [PrototypeID: PrototypeID] = [:]
}

/// What of the archive was handed on from one gallery to another.
public struct ArchiveTransfer: Sendable, Hashable, Codable {
  /// Pictures that were taken along.
  public var crops = 0
  /// Events that were taken along.
  public var events = 0
  /// Pictures and events of persons who were not taken along.
  public var leftOut = 0
  /// Pictures and events that are damaged in the file.
  public var unreadable = 0

  /// Nothing so far.
  public init() {}
}

extension GalleryStore {
  /// Everything about one person. The audit log tells of it before anything is given out.
  ///
  /// - Throws: ``StoreError/unknownIdentity(_:)``, or another one where the file cannot be read or the audit
  ///   entry cannot be written.
  public func export(
    _ id: IdentityID, reason: String, actor: String
  ) throws(StoreError) -> PersonExport {
    let found = memory.withLock { memory -> ([IdentityID], GalleryIdentity)? in
      sortIn(&memory)
      guard let living = memory.contents.resolve(id), let record = memory.contents.identities[living] else {
        return nil
      }
      return (memory.numbers(of: living).sorted(), record)
    }
    guard let (numbers, record) = found else { throw .unknownIdentity(id.rawValue) }
    try audit(.export, subject: "identity \(record.id)", reason: reason, actor: actor)
    var export = PersonExport(numbers: numbers, identity: record, crops: [], events: [], recordings: [])
    for (id, crop) in crops(of: record.id) {
      guard let picture = try intact({ () throws(StoreError) in try image(of: id) }, else: &export.unreadable)
      else { continue }
      var whole = crop
      whole.image = picture
      export.crops.append(whole)
    }
    for (id, event) in events(about: record.id) {
      guard let text = try intact({ () throws(StoreError) in try body(of: id) }, else: &export.unreadable)
      else { continue }
      var whole = event
      whole.body = text
      export.events.append(whole)
    }
    export.recordings = recordings(of: record.id)
    return export
  }

  /// Reads a picture or an event; one that is damaged is counted and must not hold up the others.
  ///
  /// - Throws: every other ``StoreError`` of `body`.
  public func intact(
    _ body: () throws(StoreError) -> [UInt8]?, else count: inout Int
  ) throws(StoreError) -> [UInt8]? {
    do { return try body() } catch {
      guard case .damaged = error else { throw error }
      count += 1
      return nil
    }
  }

  /// Reads another gallery and says what taking over its identities takes: they get new numbers, their
  /// sightings are closed, and neither learned state nor corrections come along. Pictures and events follow with
  /// ``takeArchive(from:credential:plan:event:)``.
  ///
  /// - Parameter contents: the gallery that takes over, as it is in memory.
  /// - Throws: ``StoreError/otherNetwork(path:expected:found:)`` where the embeddings cannot be compared, or
  ///   another one where the other file cannot be read. Neither file is changed, save for the audit entry.
  public func planImport(
    from path: String, credential: GalleryCredential, into contents: GalleryContents, reason: String,
    actor: String
  ) throws(StoreError) -> GalleryImport {
    let other = try Self.read(path: path, credential: credential)
    if let own = contents.network, let found = other.network, own != found {
      throw .otherNetwork(path: path, expected: own.description, found: found.description)
    }
    var plan = GalleryImport(changes: [], numbers: [:])
    if contents.network == nil, let network = other.network { plan.changes.append(.networkSet(network)) }
    var nextIdentity = contents.nextIdentity.rawValue
    var nextPrototype = contents.nextPrototype.rawValue
    var nextSighting = contents.nextSighting.rawValue
    for (old, record) in other.identities.sorted(by: { $0.key < $1.key }) {
      var identity = record.identity
      identity.id = IdentityID(nextIdentity)
      plan.numbers[old] = identity.id
      nextIdentity &+= 1
      plan.changes.append(.identityCreated(identity))
      for var prototype in record.prototypes {
        plan.prototypes[prototype.id] = PrototypeID(nextPrototype)
        prototype.id = PrototypeID(nextPrototype)
        nextPrototype &+= 1
        plan.changes.append(.prototypeAdded(prototype, to: identity.id))
      }
      for var sighting in record.sightings {
        plan.sightings[sighting.id] = SightingID(nextSighting)
        sighting.id = SightingID(nextSighting)
        nextSighting &+= 1
        sighting.sighting.identity = identity.id
        sighting.isOpen = false
        plan.changes.append(.sightingOpened(sighting))
      }
    }
    for alias in other.aliases.keys {
      plan.aliases[alias] = other.resolve(alias).flatMap { plan.numbers[$0] }
    }
    for veto in other.vetoes.sorted() {
      guard let one = plan.numbers[veto.lower], let two = plan.numbers[veto.higher],
        let pair = IdentityPair(one, two)
      else { continue }
      plan.changes.append(.vetoAdded(pair))
    }
    try audit(
      .importGallery, subject: "\(plan.numbers.count) identities", reason: reason, actor: actor)
    return plan
  }
}
