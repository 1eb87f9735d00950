import Foundation
import Gallery
import Store
import ThroughlineCore

/// Something that is asked of a gallery: done here where nobody holds it, or by the run that holds it.
public struct GalleryRequest: Sendable, Codable {
  /// What is asked.
  public enum Action: Sendable, Codable {
    /// Two identities are one.
    case merge(IdentityID, into: IdentityID)
    /// Some stays, by their numbers or as a filter finds them, are somebody else.
    case split(IdentityID, sightings: [UInt64], filter: GallerySearchFilter)
    /// Two identities are two people, or nobody says so any more.
    case notSame(IdentityID, IdentityID, isTakenBack: Bool)
    /// Takes back the correction with a number, or a person's latest.
    case undo(UInt64?)
    /// Gives a name, or takes it away.
    case name(IdentityID, String?)
    /// Erases persons.
    case forget([IdentityID])
    /// Who resembles somebody, by the looks' elements and the network that made them; pictures go into a folder.
    case search(
      looks: [[Float]], network: EmbeddingNetwork, limit: Int, filter: GallerySearchFilter, crops: String?)
    /// Who resembles somebody, the same without stays and pictures: for many.
    case likely(looks: [[Float]], network: EmbeddingNetwork, limit: Int)
    /// A person's data into a folder.
    case export(IdentityID, folder: String)
    /// All identities into a new file.
    case exportAll(gallery: String, keyFile: String)
    /// Another key: in the same place, in this file, or made of these words.
    case rotateKey(keyFile: String?, passphrase: String?)
  }

  /// What is asked.
  public var action: Action
  /// Why, for the audit log.
  public var reason: String
  /// Who asks, for the audit log.
  public var actor: String

  /// A request by its parts. Paths must be absolute: the run has another working directory.
  public init(_ action: Action, reason: String, actor: String = Actor.current) {
    self.action = action
    self.reason = reason
    self.actor = actor
  }
}

/// What became of a ``GalleryRequest``.
public enum GalleryReply: Sendable, Codable {
  /// A correction was made or taken back, with so many stays moved.
  case corrected(GalleryCorrectionReport, sightings: Int)
  /// Nothing had to be changed.
  case unchanged
  /// A veto was taken back.
  case takenBack
  /// An identity's name was changed.
  case named(IdentityID)
  /// Persons were erased; recordings in which they are.
  case forgotten([ForgetReceipt], recordings: [String])
  /// Who was found.
  case found([GallerySearchHit])
  /// Files were written; so many pictures and events could not be, since they are damaged.
  case wrote([String], unreadable: Int)
  /// The key was replaced.
  case rotated(from: String, to: String)
}

extension GalleryRequest {
  /// Does what is asked.
  ///
  /// - Throws: what the session's calls throw.
  func perform(in session: GallerySession) throws -> GalleryReply {
    switch action {
    case .merge(let absorbed, let survivor):
      let record = try session.merge(absorbed, into: survivor, reason: reason)
      return .corrected(GalleryCorrectionReport(.merge(record)), sightings: record.sightings.count)
    case .split(let id, let numbers, let filter):
      let chosen =
        numbers.isEmpty ? session.sightings(of: id, matching: filter) : numbers.map(SightingID.init)
      let record = try session.split(id, sightings: Set(chosen), reason: reason)
      return .corrected(GalleryCorrectionReport(.split(record)), sightings: record.sightings.count)
    case .notSame(let one, let other, isTakenBack: true):
      return try session.removeNotSame(one, other, reason: reason) ? .takenBack : .unchanged
    case .notSame(let one, let other, isTakenBack: false):
      guard let record = try session.declareNotSame(one, other, reason: reason) else { return .unchanged }
      return .corrected(GalleryCorrectionReport(.veto(record)), sightings: 0)
    case .undo(let number):
      let undone = try session.undo(number.map(CorrectionID.init), reason: reason)
      return .corrected(GalleryCorrectionReport(undone), sightings: 0)
    case .name(let id, let name):
      try session.name(id, as: name, reason: reason)
      return .named(session.gallery.resolve(id) ?? id)
    case .forget(let ids):
      let recordings = Set(ids.flatMap { session.store.recordings(of: $0).map(\.path) }).sorted()
      return .forgotten(try ids.map { try session.forget($0, reason: reason) }, recordings: recordings)
    case .search(let looks, let network, let limit, let filter, let folder):
      try session.requireNetwork(network)
      var hits = try session.search(
        looks.map { try Embedding(normalizing: $0) }, limit: limit, filter: filter, reason: reason)
      if let folder {
        for index in hits.indices {
          hits[index].crops = try session.writeCrops(
            hits[index].crops, of: hits[index].identity, into: folder)
        }
      }
      return .found(hits)
    case .likely(let looks, let network, let limit):
      try session.requireNetwork(network)
      var hits = try session.search(
        looks.map { try Embedding(normalizing: $0) }, limit: limit, filter: .init(), reason: reason)
      for index in hits.indices { (hits[index].sightings, hits[index].crops) = ([], []) }
      return .found(hits)
    case .export(let id, let folder):
      let (files, unreadable) = try session.export(id, into: folder, reason: reason)
      return .wrote(files, unreadable: unreadable)
    case .exportAll(let gallery, let keyFile):
      let transfer = try session.export(toGallery: gallery, keyFile: keyFile, reason: reason)
      return .wrote([gallery, keyFile], unreadable: transfer.unreadable)
    case .rotateKey(let keyFile, let passphrase):
      let before = session.store.keyIdentifier
      try session.rotateKey(toKeyFile: keyFile, passphrase: passphrase, reason: reason)
      return .rotated(from: before, to: session.store.keyIdentifier)
    }
  }

  /// Does what is asked: here, or where a run holds the gallery, there.
  ///
  /// - Throws: what the session's calls throw; `StoreError.inUse` where another process holds the gallery that takes no
  ///   requests; ``PipelineError`` with what a run has answered.
  public func perform(_ settings: GallerySettings) throws -> GalleryReply {
    let session: GallerySession
    do {
      session = try GallerySession(settings, actor: actor)
    } catch let error as StoreError {
      guard case .inUse(let path, _) = error else { throw error }
      // Who cannot open the gallery has nothing to ask of it.
      try GalleryStore.check(settings.credential(), path: path)
      guard let reply = try GalleryChannel.ask(self, gallery: path) else { throw error }
      return reply
    }
    do {
      let reply = try perform(in: session)
      try session.close()
      return reply
    } catch {
      try? session.close()
      throw error
    }
  }
}
