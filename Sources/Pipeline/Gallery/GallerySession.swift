import Association
import Foundation
import Gallery
import Store
import ThroughlineCore

/// A gallery that is searched and corrected: a file that no run holds, or the gallery of a run that is asked to. The commands `throughline gallery ...` and
/// whatever serves an API stand on these calls.
///
/// Every call that looks for a person, names, corrects, exports or forgets is in the audit log before it is done; where
/// the log cannot be written, it is not done. The calls block on the disk: no task's place is here.
public final class GallerySession {
  /// The file.
  public let store: GalleryStore
  /// The identities as they are now.
  public internal(set) var gallery: Gallery
  /// Who does it, for the audit log.
  public let actor: String
  let settings: GallerySettings
  /// The run that holds the gallery, where one does.
  private let host: (any GalleryHost)?
  let now: @Sendable () -> Timestamp

  /// Opens a gallery and holds it until ``close()``.
  ///
  /// - Parameters:
  ///   - actor: who does it, for the audit log.
  ///   - now: the current moment.
  /// - Throws: ``PipelineError`` where none is named; `StoreError` where it cannot be opened.
  public init(
    _ settings: GallerySettings, actor: String,
    now: @escaping @Sendable () -> Timestamp = StoreOptions.wallClock
  ) throws {
    guard let file = settings.file else {
      throw PipelineError.setting("no gallery is named; name one with --gallery FILE")
    }
    guard FileManager.default.fileExists(atPath: file) else { throw StoreError.missing(path: file) }
    self.settings = settings
    self.actor = actor
    self.now = now
    host = nil
    store = try GalleryStore(
      path: file, credential: settings.credential(), mode: .existing, options: StoreOptions(now: now))
    gallery = Gallery(contents: store.contents, scanner: KernelScanner.best)
    closeStays()
  }

  /// The gallery of a run.
  init(
    of host: any GalleryHost, store: GalleryStore, settings: GallerySettings, actor: String,
    now: @escaping @Sendable () -> Timestamp = StoreOptions.wallClock
  ) throws {
    self.host = host
    self.store = store
    self.settings = settings
    self.actor = actor
    self.now = now
    gallery = try host.currentGallery()
  }

  /// Stays that a run left open when it was killed are over: no run holds the gallery now.
  private func closeStays() {
    for record in gallery.contents.identities.values.sorted(by: { $0.id < $1.id }) {
      for stay in record.sightings where stay.isOpen {
        try? gallery.extendSighting(stay.id, of: record.id, to: stay.sighting.end, closing: true)
      }
    }
    store.append(gallery.drainChanges())
  }

  /// Writes what waits and lets the file go.
  public func close() throws { try store.close() }

  /// Prior knowledge of the gallery's network.
  var prior: ThresholdCalibrator.Prior {
    gallery.network.map(SimilarityPrior.of) ?? ThresholdCalibrator.Prior()
  }

  /// Tries an operation on a copy, logs it, and only then does it for good.
  func edit<Result: Sendable>(
    _ action: AuditAction, subject: String, reason: String,
    _ body: @escaping @Sendable (inout Gallery) throws(GalleryError) -> Result
  ) throws -> Result {
    var copy = gallery
    let result = try body(&copy)
    try store.audit(action, subject: subject, reason: reason, actor: actor)
    if let host {
      // Meanwhile the run has gone on, so that it is done once more, and for good, on what there is now.
      let made = try host.edit(body)
      gallery = try host.currentGallery()
      try store.flush()
      return made
    }
    store.append(copy.drainChanges())
    gallery = copy
    try store.flush()
    return result
  }

  /// Takes up what the store has changed by itself.
  func reload() {
    gallery =
      (try? host?.currentGallery()) ?? Gallery(contents: store.contents, scanner: KernelScanner.best)
  }

  /// The living number of an identity.
  ///
  /// - Throws: `GalleryError.unknownIdentity`.
  func require(_ id: IdentityID) throws(GalleryError) -> GalleryIdentity {
    guard let record = gallery[id] else { throw .unknownIdentity(id) }
    return record
  }

  // MARK: - Corrections

