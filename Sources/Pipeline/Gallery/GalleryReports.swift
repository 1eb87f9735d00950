import Foundation
import Gallery
import Store
import ThroughlineCore

/// One line of a list of identities.
public struct GalleryListEntry: Sendable, Codable {
  /// Who.
  public var identity: IdentityID
  /// The name, where names are on and one was given.
  public var name: String?
  /// When the person was first seen.
  public var firstSeen: Timestamp
  /// When the person was last seen.
  public var lastSeen: Timestamp
  /// How many embeddings are kept.
  public var embeddings: Int
  /// How many stays in cameras.
  public var sightings: Int
  /// In which cameras.
  public var cameras: [CameraName]
  /// How many pictures are kept.
  public var crops: Int
}

/// A stay of a person in a camera.
public struct GallerySightingReport: Sendable, Codable {
  /// Its number; `gallery split` wants it.
  public var number: UInt64
  /// Where.
  public var camera: CameraName
  /// The track's number in its camera.
  public var track: UInt64
  /// From when.
  public var begin: Timestamp
  /// Until when.
  public var end: Timestamp
  /// How sure it is that it was this person, 0...1.
  public var confidence: Double
  /// Why it was decided so.
  public var why: String

  init(_ kept: GallerySighting) {
    number = kept.id.rawValue
    camera = kept.sighting.camera
    track = kept.sighting.track.number
    begin = kept.sighting.begin
    end = kept.sighting.end
    confidence = kept.confidence
    why = kept.explanation
  }
}

/// A kept picture.
public struct GalleryCropReport: Sendable, Codable {
  /// Its number in the gallery.
  public var number: Int64
  /// Where it was taken.
  public var camera: CameraName
  /// When.
  public var time: Timestamp
  /// How good it is, 0...1.
  public var quality: Double
  /// The file that it was written to.
  public var file: String?

  init(_ entry: (id: ArchiveID, crop: StoredCrop)) {
    number = entry.id.rawValue
    camera = entry.crop.camera
    time = entry.crop.time
    quality = entry.crop.quality
  }
}

/// A merge, a split or a veto that concerns an identity.
public struct GalleryCorrectionReport: Sendable, Codable {
  /// Its number; `gallery undo` wants it.
  public var number: UInt64
  /// `merge`, `split` or `not-same`.
  public var kind: String
  /// When.
  public var time: Timestamp
  /// Who decided: `person`, `association` or `consolidation`.
  public var source: String
  /// The identity that remained.
  public var identity: IdentityID
  /// The identity that was absorbed or made, or the other one of a veto.
  public var other: IdentityID
  /// How sure, 0...1.
  public var confidence: Double
  /// Why.
  public var why: String

  /// A report of a correction.
  public init(_ correction: GalleryCorrection) {
    number = correction.id.rawValue
    time = correction.time
    source = correction.source.rawValue
    (identity, other) = correction.identities
    switch correction {
    case .merge(let record): (kind, confidence, why) = ("merge", record.confidence, record.explanation)
    case .split(let record): (kind, confidence, why) = ("split", record.confidence, record.explanation)
    case .veto(let record): (kind, confidence, why) = ("not-same", 1, record.explanation)
    }
  }
}

/// Everything that is told about one identity.
public struct GalleryIdentityReport: Sendable, Codable {
  /// Who, as in a list.
  public var summary: GalleryListEntry
  /// Earlier numbers that mean the same person.
  public var alsoKnownAs: [IdentityID]
  /// The person's journey: all stays, earliest first.
  public var sightings: [GallerySightingReport]
  /// Kept pictures, oldest first.
  public var crops: [GalleryCropReport]
  /// Merges, splits and vetoes that made the person what it is, oldest first.
  public var corrections: [GalleryCorrectionReport]
  /// Identities of which a person said that they are somebody else.
  public var notSameAs: [IdentityID]
  /// What was decided about the person and why, oldest first: one line each.
  public var decisions: [String]
}

extension GallerySnapshot {
  /// All identities, those seen last first.
  ///
  /// - Parameters:
  ///   - showsNames: whether names are on.
  ///   - filter: only those who were seen at these times and in these cameras.
  public func list(showsNames: Bool, filter: GallerySearchFilter = GallerySearchFilter())
    -> [GalleryListEntry]
  {
    contents.identities.values.filter { filter == GallerySearchFilter() || $0.wasSeen(filter) }.sorted {
      $0.identity.lastSeen != $1.identity.lastSeen
        ? $0.identity.lastSeen > $1.identity.lastSeen : $0.id < $1.id
    }.map { entry($0, showsNames: showsNames) }
  }

  private func entry(_ record: GalleryIdentity, showsNames: Bool) -> GalleryListEntry {
    let cameras = Set(record.sightings.map(\.sighting.camera) + record.prototypes.map(\.prototype.camera))
    return GalleryListEntry(
      identity: record.id, name: showsNames ? record.identity.name : nil,
      firstSeen: record.identity.firstSeen, lastSeen: record.identity.lastSeen,
      embeddings: record.prototypes.count, sightings: record.sightings.count, cameras: cameras.sorted(),
      crops: crops(of: record.id).count)
  }

