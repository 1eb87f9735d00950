import Gallery
import ThroughlineCore

extension Associator {
  /// Notes which tracks are in the frame, who is seen together, and resolves what that disproves.
  mutating func observe(camera: CameraName, time: Timestamp, tracks frameTracks: [Track]) {
    var observed: [TrackID] = []
    for track in frameTracks where track.state != .ended {
      if tracks[track.id] == nil {
        // A track becomes known with its first observed box.
        guard track.isObserved else { continue }
        tracks[track.id] = TrackEvidence(track: track, at: time)
        reserveNumber(of: track.id)
      }
      if tracks[track.id]?.isLive == false { revive(track.id) }
      cameras[camera]?.live.insert(track.id)
      guard track.isObserved else { continue }
      tracks[track.id]?.lastSeen = time
      tracks[track.id]?.lastBox = track.box
      tracks[track.id]?.path.add(track.box, at: time)
      if keepsSegments {
        let isCrossing = frameTracks.contains {
          $0.id != track.id && $0.isObserved && $0.state != .ended
            && max(track.box.coverage(by: $0.box), $0.box.coverage(by: track.box))
              > TrackSegments.crossingShare
        }
        tracks[track.id]?.segments.note(track.box, at: time, isCrossing: isCrossing)
      }
      observed.append(track.id)
      if var state = cameras[camera] {
        state.extent.width = max(state.extent.width, track.box.maxX)
        state.extent.height = max(state.extent.height, track.box.maxY)
        cameras[camera] = state
      }
    }
    observed.sort()
    let before = cameras[camera]?.observed ?? []
    cameras[camera]?.observed = observed
    if observed != before { noteCompanions(observed, newcomers: Set(observed).subtracting(before)) }
    resolveConflicts(camera: camera, time: time)
  }

  private mutating func reserveNumber(of id: TrackID) {
    // Numbers are reserved in blocks, so that the journal is not written for every track.
    let reserved = gallery.contents.lastTrackNumbers[id.camera] ?? 0
    if id.number > reserved {
      let (block, overflow) = id.number.addingReportingOverflow(99)
      gallery.reserveTrackNumbers(id.camera, upTo: overflow ? id.number : block)
    }
  }

  /// A track that was given up for its silence is reported again.
  private mutating func revive(_ id: TrackID) {
    tracks[id]?.isLive = true
    tracks[id]?.sightingWritten = nil
    guard let track = tracks[id], let identity = track.identity else { return }
    openSighting(of: id, identity: identity, explanation: "the track is reported again")
  }

  private mutating func noteCompanions(_ observed: [TrackID], newcomers: Set<TrackID>) {
    for newcomer in newcomers {
      for other in observed where other != newcomer {
        tracks[newcomer]?.companions.insert(other)
        tracks[other]?.companions.insert(newcomer)
        trimCompanions(of: other)
      }
      trimCompanions(of: newcomer)
    }
  }

  private mutating func trimCompanions(of id: TrackID) {
    guard let companions = tracks[id]?.companions, companions.count > TrackEvidence.maximumCompanions else {
      return
    }
    let forgotten = companions.filter { tracks[$0]?.isLive != true }
    tracks[id]?.companions.subtract(forgotten.sorted().prefix(companions.count / 4))
  }

  /// Where one identity is now in two places that exclude each other, the track with the weaker claim loses it.
  private mutating func resolveConflicts(camera: CameraName, time: Timestamp) {
    var holder: [IdentityID: TrackID] = [:]
    for id in cameras[camera]?.observed ?? [] {
      guard let identity = tracks[id]?.identity else { continue }
      if let other = holder[identity] {
        let loser = weakerClaim(of: id, other)
        detach(loser, explanation: "\(id) and \(other) are seen at once in \(camera), so they are two people")
        holder[identity] = loser == id ? other : id
      } else {
        holder[identity] = id
      }
    }
    for (identity, id) in holder.sorted(by: { $0.key < $1.key }) {
      for other in (members[identity] ?? []).sorted() where other.camera != camera {
        guard let elsewhere = tracks[other], elsewhere.isLive, let here = tracks[id],
          here.identity == identity, elsewhere.identity == identity, areDisjoint(here, elsewhere)
        else { continue }
        detach(
          weakerClaim(of: id, other),
          explanation: "\(id) and \(other) are seen at the same time, and the cameras share no view")
      }
    }
  }

