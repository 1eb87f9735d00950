import Foundation
import Gallery
import ThroughlineCore

/// How well a track fits an identity, and why. All parts are natural logarithms of likelihood ratios.
struct AssociationScore: Sendable {
  var similarity: ProfileSimilarity
  var appearance: Double
  var whereabouts: Double
  var place: Double
  var prior: Double
  var cells: [TransitionModel.Cell]

  var total: Double { appearance + whereabouts + place + prior }
}

extension Associator {
  /// The probability that a track whose owner is unknown belongs to somebody new.
  static let newcomerProbability = 0.3
  /// Below this evidence of the looks an identity is not considered any further.
  static let hopeless = -6.0

  var similarityModel: SimilarityModel {
    SimilarityModel(calibrator: calibrator, fixedThreshold: settings.similarity)
  }

  /// Whether any two cameras were declared to share no view.
  var hasDisjointCameras: Bool {
    settings.defaultOverlap == .disjoint || settings.overlaps.values.contains(.disjoint)
  }

  /// What a track is compared with: built from the tracks in memory and, for older ones, from the prototypes.
  mutating func profile(of identity: IdentityID) -> IdentityProfile {
    if let known = profiles[identity] { return known }
    var pieces: [IdentityProfile.Piece] = []
    let inMemory = members[identity] ?? []
    for id in inMemory.sorted() {
      guard let track = tracks[id], let mean = track.mean else { continue }
      pieces.append(
        IdentityProfile.Piece(
          track: id, camera: id.camera, cameraNumber: number(of: id.camera),
          vector: alignment.aligned(mean, camera: id.camera),
          independentLooks: track.independentLooks, lastSeen: track.lastSeen))
    }
    var stored: [String: (vector: [Float], weight: Float, count: Double, prototype: GalleryPrototype)] = [:]
    for kept in gallery[identity]?.prototypes ?? [] {
      if let track = kept.track, tracks[track] != nil { continue }
      let key = kept.track?.description ?? "enrolled in \(kept.prototype.camera)"
      let weight = Float(max(0.1, kept.prototype.quality))
      var entry = stored[key] ?? ([Float](repeating: 0, count: network.dimension), 0, 0, kept)
      entry.vector = VectorMath.adding(entry.vector, kept.prototype.embedding.values, factor: weight)
      entry.weight += weight
      entry.count += 1
      if kept.prototype.time > entry.prototype.prototype.time { entry.prototype = kept }
      stored[key] = entry
    }
    for (_, entry) in stored.sorted(by: { $0.key < $1.key }) {
      let camera = entry.prototype.prototype.camera
      pieces.append(
        IdentityProfile.Piece(
          track: entry.prototype.track, camera: camera, cameraNumber: number(of: camera),
          vector: alignment.aligned(VectorMath.scaled(entry.vector, by: 1 / entry.weight), camera: camera),
          independentLooks: entry.count, lastSeen: entry.prototype.prototype.time))
    }
    let built = IdentityProfile(pieces: pieces)
    profiles[identity] = built
    return built
  }

  /// Whether a track cannot be this identity. Tracks in `movable` are being reassigned together with it, so
  /// that they do not count.
  func isExcluded(_ track: TrackEvidence, from identity: IdentityID, movable: Set<TrackID>) -> Bool {
    if let mine = members[identity], !mine.isDisjoint(with: track.companions),
      mine.contains(where: { $0 != track.id && !movable.contains($0) && track.companions.contains($0) })
    {
      return true
    }
    if hasDisjointCameras {
      for id in members[identity] ?? [] where id.camera != track.camera && !movable.contains(id) {
        if let other = tracks[id], areDisjoint(track, other) { return true }
      }
    }
    if !gallery.contents.vetoes.isEmpty, let own = track.identity, own != identity,
      gallery.isVetoed(own, identity)
    {
      return true
    }
    for kept in (gallery.contents.identities[identity]?.sightings ?? []).suffix(64) {
      let sighting = kept.sighting
      guard sighting.camera == track.camera, sighting.track != track.reported, tracks[sighting.track] == nil,
        sighting.begin <= track.lastSeen, sighting.end >= track.firstSeen
      else { continue }
      return true
    }
    return false
  }