  /// What is known about one identity.
  ///
  /// - Throws: `GalleryError.unknownIdentity`.
  public func report(on id: IdentityID, showsNames: Bool) throws(GalleryError) -> GalleryIdentityReport {
    guard let living = contents.resolve(id), let record = contents.identities[living] else {
      throw .unknownIdentity(id)
    }
    let numbers = numbers(of: living)
    let involved = Set(numbers)
    let sightings = record.sightings.sorted { $0.sighting.begin < $1.sighting.begin }
    return GalleryIdentityReport(
      summary: entry(record, showsNames: showsNames), alsoKnownAs: numbers.filter { $0 != living },
      sightings: sightings.map(GallerySightingReport.init),
      crops: crops(of: living).map(GalleryCropReport.init),
      corrections: contents.corrections.filter {
        involved.contains($0.identities.0) || involved.contains($0.identities.1)
      }.map(GalleryCorrectionReport.init),
      notSameAs: contents.vetoes.compactMap { $0.other(than: living) }.sorted(),
      decisions: sightings.map { kept in
        "\(EventRecord.text(of: kept.sighting.begin)) \(kept.sighting.camera), track \(kept.sighting.track.number): "
          + "\(kept.explanation) (confidence \(String(format: "%.2f", kept.confidence)))"
      })
  }
}

/// How much a gallery holds and for how long.
public struct GalleryStatistics: Sendable, Codable {
  /// One kind of data.
  public struct Class: Sendable, Codable {
    /// Which: one of the keys `retention.*`.
    public var kind: String
    /// How many records.
    public var records: Int
    /// The oldest record's moment.
    public var oldest: Timestamp?
    /// How long records are kept.
    public var keptForHours: Double
  }

  /// A recorded file that is deleted when its time is over.
  public struct Recording: Sendable, Codable {
    /// The file.
    public var path: String
    /// Whose stream it is.
    public var camera: CameraName
    /// When it was written last.
    public var end: Timestamp
    /// From when on a sweep deletes it.
    public var deletedFrom: Timestamp
  }

  /// By kind.
  public var classes: [Class]
  /// Recorded files, those that go first first.
  public var recordings: [Recording]
  /// How many identities.
  public var identities: Int
  /// How many of them have a name.
  public var named: Int
  /// The network of the embeddings, if there are any.
  public var network: String?
  /// The size of the file.
  public var fileBytes: Int
  /// The size of its write-ahead log.
  public var logBytes: Int
  /// The identifier of the key that seals the file.
  public var keyIdentifier: String
  /// How many audit entries there are.
  public var auditEntries: Int

  /// The figures of a gallery that is not held.
  public init(_ snapshot: GallerySnapshot, settings: GallerySettings) {
    let statistics = snapshot.statistics
    classes = statistics.classes.map {
      Class(
        kind: $0.kind.rawValue, records: $0.records, oldest: $0.oldest,
        keptForHours: settings.retention[$0.kind] / 3600)
    }
    let kept = settings.retention[.recording]
    recordings = snapshot.recordings.sorted { ($0.end, $0.path) < ($1.end, $1.path) }.map {
      Recording(
        path: $0.path, camera: $0.camera, end: $0.end, deletedFrom: $0.end.advanced(bySeconds: kept))
    }
    identities = statistics.identities
    named = statistics.named
    network = snapshot.contents.network?.description
    fileBytes = statistics.fileBytes
    logBytes = statistics.logBytes
    keyIdentifier = snapshot.keyIdentifier
    auditEntries = statistics.auditEntries
  }
}

/// An entry of the audit log.
public struct GalleryAuditEntry: Sendable, Codable {
  /// Counted up from 1 without a gap.
  public var number: Int64
  /// When.
  public var time: Timestamp
  /// What was done.
  public var action: String
  /// To whom or what.
  public var subject: String
  /// Why.
  public var reason: String
  /// Who did it.
  public var actor: String
  /// The chain's hash up to this entry, 64 hexadecimal digits.
  public var hash: String

  /// A report of an entry.
  public init(_ entry: AuditEntry) {
    number = entry.sequence
    time = entry.time
    action = entry.action.rawValue
    subject = entry.subject
    reason = entry.reason
    actor = entry.actor
    hash = entry.hash
  }
}

/// What a check of a gallery's file found.
public struct GalleryCheck: Sendable, Codable {
  /// One line for each finding, as far as they are told.
  public var problems: [String]
  /// How many findings there are.
  public var problemCount: Int
  /// How many records were looked at.
  public var records: Int
  /// How many audit entries are intact.
  public var auditEntries: Int
  /// The audit log's state, `COUNT:HASH`; a copy kept elsewhere proves later that nothing up to it was changed. `nil`
  /// where the log is not intact.
  public var auditHead: String?

  /// Checks a file that is not held.
  ///
  /// - Parameter earlierHead: a state that the log must contain.
  /// - Throws: `StoreError` where the file cannot be read at all.
  public init(_ settings: GallerySettings, earlierHead: String? = nil) throws {
    let path = settings.file ?? ""
    let credential = try settings.credential()
    let found = try GalleryStore.verify(path: path, credential: credential)
    problems = found.problems
    problemCount = found.problemCount
    records = found.tables.reduce(0) { $0 + $1.records }
    auditEntries = found.audit.count
    let states = found.audit.map { "\($0.sequence):\($0.hash)" }
    auditHead = found.firstBrokenAuditEntry == nil ? states.last : nil
    if let earlierHead, !states.contains(earlierHead.lowercased()) {
      problems.append("the audit log does not contain the state \(earlierHead)")
      problemCount += 1
    }
  }
}