  /// Of two tracks that cannot both have their identity, the one whose claim is less probable, or the later.
  private func weakerClaim(of one: TrackID, _ other: TrackID) -> TrackID {
    guard let left = tracks[one], let right = tracks[other] else { return one }
    let leftClaim = (left.confidence, left.totalWeight)
    let rightClaim = (right.confidence, right.totalWeight)
    if leftClaim == rightClaim { return left.firstSeen > right.firstSeen ? one : other }
    return leftClaim < rightClaim ? one : other
  }

  /// Whether two tracks of different cameras were seen at the same time although nobody can be in both.
  func areDisjoint(_ one: TrackEvidence, _ other: TrackEvidence) -> Bool {
    guard one.camera != other.camera, settings.overlap(of: one.camera, and: other.camera) == .disjoint else {
      return false
    }
    let begin = max(one.firstSeen, other.firstSeen)
    let end = min(one.lastSeen, other.lastSeen)
    return end.seconds(since: begin) > settings.clockTolerance
  }

  mutating func add(_ look: Look, to id: TrackID, among frameTracks: [Track]) {
    guard let track = tracks[id], look.quality.isFinite, look.quality > 0 else { return }
    // A crop in which somebody else is visible too tells less about this person.
    let covered =
      frameTracks.lazy.filter { $0.id != id && $0.isObserved }
      .map { look.box.coverage(by: $0.box) }.max() ?? 0
    let weight = min(1, look.quality) * (covered > 0.25 ? max(0.1, 1 - 1.5 * (covered - 0.25)) : 1)
    alignment.add(
      look.embedding.values, camera: track.camera, weight: weight, indexInTrack: track.lookCount + 1)
    tracks[id]?.add(look, weight: weight)
    if keepsSegments { tracks[id]?.segments.add(look, weight: weight) }
    if covered <= 0.25 { cutWhereThePersonChanged(id) }
    guard let identity = tracks[id]?.identity else { return }
    profiles[identity] = nil
    if covered < 0.4 { offerPrototype(look, track: id, to: identity) }
  }

  mutating func offerPrototype(_ look: Look, track: TrackID, to identity: IdentityID) {
    let prototype = Prototype(
      embedding: look.embedding, camera: track.camera, time: look.time, quality: look.quality)
    gallery.attempt { (gallery) throws(GalleryError) in
      try gallery.addPrototype(prototype, track: track, to: identity)
    }
  }

  /// Closes a track: decides it if it is undecided and has looks, learns from it, ends its sighting.
  mutating func endTrack(_ id: TrackID) {
    guard let track = tracks[id], track.isLive else { return }
    if track.identity == nil, track.lookCount > 0 {
      decide(isFinal: true, camera: track.camera, only: id)
    }
    tracks[id]?.isLive = false
    cameras[id.camera]?.live.remove(id)
    cameras[id.camera]?.observed.removeAll { $0 == id }
    calibrate(with: id)
    // A glimpse is mostly a false detection: where it was says nothing about doors.
    if let track = tracks[id], track.lookCount > 0 {
      transitions.learnRegions(camera: id.camera, begin: track.firstBox, end: track.lastBox)
    }
    closeSighting(of: id)
  }

  mutating func calibrate(with id: TrackID) {
    guard settings.calibratesItself, let track = tracks[id] else { return }
    calibrator.addTrack(track.samples)
    for other in track.companions.sorted().prefix(8) {
      guard let companion = tracks[other], companion.isLive || other < id else { continue }
      calibrator.addCompanions(Array(track.samples.prefix(3)), Array(companion.samples.prefix(3)))
    }
  }

  /// The assignments of one frame; no identity occurs twice. Where a track that was only predicted has the
  /// identity of one that was seen, the latter counts.
  func assignments(for frameTracks: [Track]) -> [TrackID: IdentityAssignment] {
    var result: [TrackID: IdentityAssignment] = [:]
    var taken = Set<IdentityID>()
    let ordered = frameTracks.sorted {
      ($0.isObserved ? 0 : 1, $0.state == .tracked ? 0 : 1, $0.id) < (
        $1.isObserved ? 0 : 1, $1.state == .tracked ? 0 : 1, $1.id
      )
    }
    for track in ordered {
      let assignment = assignment(of: track.id)
      if let identity = assignment.identity, !taken.insert(identity).inserted {
        result[track.id] = .tentative
      } else {
        result[track.id] = assignment
      }
    }
    return result
  }
}
