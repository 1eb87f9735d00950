import Association
import Foundation
import Gallery
import Store
import ThroughlineCore

/// A person in the gallery who resembles the one that was looked for.
public struct GallerySearchHit: Sendable, Codable {
  /// Who.
  public var identity: IdentityID
  /// The name, where names are on and one was given.
  public var name: String?
  /// The probability that it is the same person, 0...1; see `MatchConfidence`.
  public var confidence: Double
  /// The probability that it is the same person if the others in the gallery are left out of account, 0...1: two
  /// identities of one person have half of ``confidence`` each, and are each as sure as they are here.
  public var confidenceAlone: Double
  /// The cosine similarity of the best pair of looks, -1...1.
  public var similarity: Double
  /// Where and when the look was taken that resembles the query most.
  public var camera: CameraName
  /// When that look was taken.
  public var time: Timestamp
  /// The person's stays within the time and the cameras that were asked for, earliest first.
  public var sightings: [GallerySightingReport]
  /// The person's best pictures, faces covered, best first.
  public var crops: [GalleryCropReport]
}

extension GallerySession {
  /// Refuses embeddings of another network: their likeness to the gallery's would mean nothing.
  ///
  /// - Throws: `GalleryError.wrongNetwork`.
  func requireNetwork(_ network: EmbeddingNetwork) throws(GalleryError) {
    guard let own = gallery.network, own != network else { return }
    throw .wrongNetwork(expected: own, found: network.description)
  }

  /// The identities that resemble a person most, best first. The audit log tells of it first.
  ///
  /// - Parameters:
  ///   - queries: looks at one person.
  ///   - limit: how many are returned at most.
  ///   - filter: only persons who were seen at these times and in these cameras.
  ///   - cropLimit: how many pictures of each are named at most.
  public func search(
    _ queries: [Embedding], limit: Int, filter: GallerySearchFilter, cropLimit: Int = 4, reason: String
  ) throws -> [GallerySearchHit] {
    try store.audit(
      .search, subject: "a person in a photo, \(queries.count == 1 ? "1 look" : "\(queries.count) looks")",
      reason: reason, actor: actor)
    // The confidence of each depends on the others, so that more are compared than shown; a filter is about
    // stays, of which a person has more than looks are kept.
    let isFiltered = filter != GallerySearchFilter()
    let found = try gallery.search(queries, limit: isFiltered ? max(1, gallery.count) : max(limit, 50))
    let compared = found.prefix(max(limit, 50))
    let chances = confidences(of: Array(compared), queries: queries)
    var hits: [GallerySearchHit] = []
    for (index, match) in found.enumerated() where hits.count < limit {
      guard let record = gallery[match.identity], record.wasSeen(filter),
        let look = record.prototypes.first(where: { $0.id == match.prototype })?.prototype
      else { continue }
      hits.append(
        GallerySearchHit(
          identity: record.id, name: settings.namingPurpose == nil ? nil : record.identity.name,
          confidence: index < chances.count ? chances[index].shared : 0,
          confidenceAlone: index < chances.count ? chances[index].alone : 0, similarity: match.similarity,
          camera: look.camera, time: look.time,
          sightings: record.sightings.filter { filter.admits($0.sighting) }
            .sorted { $0.sighting.begin < $1.sighting.begin }.map(GallerySightingReport.init),
          crops: bestCrops(of: record.id, limit: cropLimit)))
    }
    return hits
  }

  /// The best pictures of an identity, one of each camera first.
  public func bestCrops(of id: IdentityID, limit: Int) -> [GalleryCropReport] {
    GalleryCropReport.best(of: store.crops(of: id), limit: limit)
  }

  /// Writes pictures as JPEG files `IDENTITY-NUMBER.jpg` into a folder, which is made where it is missing.
  ///
  /// Only what the anonymiser let out was ever kept, so that no face is open in them.
  ///
  /// - Returns: the pictures; those that are gone by now or damaged have no file.
  public func writeCrops(_ crops: [GalleryCropReport], of id: IdentityID, into folder: String) throws
    -> [GalleryCropReport]
  {
    try OutputFolder.make(folder)
    return try crops.map { crop in
      var unreadable = 0
      let image = try store.intact(
        { () throws(StoreError) in try store.image(of: ArchiveID(crop.number)) }, else: &unreadable)
      return try crop.written(image, of: id, into: folder)
    }
  }

  private func confidences(of matches: [GalleryMatch], queries: [Embedding]) -> [(
    shared: Double, alone: Double
  )] {
    let calibrator = gallery.calibrator(prior: prior)
    let candidates = matches.map { match -> (similarity: Double, looks: Int) in
      let looks = gallery[match.identity]?.prototypes ?? []
      var sum = 0.0
      for look in looks {
        for query in queries { sum += Double(query.similarity(to: look.prototype.embedding)) }
      }
      return (sum / Double(max(1, looks.count * queries.count)), looks.count)
    }
    let confidence = MatchConfidence(calibrator: calibrator)
    let shared = confidence.probabilities(
      of: candidates, queries: queries.count, population: gallery.count)
    return zip(candidates, shared).map { candidate, shared in
      let alone = confidence.probabilities(
        of: [candidate], queries: queries.count, population: gallery.count)
      return (shared, alone.first ?? shared)
    }
  }
}

extension GalleryIdentity {
  /// Whether anything that is known of the person lies within a filter.
  func wasSeen(_ filter: GallerySearchFilter) -> Bool {
    prototypes.contains { filter.admits($0.prototype) } || sightings.contains { filter.admits($0.sighting) }
  }
}

extension GallerySearchFilter {
  /// Whether a stay touches the time and is in one of the cameras.
  func admits(_ sighting: Sighting) -> Bool {
    if let cameras, !cameras.contains(sighting.camera) { return false }
    if let from, sighting.end < from { return false }
    if let to, sighting.begin > to { return false }
    return true
  }
}

/// Files that results are written into.
enum OutputFolder {
  static func make(_ path: String) throws(PipelineError) {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw .output("cannot make the folder '\(path)': \(error.localizedDescription); name another one")
    }
  }

  static func write(_ data: Data, to path: String) throws(PipelineError) {
    do { try data.write(to: URL(filePath: path), options: .atomic) } catch {
      throw .output("cannot write '\(path)': \(error.localizedDescription); name another place")
    }
  }
}