  /// Where an identity was when the track appeared: elsewhere at the same time, or somewhere before.
  func whereabouts(of identity: IdentityID, for track: TrackEvidence) -> (
    cells: [TransitionModel.Cell], lastInCamera: Sighting?
  ) {
    var simultaneous = Set<CameraName>()
    var latest: (camera: CameraName, end: Timestamp)?
    var lastInCamera: Sighting?
    for kept in (gallery.contents.identities[identity]?.sightings ?? []).suffix(24)
    where kept.sighting.track != track.reported {
      let sighting = kept.sighting
      let end = currentEnd(of: kept)
      if sighting.begin <= track.lastSeen, end >= track.firstSeen, sighting.camera != track.camera {
        simultaneous.insert(sighting.camera)
      } else if end <= track.firstSeen {
        if end > latest?.end ?? Timestamp(nanoseconds: .min) { latest = (sighting.camera, end) }
        if sighting.camera == track.camera, end > lastInCamera?.end ?? Timestamp(nanoseconds: .min) {
          lastInCamera = sighting
          lastInCamera?.end = end
        }
      }
    }
    if !simultaneous.isEmpty {
      return (simultaneous.sorted().map { TransitionModel.Cell(camera: $0, bin: 0) }, lastInCamera)
    }
    guard let latest else { return ([], lastInCamera) }
    let gap = track.firstSeen.seconds(since: latest.end)
    return ([TransitionModel.Cell(camera: latest.camera, bin: TransitionModel.bin(ofGap: gap))], lastInCamera)
  }

  /// The score of a track for an identity; `nil` where it is impossible or nothing is known of the identity
  /// besides this very track.
  mutating func score(
    _ track: TrackEvidence, vector: [Float], identity: IdentityID, movable: Set<TrackID>,
    model: SimilarityModel
  ) -> AssociationScore? {
    let found = profile(of: identity).similarity(
      to: vector, cameraNumber: number(of: track.camera), excluding: track.id, cohort: cohort)
    guard let found else { return nil }
    let appearance = model.logRatio(found.similarity, looks: (track.independentLooks, found.looks))
    // Whatever else there is to say cannot make up for this.
    if appearance < Self.hopeless, track.identity != identity { return nil }
    if isExcluded(track, from: identity, movable: movable) { return nil }
    let (cells, lastInCamera) = whereabouts(of: identity, for: track)
    if violatesMinimumTransition(track, identity: identity) { return nil }
    return AssociationScore(
      similarity: found,
      appearance: appearance,
      whereabouts: transitions.logRatio(camera: track.camera, cells: cells),
      place: lastInCamera.map { placeRatio(track, after: $0) } ?? 0,
      prior: log((1 - Self.newcomerProbability) / Self.newcomerProbability / Double(max(1, gallery.count))),
      cells: cells)
  }

  private func violatesMinimumTransition(_ track: TrackEvidence, identity: IdentityID) -> Bool {
    guard !settings.minimumTransitions.isEmpty else { return false }
    for kept in (gallery[identity]?.sightings ?? []).suffix(8) where kept.sighting.camera != track.camera {
      guard let minimum = settings.minimumTransitions[CameraPair(kept.sighting.camera, track.camera)] else {
        continue
      }
      let gap = track.firstSeen.seconds(since: currentEnd(of: kept))
      if gap > -settings.clockTolerance, gap < minimum - settings.clockTolerance { return true }
    }
    return false
  }

  private func placeRatio(_ track: TrackEvidence, after sighting: Sighting) -> Double {
    guard let before = tracks[sighting.track], let state = cameras[track.camera] else { return 0 }
    return TrackEvidence.placeRatio(track, after: before, extent: state.extent)
  }
}
