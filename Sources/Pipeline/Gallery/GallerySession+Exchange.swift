import Foundation
import Gallery
import Imaging
import Store
import ThroughlineCore

extension GallerySession {
  /// Writes everything that is known about a person into a folder, for that person: `person.json` and pictures.
  ///
  /// Pictures are those that the anonymiser let out, so that everybody's face in them is covered, also that of others
  /// who stood near. To show the person's own face, run the recorded footage with `privacy.show-only`.
  ///
  /// - Returns: the files that were written, and how many pictures and events are damaged in the gallery.
  /// - Throws: ``PipelineError`` where the folder holds something already: what was left of another person's export
  ///   would be handed out with it.
  public func export(_ id: IdentityID, into folder: String, reason: String) throws -> (
    files: [String], unreadable: Int
  ) {
    let present = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard present.isEmpty else {
      throw PipelineError.output(
        "\(folder): the folder is not empty; name a new one, so that nothing else is handed out")
    }
    let person = try store.export(id, reason: reason, actor: actor)
    try OutputFolder.make(folder)
    var files = ["\(folder)/person.json"]
    try OutputFolder.write(try person.json(), to: files[0])
    for (index, crop) in person.crops.enumerated() where !crop.image.isEmpty {
      let file = "\(folder)/picture-\(index + 1)-\(crop.camera).jpg"
      try OutputFolder.write(Data(crop.image), to: file)
      files.append(file)
    }
    return (files, person.unreadable)
  }

  /// Writes a copy of the whole gallery, sealed with a key of its own, for another site or as a backup: names, stays,
  /// embeddings, pictures, events and hourly counts, each with its time, so that retention goes on where it was. The
  /// audit log and the index of recordings stay.
  ///
  /// - Throws: `StoreError` where the file exists already or cannot be written.
  @discardableResult
  public func export(toGallery file: String, keyFile: String, reason: String) throws -> ArchiveTransfer {
    guard !FileManager.default.fileExists(atPath: file) else {
      throw PipelineError.output("\(file): there is a file already; name a new one")
    }
    try store.audit(
      .export, subject: "all \(gallery.count) identities, their pictures and events", reason: reason,
      actor: actor)
    let copy = try GalleryStore(
      path: file, credential: .file(path: keyFile), options: StoreOptions(now: now))
    copy.replace(with: gallery.contents)
    do {
      let transfer = try store.copyArchive(to: copy)
      try copy.close()
      return transfer
    } catch {
      // Half a copy would pass for a whole one.
      try? copy.close()
      for part in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: file + part) }
      throw error
    }
  }

  /// Takes over another gallery's identities under new numbers, with their pictures and events.
  ///
  /// - Returns: the other gallery's numbers and what they became, and what came along.
  /// - Throws: `StoreError.otherNetwork` where the embeddings cannot be compared; neither file is changed then.
  public func importGallery(from other: GallerySettings, reason: String) throws -> (
    numbers: [(IdentityID, IdentityID)], archive: ArchiveTransfer
  ) {
    guard let path = other.file else {
      throw PipelineError.setting("no gallery to import is named")
    }
    guard URL(filePath: path).resolvingSymlinksInPath() != URL(filePath: store.path).resolvingSymlinksInPath()
    else {
      throw PipelineError.setting("\(path): this is the gallery itself; name another one to import")
    }
    let credential = try other.credential()
    let plan = try store.planImport(
      from: path, credential: credential, into: gallery.contents, reason: reason, actor: actor)
    var copy = gallery
    for change in plan.changes {
      // Names only where names are allowed here.
      if case .identityCreated(var identity) = change, settings.namingPurpose == nil {
        identity.name = nil
        try copy.apply(.identityCreated(identity))
      } else {
        try copy.apply(change)
      }
    }
    store.append(copy.drainChanges())
    gallery = copy
    try store.flush()
    let archive = try store.takeArchive(from: path, credential: credential, plan: plan) {
      $0.renumbered { plan.numbers[$0] ?? plan.aliases[$0] }
    }
    return (plan.numbers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, archive)
  }

  /// Enrols a person from photos under a name; allowed only where the configuration states a purpose.
  ///
  /// - Parameters:
  ///   - looks: an embedding of each photo with its quality and its picture, faces covered.
  ///   - network: what made the embeddings.
  ///   - id: who it is, where the person is known already; otherwise a new identity is made.
  /// - Returns: who it is now.
  public func enrol(
    _ looks: [EnrolledLook], network: EmbeddingNetwork, name: String?, as id: IdentityID?, reason: String
  ) throws -> IdentityID {
    let purpose = try requireNaming()
    let time = now()
    let camera = CameraName(sanitizing: "enrolled")
    let (identity, kept) = try edit(
      .enrol,
      subject: id.map { "\(looks.count) photos of identity \($0)" }
        ?? "\(looks.count) photos, a new identity",
      reason: reason.isEmpty ? purpose : "\(purpose): \(reason)"
    ) { (gallery) throws(GalleryError) -> (IdentityID, [(PrototypeID, EnrolledLook)]) in
      try gallery.setNetwork(network)
      var kept: [(PrototypeID, EnrolledLook)] = []
      let identity: IdentityID
      if let id {
        guard let known = gallery.resolve(id) else { throw .unknownIdentity(id) }
        identity = known
      } else {
        identity = gallery.createIdentity(at: time)
      }
      for look in looks {
        let outcome = try gallery.addPrototype(
          Prototype(embedding: look.embedding, camera: camera, time: time, quality: look.quality), track: nil,
          to: identity, trusted: true)
        if case .added(let prototype) = outcome { kept.append((prototype, look)) }
      }
      if let name { try gallery.name(identity, as: name) }
      return (identity, kept)
    }
    for (prototype, look) in kept where !look.picture.isEmpty {
      store.keep(
        StoredCrop(
          owner: .prototype(prototype), camera: camera, time: time, quality: look.quality, image: look.picture
        ))
    }
    try store.flush()
    return identity
  }
}

/// A photo that a person is enrolled from.
public struct EnrolledLook: Sendable {
  /// The person's embedding.
  public var embedding: Embedding
  /// How good the photo is, 0...1.
  public var quality: Double
  /// The person's part of the photo as JPEG, faces covered.
  public var picture: [UInt8]

  /// A look by its parts.
  public init(embedding: Embedding, quality: Double, picture: [UInt8]) {
    self.embedding = embedding
    self.quality = quality
    self.picture = picture
  }
}