  /// Says that two identities are one person; see `Gallery.mergeByPerson`.
  public func merge(_ absorbed: IdentityID, into survivor: IdentityID, reason: String) throws -> MergeRecord {
    let (time, prior) = (now(), prior)
    let record = try edit(.correct, subject: "merge \(absorbed) into \(survivor)", reason: reason) {
      (gallery) throws(GalleryError) in
      try gallery.mergeByPerson(absorbed, into: survivor, at: time, reason: reason, prior: prior)
    }
    keep(.identityMerged(record), at: time)
    return record
  }

  /// Says that some sightings of an identity are another person; see `Gallery.splitByPerson`.
  public func split(_ id: IdentityID, sightings: Set<SightingID>, reason: String) throws -> SplitRecord {
    let (time, prior) = (now(), prior)
    let record = try edit(.correct, subject: "split \(sightings.count) sightings off \(id)", reason: reason) {
      (gallery) throws(GalleryError) in
      try gallery.splitByPerson(id, sightings: sightings, at: time, reason: reason, prior: prior)
    }
    keep(.identitySplit(record), at: time)
    return record
  }

  /// Says that two identities are two people, for good.
  ///
  /// - Returns: the correction, or `nil` where that was known already.
  @discardableResult
  public func declareNotSame(_ one: IdentityID, _ other: IdentityID, reason: String) throws -> VetoRecord? {
    let (time, prior) = (now(), prior)
    return try edit(.correct, subject: "\(one) and \(other) are not the same", reason: reason) {
      (gallery) throws(GalleryError) in
      try gallery.declareNotSameByPerson(one, other, at: time, reason: reason, prior: prior)
    }
  }

  /// Takes back that two identities are two people.
  ///
  /// - Returns: whether it had been said.
  public func removeNotSame(_ one: IdentityID, _ other: IdentityID, reason: String) throws -> Bool {
    guard gallery.isVetoed(try require(one).id, try require(other).id) else { return false }
    let prior = prior
    try edit(.correct, subject: "\(one) and \(other) may be the same again", reason: reason) {
      (gallery) throws(GalleryError) in
      try gallery.removeNotSameByPerson(one, other, prior: prior)
    }
    return true
  }

  /// Takes back a merge, a split or a veto: the one with this number, or a person's latest, or the latest of all.
  public func undo(_ id: CorrectionID?, reason: String) throws -> GalleryCorrection {
    let prior = prior
    let correction = try edit(
      .correct, subject: id.map { "undo correction \($0)" } ?? "undo the latest correction", reason: reason
    ) { (gallery) throws(GalleryError) in
      try gallery.undoByPerson(id, prior: prior)
    }
    switch correction {
    case .merge, .split: keep(.correctionUndone(correction), at: now())
    case .veto: break
    }
    return correction
  }

  /// Gives an identity a name, or takes it away; allowed only where the configuration states a purpose.
  public func name(_ id: IdentityID, as name: String?, reason: String) throws {
    let purpose = name == nil ? "name removed" : try requireNaming()
    // The log outlives the person, so it says the number and never the name.
    try edit(
      .name, subject: "identity \(id)", reason: reason.isEmpty ? purpose : "\(purpose): \(reason)"
    ) { (gallery) throws(GalleryError) in
      try gallery.name(id, as: name)
    }
  }

  /// The stated purpose of names.
  ///
  /// - Throws: ``PipelineError/setting(_:)`` where names are off.
  func requireNaming() throws(PipelineError) -> String {
    guard let purpose = settings.namingPurpose else {
      throw .setting(
        "names are off; identities are numbers that expire. Set gallery.naming: true and gallery.naming-purpose: WHY in the configuration to allow them"
      )
    }
    return purpose
  }

  private func keep(_ event: AssociationEvent, at time: Timestamp) {
    guard let host else { return store.keep(StoredEvent(event, at: time)) }
    host.note(event, at: time)
    // Whoever reads the file after the answer finds the event; where it cannot be written, it waits like all others.
    try? store.flush()
  }

  // MARK: - Erasing

