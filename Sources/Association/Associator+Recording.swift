import Foundation
import Gallery
import ThroughlineCore

extension Associator {
  /// How many tracks are decided together; the memory needed grows with its square, 4000 take about 200 MB.
  public static let maximumRecordingTracks = 4000

  /// Ends a recording that was read as a whole: like ``finish(at:)``, and then all tracks are decided once more with
  /// everything known at once, and cut where it turns out that the tracker changed over to another person. Tracks are
  /// remembered as long as the settings say, so that ``AssociationSettings/consolidationWindow`` should be infinite.
  ///
  /// - Returns: the last events, among them what the second look corrected.
  public mutating func finishRecording(at moment: Timestamp) -> AssociationUpdate {
    var update = finish(at: moment)
    adopt(cutApart(solveRecording(maximumTracks: Self.maximumRecordingTracks)))
    let last = finishUpdate(for: [])
    update.events += last.events
    update.changes += last.changes
    return update
  }

  /// Whether a recording is read, so that tracks remember where they may be several persons.
  var keepsSegments: Bool { settings.consolidationWindow == .infinity }

  /// Clusters the parts of all tracks with looks, in order of first appearance.
  ///
  /// - Returns: the parts, and for each the place of the first one of its cluster.
  private mutating func solveRecording(maximumTracks: Int) -> (
    parts: [TrackEvidence], whole: [TrackID], owners: [Int]
  ) {
    alignment.refresh()
    let whole = tracks.values.filter { $0.lookCount > 0 }.sorted {
      ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id)
    }
    var parts: [(part: TrackEvidence, whole: TrackID)] = []
    for track in whole.prefix(maximumTracks) {
      let divided = track.parts {
        cutCount += 1
        return TrackID(camera: track.camera, number: UInt64.max - cutCount)
      }
      parts += divided.map { ($0, track.id) }
    }
    if parts.count > maximumTracks { parts = whole.prefix(maximumTracks).map { ($0, $0.id) } }
    parts.sort { ($0.part.firstSeen, $0.part.id) < ($1.part.firstSeen, $1.part.id) }
    noteCompanions(of: &parts)
    let evidence = parts.map(\.part)
    var solver = RecordingSolver(
      tracks: evidence, vectors: evidence.map { alignment.aligned($0.mean ?? [], camera: $0.camera) },
      model: similarityModel, settings: settings, extents: cameras.mapValues(\.extent),
      vetoes: gallery.contents.vetoes)
    return (evidence, parts.map(\.whole), solver.solve())
  }

  /// Parts of tracks that were seen together are companions while both were there.
  private func noteCompanions(of parts: inout [(part: TrackEvidence, whole: TrackID)]) {
    let places = Dictionary(grouping: parts.indices, by: { parts[$0].whole })
    for place in parts.indices {
      let part = parts[place].part
      var companions = Set<TrackID>()
      for other in part.companions {
        for candidate in places[other] ?? [] {
          let theirs = parts[candidate].part
          if theirs.firstSeen <= part.lastSeen, theirs.lastSeen >= part.firstSeen {
            companions.insert(theirs.id)
          }
        }
      }
      parts[place].part.companions = companions
    }
  }

  /// Cuts the tracks whose parts went to several clusters.
  ///
  /// - Returns: the tracks as they are now, and for each the place of its cluster.
  private mutating func cutApart(
    _ solution: (parts: [TrackEvidence], whole: [TrackID], owners: [Int])
  ) -> (tracks: [TrackID], owners: [Int]) {
    var result: (tracks: [TrackID], owners: [Int]) = ([], [])
    let places = Dictionary(grouping: solution.parts.indices, by: { solution.whole[$0] })
    var pieces: [TrackID: [TrackID]] = [:]
    var companions: [TrackID: Set<TrackID>] = [:]
    for (id, places) in places.sorted(by: { $0.value[0] < $1.value[0] }) {
      var groups: [(parts: [TrackEvidence], owner: Int)] = []
      for place in places {
        if groups.last?.owner == solution.owners[place] {
          groups[groups.count - 1].parts.append(solution.parts[place])
        } else {
          groups.append(([solution.parts[place]], solution.owners[place]))
        }
      }
      let ids = groups.compactMap(\.parts.last?.id)
      if groups.count > 1 {
        pieces[id] = ids
        companions[id] = tracks[id]?.companions
        cut(id, into: groups.compactMap { TrackEvidence.joined($0.parts) })
      }
      result.tracks += ids
      result.owners += groups.map(\.owner)
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

  /// Makes the gallery say what a clustering says. Each cluster takes the identity that most of its evidence has
  /// already; what is left is merged, reassigned or split off, as events.
  mutating func adopt(_ solution: (tracks: [TrackID], owners: [Int])) {
    let clusters = Dictionary(grouping: solution.tracks.indices, by: { solution.owners[$0] })
      .sorted { $0.key < $1.key }.map { $0.value.map { solution.tracks[$0] } }
    let chosen = identities(of: clusters)
    var targets: [TrackID: IdentityID] = [:]
    var homeless: [[TrackID]] = []
    for (cluster, identity) in zip(clusters, chosen) {
      guard let identity else {
        homeless.append(cluster)
        continue
      }
      for id in cluster { targets[id] = identity }
    }
    for cluster in homeless { giveIdentity(to: cluster) }
    moveApart(targets, clusters: clusters)
    moveTogether(targets)
  }

  /// One identity per cluster, one cluster per identity, such that as much evidence as possible keeps its own.
  private func identities(of clusters: [[TrackID]]) -> [IdentityID?] {
    var votes: [[IdentityID: Double]] = []
    for cluster in clusters {
      var vote: [IdentityID: Double] = [:]
      for id in cluster {
        guard let track = tracks[id], let identity = track.identity else { continue }
        vote[identity, default: 0] += 0.1 + track.totalWeight
      }
      votes.append(vote)
    }
    let known = Set(votes.flatMap(\.keys)).sorted()
    let highest = (votes.flatMap(\.values).max() ?? 0) + 1
    let assignment = LinearAssignment.solve(
      rows: clusters.count, columns: known.count, unmatchedCost: highest
    ) { row, column in votes[row][known[column]].map { highest - $0 } ?? .infinity }
    return assignment.map { $0.map { known[$0] } }
  }

  private func explanation(of cluster: [TrackID]) -> String {
    let cameras = Set(cluster.map(\.camera)).sorted().map(\.rawValue).joined(separator: ", ")
    return
      "with the whole recording known, \(cluster.count) tracks in \(cameras) fit together and nobody else fits them better"
  }

  /// A cluster that is nobody known becomes an identity of its own, split off from where its tracks were.
  private mutating func giveIdentity(to cluster: [TrackID]) {
    guard let first = cluster.max(by: { (tracks[$0]?.totalWeight ?? 0) < (tracks[$1]?.totalWeight ?? 0) })
    else { return }
    let text = explanation(of: cluster)
    if tracks[first]?.identity != nil { detach(first, explanation: text) }
    if tracks[first]?.identity == nil {
      let evidence = cluster.reduce(0) { $0 + (tracks[$1]?.totalWeight ?? 0) }
      // A glimpse is nobody yet, however often a recording that is played in a loop shows it.
      let isGlimpse = !cluster.contains { (tracks[$0]?.lookCount ?? 0) >= 2 }
      guard !isGlimpse, evidence >= 0.5 * settings.minimumEvidence, let track = tracks[first] else { return }
      let identity = gallery.createIdentity(at: track.firstSeen, protected: Set(members.keys))
      events.append(.identityCreated(identity, track: track.reported, at: track.lastSeen, explanation: text))
      give(identity, to: first, explanation: text)
    }
    guard let identity = tracks[first]?.identity else { return }
    for id in cluster where id != first { move(id, to: identity, explanation: text) }
  }

  private mutating func move(_ id: TrackID, to identity: IdentityID, explanation: String) {
    guard let target = gallery.resolve(identity), tracks[id]?.identity != target else { return }
    if tracks[id]?.identity == nil {
      give(target, to: id, explanation: explanation)
    } else {
      reassign(id, to: target, confidence: settings.sureProbability, explanation: explanation)
    }
  }

  /// An undecided track, over or not, gets an identity and its sighting.
  private mutating func give(_ identity: IdentityID, to id: TrackID, explanation: String) {
    assign(id, to: identity, confidence: settings.sureProbability, explanation: explanation)
    if tracks[id]?.isLive == false { closeSighting(of: id) }
  }

  /// Tracks whose identity is divided among several clusters, and undecided ones, go one by one.
  private mutating func moveApart(_ targets: [TrackID: IdentityID], clusters: [[TrackID]]) {
    for cluster in clusters {
      let text = explanation(of: cluster)
      for id in cluster {
        guard let target = targets[id], let track = tracks[id] else { continue }
        guard let current = track.identity, current != target else {
          if track.identity == nil { move(id, to: target, explanation: text) }
          continue
        }
        let goals = Set((members[current] ?? []).map { targets[$0] })
        if goals.count > 1 { move(id, to: target, explanation: text) }
      }
    }
  }

  /// Identities of which everything goes to another one are merged with it.
  private mutating func moveTogether(_ targets: [TrackID: IdentityID]) {
    for (id, target) in targets.sorted(by: { $0.key < $1.key }) {
      guard let current = tracks[id]?.identity, let goal = gallery.resolve(target), current != goal else {
        continue
      }
      let text = "with the whole recording known, all tracks of \(current) fit \(goal)"
      merge(
        current, into: goal, source: .consolidation, confidence: settings.sureProbability, explanation: text)
      move(id, to: goal, explanation: text)
    }
  }
}
