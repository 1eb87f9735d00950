import Gallery
import ThroughlineCore

extension Associator {
  /// How much it counts in a review, as a logarithm of odds, that two tracks have the same identity already, or two: what
  /// the live decisions knew of places, times and the rest of the gallery, the review does not know.
  static let reviewInertia: Float = 1
  /// For so many pairs of cameras a review of the last minutes looks for a common floor.
  static let pairsPerReview = 6

  /// Whether tracks remember where they may be several persons: while anything is going to review them.
  var keepsSegments: Bool { isRecording || settings.reviewedTracks > 0 }

  /// Whether a recording is read as a whole: no track is forgotten, and everything is reviewed once more at its end.
  var isRecording: Bool { settings.consolidationWindow == .infinity }

  /// The review that is due, where ``AssociationSettings/reviewsAside`` leaves it to the caller: to be solved on another
  /// thread and brought back with ``adopt(_:)``. Each is handed out once.
  public mutating func takeReview() -> AssociationReview? {
    defer { dueReview = nil }
    return dueReview
  }

  /// Takes over what a review found out. Tracks that ended, were cut or were corrected by a person in the meantime stay as
  /// they are, and nothing is taken over that what was seen since excludes.
  public mutating func adopt(_ solution: AssociationReview.Solution) -> AssociationUpdate {
    settle(solution)
    return finishUpdate(for: [])
  }

  /// Reviews the tracks of the last minutes, or has them reviewed.
  mutating func reviewRecentTracks(isLast: Bool = false) {
    guard settings.reviewedTracks > 0 else { return }
    let recent = tracks.values.filter { track in
      track.lookCount > 0 && (track.identity != nil || isReady(track))
    }.sorted { ($1.lastSeen, $0.id) < ($0.lastSeen, $1.id) }.prefix(settings.reviewedTracks)
    let knowledge =
      isRecording
      ? "what came before" : "the last \(Int((settings.consolidationWindow / 60).rounded(.up))) minutes"
    let pairs = pairsToLearn(recent)
    guard
      let review = review(
        of: Array(recent), limit: 2 * settings.reviewedTracks, knowledge: knowledge, learning: pairs)
    else { return }
    if settings.reviewsAside, !isLast { dueReview = review } else { settle(review.solve()) }
  }

  /// Divides tracks into the parts that may be different persons.
  ///
  /// - Parameters:
  ///   - limit: with more parts than this, tracks are taken as they are.
  ///   - knowledge: what is known then, for people.
  ///   - pairs: for which pairs of cameras a common floor is looked for; for all where `nil`.
  /// - Returns: `nil` where there are none.
  mutating func review(
    of chosen: [TrackEvidence], limit: Int, knowledge: String, learning pairs: Set<CameraPair>? = nil
  ) -> AssociationReview? {
    guard !chosen.isEmpty else { return nil }
    alignBorders(of: chosen.map(\.id))
    let chosen = chosen.compactMap { tracks[$0.id] }
    var names = cutCount
    var parts: [AssociationReview.Part] = []
    for track in chosen {
      let divided = track.parts {
        names += 1
        return TrackID(camera: track.camera, number: UInt64.max - names)
      }
      parts += divided.map { AssociationReview.Part(evidence: $0, whole: track.id) }
    }
    if parts.count > limit { parts = chosen.map { AssociationReview.Part(evidence: $0, whole: $0.id) } }
    parts.sort { ($0.evidence.firstSeen, $0.evidence.id) < ($1.evidence.firstSeen, $1.evidence.id) }
    noteCompanions(of: &parts)
    let evidence = parts.map(\.evidence)
    let solver = RecordingSolver(
      tracks: evidence, vectors: evidence.map { alignment.aligned($0.mean ?? [], camera: $0.camera) },
      model: similarityModel, settings: settings, extents: cameras.mapValues(\.extent),
      vetoes: gallery.contents.vetoes, geometries: geometries, learnedPairs: pairs,
      inertia: Self.reviewInertia)
    return AssociationReview(parts: parts, solver: solver, knowledge: knowledge)
  }