  /// Erases a person everywhere; see `GalleryStore.forget`. The receipt can be checked later.
  public func forget(_ id: IdentityID, reason: String) throws -> ForgetReceipt {
    defer { reload() }
    guard let host else { return try store.forget(id, reason: reason, actor: actor) }
    let (store, actor) = (store, actor)
    var receipt = try host.forget(id) {
      try store.forget(id, reason: reason, actor: actor, compacts: false)
    }
    // The cameras do not wait for this.
    receipt.isCompacted = store.compact()
    return receipt
  }

  /// Renews the key: in the same key file, or with another protection. See `GalleryStore.rotateKey`.
  public func rotateKey(toKeyFile file: String?, passphrase: String?, reason: String) throws {
    let target: GalleryCredential
    if let passphrase {
      target = .passphrase(passphrase)
    } else if let file {
      target = .file(path: file)
    } else {
      target = try settings.credential()
    }
    try store.rotateKey(to: target, reason: reason, actor: actor)
  }

  /// The stays of an identity at these times and in these cameras.
  public func sightings(of id: IdentityID, matching filter: GallerySearchFilter) -> [SightingID] {
    gallery[id]?.sightings.filter { filter.admits($0.sighting) }.map(\.id) ?? []
  }

  /// Erases what is older than its retention time, recorded files included.
  public func prune() throws -> PruneReport {
    let moment = now()
    let removed = gallery.sweep(now: moment, policy: settings.retention)
    if removed.embeddings + removed.sightings + removed.identities > 0 {
      try store.audit(
        .retention,
        subject:
          "\(removed.embeddings) embeddings, \(removed.sightings) stays, \(removed.identities) identities",
        reason: "their time was over", actor: actor)
    }
    store.append(gallery.drainChanges())
    let report = try store.sweep(policy: settings.retention, now: moment)
    return PruneReport(
      crops: report.crops, embeddings: removed.embeddings, sightings: removed.sightings,
      identities: removed.identities, events: report.events,
      recordings: ExpiredRecordings.remove(report.recordings), counts: report.counts)
  }
}

/// What pruning removed.
public struct PruneReport: Sendable, Codable {
  /// Pictures.
  public var crops: Int
  /// Prototypes.
  public var embeddings: Int
  /// Stays in cameras.
  public var sightings: Int
  /// Unnamed identities of which nothing was left.
  public var identities: Int
  /// Kept events.
  public var events: Int
  /// Recorded files that were deleted.
  public var recordings: [String]
  /// Hourly counts.
  public var counts: Int
}

/// Deletes recorded files whose time is over.
enum ExpiredRecordings {
  /// - Returns: those that were there and are gone.
  static func remove(_ expired: [StoredRecording]) -> [String] {
    expired.compactMap { recording in
      // A file that was written again since is not the one of this entry.
      guard
        let changed = try? FileManager.default.attributesOfItem(atPath: recording.path)[.modificationDate]
          as? Date,
        changed.timeIntervalSince1970 <= recording.end.seconds + 600,
        (try? FileManager.default.removeItem(atPath: recording.path)) != nil
      else { return nil }
      return recording.path
    }
  }
}

extension StoredEvent {
  /// An association's event as the gallery keeps it: as a line of the event log.
  init(_ event: AssociationEvent, at time: Timestamp) {
    let record = EventRecord(event, at: time)
    self.init(record, at: time)
  }

  /// The event under other numbers; `nil` where one of its numbers has no other, or it is no line of the event log.
  func renumbered(_ number: (IdentityID) -> IdentityID?) -> StoredEvent? {
    guard var record = try? JSONDecoder().decode(EventRecord.self, from: Data(body)) else { return nil }
    func replace(_ place: inout IdentityID?) -> Bool {
      guard let old = place else { return true }
      place = number(old)
      return place != nil
    }
    guard replace(&record.identity), replace(&record.from) else { return nil }
    // Why something was decided there may name numbers that are somebody else's here.
    record.reason = record.reason.map { "\($0) (imported; numbers in this text are the other gallery's)" }
    return StoredEvent(record, at: time)
  }

  /// A line of the event log.
  init(_ record: EventRecord, at time: Timestamp) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let body = (try? encoder.encode(record)).map { [UInt8]($0) } ?? []
    self.init(
      time: time, kind: record.event.rawValue, identities: [record.identity, record.from].compactMap { $0 },
      body: body)
  }
}
