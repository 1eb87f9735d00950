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
  var links: [TransitionModel.Link]
  /// How long ago the identity was last seen, in seconds; `nil` where it is in sight elsewhere or never was.
  var gap: Double?

  var total: Double { appearance + whereabouts + place + prior }
}

/// The prototypes of one track that is in memory no more, or of one camera's photos.
private struct StoredLooks {
  private var sum: [Float]
  private var weight: Float
  private(set) var count = 1.0
  private(set) var latest: GalleryPrototype

  init(_ first: GalleryPrototype) {
    latest = first
    weight = Self.weight(of: first)
    sum = []
  }

  /// What the looks are sorted by.
  var key: String { latest.track?.description ?? "enrolled in \(latest.prototype.camera)" }

  var mean: [Float] {
    sum.isEmpty ? latest.prototype.embedding.values : VectorMath.scaled(sum, by: 1 / weight)
  }

  func belongs(_ other: GalleryPrototype) -> Bool {
    other.track == latest.track && (other.track != nil || other.prototype.camera == latest.prototype.camera)
  }

  mutating func add(_ other: GalleryPrototype) {
    if sum.isEmpty { sum = VectorMath.scaled(latest.prototype.embedding.values, by: weight) }
    let share = Self.weight(of: other)
    sum = VectorMath.adding(sum, other.prototype.embedding.values, factor: share)
    weight += share
    count += 1
    if other.prototype.time > latest.prototype.time { latest = other }
  }

  private static func weight(of kept: GalleryPrototype) -> Float { Float(max(0.1, kept.prototype.quality)) }
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
    var stored: [StoredLooks] = []
    for kept in gallery[identity]?.prototypes ?? [] {
      if let track = kept.track, tracks[track] != nil { continue }
      if let place = stored.firstIndex(where: { $0.belongs(kept) }) {
        stored[place].add(kept)
      } else {
        stored.append(StoredLooks(kept))
      }
    }
    for looks in stored.count > 1 ? stored.sorted(by: { $0.key < $1.key }) : stored {
      let camera = looks.latest.prototype.camera
      pieces.append(
        IdentityProfile.Piece(
          track: looks.latest.track, camera: camera, cameraNumber: number(of: camera),
          vector: alignment.aligned(looks.mean, camera: camera), independentLooks: looks.count,
          lastSeen: looks.latest.prototype.time))
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

  /// Where an identity was when a track appeared.
  struct Whereabouts {
    /// In which cameras at the same time, or else in which one before.
    var links: [TransitionModel.Link] = []
    /// The latest sighting in the track's own camera before it.
    var lastInCamera: Sighting?
    /// The way from the camera before; `nil` where it was in sight at the same time.
    var passage: GivenTransitions.Passage?
  }

  /// Where an identity was when the track appeared: elsewhere at the same time, or somewhere before.
  func whereabouts(of identity: IdentityID, for track: TrackEvidence) -> Whereabouts {
    var found = Whereabouts()
    var simultaneous: [CameraName: TrackID] = [:]
    var latest: Sighting?
    for kept in (gallery.contents.identities[identity]?.sightings ?? []).suffix(24)
    where kept.sighting.track != track.reported {
      var sighting = kept.sighting
      sighting.end = currentEnd(of: kept)
      if sighting.begin <= track.lastSeen, sighting.end >= track.firstSeen, sighting.camera != track.camera {
        simultaneous[sighting.camera] = sighting.track
      } else if sighting.end <= track.firstSeen {
        if sighting.end > latest?.end ?? Timestamp(nanoseconds: .min) { latest = sighting }
        if sighting.camera == track.camera,
          sighting.end > found.lastInCamera?.end ?? Timestamp(nanoseconds: .min)
        {
          found.lastInCamera = sighting
        }
      }
    }
    if !simultaneous.isEmpty {
      found.links = simultaneous.keys.sorted().map {
        TransitionModel.Link(cell: TransitionModel.Cell(camera: $0, bin: 0), exit: 0, entry: 0)
      }
      return found
    }
    guard let latest else { return found }
    let gap = track.firstSeen.seconds(since: latest.end)
    let exit = tracks[latest.track]?.lastBox
    let isElsewhere = latest.camera != track.camera
    found.links = [
      TransitionModel.Link(
        cell: TransitionModel.Cell(camera: latest.camera, bin: TransitionModel.bin(ofGap: gap)),
        exit: isElsewhere ? transitions.region(of: exit, camera: latest.camera) : 0,
        entry: isElsewhere ? transitions.region(of: track.firstBox, camera: track.camera) : 0)
    ]
    if isElsewhere {
      found.passage = GivenTransitions.Passage(
        from: latest.camera, exit: exit, to: track.camera, entry: track.firstBox, gap: gap)
    }
    return found
  }

  /// What is known about the ways between cameras says about an identity's whereabouts: what was given and what was
  /// learned, together within bounds, so that looks always have the last word.
  private func whereaboutsRatio(_ whereabouts: Whereabouts, camera: CameraName) -> Double {
    var learned = transitions.logRatio(camera: camera, links: whereabouts.links)
    // Where it was said that two cameras see a common place, being in both is never unusual.
    if learned < 0,
      whereabouts.links.contains(where: {
        $0.cell.bin == 0 && settings.overlap(of: $0.cell.camera, and: camera) == .overlapping
      })
    {
      learned = 0
    }
    guard let passage = whereabouts.passage, !settings.transitions.isEmpty else { return learned }
    let given = GivenTransitions(settings: settings).logRatio(
      passage, extents: (pictureExtent(of: passage.from), pictureExtent(of: passage.to)))
    let limit = TransitionModel.limit + TransitionModel.linkLimit
    return min(limit, max(-limit, learned + given))
  }

  /// The size of a camera's picture, as far as it is known.
  private func pictureExtent(of camera: CameraName) -> (width: Double, height: Double) {
    guard let state = cameras[camera] else { return (0, 0) }
    return state.picture.map { (Double($0.width), Double($0.height)) } ?? state.extent
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
    let whereabouts = whereabouts(of: identity, for: track)
    if violatesMinimumTransition(track, identity: identity) { return nil }
    return AssociationScore(
      similarity: found,
      appearance: appearance,
      whereabouts: whereaboutsRatio(whereabouts, camera: track.camera),
      place: whereabouts.lastInCamera.map { placeRatio(track, after: $0) } ?? 0,
      prior: log((1 - Self.newcomerProbability) / Self.newcomerProbability / Double(max(1, gallery.count))),
      links: whereabouts.links, gap: whereabouts.passage?.gap)
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