  /// The pairs of cameras whose common floor a review of the last minutes looks for: those first that were not looked at
  /// for longest, and none whose people were never there at the same time.
  private mutating func pairsToLearn(_ parts: some Collection<TrackEvidence>) -> Set<CameraPair> {
    var common: Set<CameraPair> = []
    for (place, one) in parts.enumerated() {
      for other in parts.dropFirst(place + 1)
      where one.camera != other.camera && one.lastSeen >= other.firstSeen {
        common.insert(CameraPair(one.camera, other.camera))
      }
    }
    reviewCount += 1
    let chosen = common.sorted {
      (geometryReviews[$0] ?? 0, $0) < (geometryReviews[$1] ?? 0, $1)
    }.prefix(Self.pairsPerReview)
    for pair in chosen { geometryReviews[pair] = reviewCount }
    return Set(chosen)
  }

  /// Parts of tracks that were seen together are companions while both were there.
  private func noteCompanions(of parts: inout [AssociationReview.Part]) {
    let places = Dictionary(grouping: parts.indices, by: { parts[$0].whole })
    for place in parts.indices {
      let part = parts[place].evidence
      var companions = Set<TrackID>()
      for other in part.companions {
        for candidate in places[other] ?? [] {
          let theirs = parts[candidate].evidence
          if theirs.firstSeen <= part.lastSeen, theirs.lastSeen >= part.firstSeen {
            companions.insert(theirs.id)
          }
        }
      }
      parts[place].evidence.companions = companions
    }
  }

  /// Makes tracks and gallery say what a review found out.
  mutating func settle(_ solution: AssociationReview.Solution) {
    for (pair, geometry) in solution.geometries { geometries[pair] = geometry }
    let (ids, clusters) = cutApart(solution)
    let groups = Dictionary(grouping: ids.indices, by: { clusters[$0] }).sorted { $0.key < $1.key }
    adopt(groups.map { $0.value.map { ids[$0] } }, numbers: groups.map(\.key), solution: solution)
  }

  /// Cuts the tracks whose parts went to several clusters.
  ///
  /// - Returns: the reviewed tracks as they are now, and for each its cluster.
  private mutating func cutApart(_ solution: AssociationReview.Solution) -> (ids: [TrackID], clusters: [Int])
  {
    var result: (ids: [TrackID], clusters: [Int]) = ([], [])
    var pieces: [TrackID: [TrackID]] = [:]
    var companions: [TrackID: Set<TrackID>] = [:]
    let reviewed = solution.segments.keys.compactMap { tracks[$0] }.sorted {
      ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id)
    }
    for track in reviewed {
      let isDivided = (solution.segments[track.id]?.count ?? 0) > 1
      let parts =
        isDivided
        ? track.parts {
          cutCount += 1
          return TrackID(camera: track.camera, number: UInt64.max - cutCount)
        } : [track]
      var groups: [(parts: [TrackEvidence], cluster: Int)] = []
      for part in parts {
        guard let cluster = solution.cluster(of: track.id, at: part.firstSeen) else { continue }
        if groups.last?.cluster == cluster {
          groups[groups.count - 1].parts.append(part)
        } else {
          groups.append(([part], cluster))
        }
      }
      let ids = groups.compactMap(\.parts.last?.id)
      if groups.count > 1 {
        pieces[track.id] = ids
        companions[track.id] = track.companions
        var whole = groups.compactMap { TrackEvidence.joined($0.parts) }
        if track.isLive, let last = whole.indices.last {
          whole[last].segments = track.segments.later(than: whole[last].firstSeen)
        }
        cut(track.id, into: whole)
      }
      result.ids += ids
      result.clusters += groups.map(\.cluster)
    }
    renewCompanions(companions, pieces: pieces)
    return result
  }

  /// Who was seen together with a track that was cut was seen together with those of its pieces that were there then.
  private mutating func renewCompanions(_ companions: [TrackID: Set<TrackID>], pieces: [TrackID: [TrackID]]) {
    for (id, others) in companions {
      for piece in pieces[id] ?? [] { tracks[piece]?.companions = [] }
      for other in others { tracks[other]?.companions.remove(id) }
    }
    for (id, others) in companions {
      for other in others {
        for mine in pieces[id] ?? [] {
          for theirs in pieces[other] ?? [other] {
            guard let one = tracks[mine], let two = tracks[theirs], one.firstSeen <= two.lastSeen,
              two.firstSeen <= one.lastSeen
            else { continue }
            tracks[mine]?.companions.insert(theirs)
            tracks[theirs]?.companions.insert(mine)
          }
        }
      }
    }
  }
}
