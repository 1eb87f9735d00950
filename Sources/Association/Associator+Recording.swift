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
    close(at: moment)
    alignment.refresh()
    let chosen = tracks.values.filter { $0.lookCount > 0 }.sorted {
      ($0.firstSeen, $0.id) < ($1.firstSeen, $1.id)
    }.prefix(Self.maximumRecordingTracks)
    let review = review(
      of: Array(chosen), limit: Self.maximumRecordingTracks, knowledge: "the whole recording")
    if let review { settle(review.solve()) }
    return finishUpdate(for: [])
  }

  /// Where a review wants a track to be.
  private enum Goal: Hashable {
    case known(IdentityID)
    /// With the others of a cluster that is nobody known.
    case somebodyNew(Int)
  }

  /// Makes the gallery say what a clustering says. Each cluster takes the identity that most of its evidence has
  /// already; what is left is merged, reassigned or split off, as events.
  ///
  /// - Parameter numbers: what the solution calls the clusters.
  mutating func adopt(_ clusters: [[TrackID]], numbers: [Int], solution: AssociationReview.Solution) {
    let knowledge = solution.knowledge
    let chosen = identities(of: clusters)
    var holder: [IdentityID: Int] = [:]
    for (place, identity) in chosen.enumerated() { if let identity { holder[identity] = numbers[place] } }
    var goals: [TrackID: Goal] = [:]
    for (place, identity) in chosen.enumerated() {
      for id in clusters[place] {
        let current = tracks[id]?.identity
        if let identity {
          goals[id] = .known(identity)
        } else if let current, let cluster = holder[current],
          let likeness = solution.likenesses[RecordingSolver.ClusterPair(cluster, numbers[place])],
          likeness > -Float(settings.hysteresis)
        {
          // Not alike enough to be put together, but not so unlike either that they have to be taken apart.
          goals[id] = .known(current)
        } else {
          goals[id] = .somebodyNew(place)
        }
      }
    }
    restrain(&goals, clusters: clusters)
    for (place, cluster) in clusters.enumerated() {
      let newcomers = cluster.filter { goals[$0] == .somebodyNew(place) }
      if !newcomers.isEmpty { giveIdentity(to: newcomers, knowledge: knowledge) }
    }
    var targets: [TrackID: IdentityID] = [:]
    for case (let id, .known(let identity)) in goals { targets[id] = identity }
    moveApart(targets, clusters: clusters, knowledge: knowledge)
    moveTogether(targets, knowledge: knowledge)
  }

  /// Lets those tracks stay where they are that a person has put there, that resemble what their identity has from
  /// before the review, or that would get into the same identity as somebody whom they were seen with: the review may
  /// not have known all tracks.
  private mutating func restrain(_ goals: inout [TrackID: Goal], clusters: [[TrackID]]) {
    let reviewed = Set(goals.keys)
    let all = Set(tracks.keys)
    func own(_ id: TrackID) -> Goal? { tracks[id]?.identity.map { .known($0) } }
    for cluster in clusters {
      for id in cluster {
        guard let track = tracks[id], let goal = goals[id], goal != own(id) else { continue }
        let stays: Bool
        switch goal {
        case .known(let identity):
          stays =
            track.isPinned || isExcluded(track, from: identity, movable: all)
            || resemblesOlderEvidence(track, reviewed: reviewed)
        case .somebodyNew:
          stays = track.isPinned || resemblesOlderEvidence(track, reviewed: reviewed)
        }
        if stays { goals[id] = own(id) }
      }
    }
    while true {
      var holders: [Goal: Set<TrackID>] = [:]
      for id in tracks.keys {
        if let goal = reviewed.contains(id) ? goals[id] : own(id) { holders[goal, default: []].insert(id) }
      }
      let hindered = goals.filter { id, goal in
        guard goal != own(id), let track = tracks[id] else { return false }
        return holders[goal]?.contains { $0 != id && excludes(track, $0) } ?? false
      }
      guard !hindered.isEmpty else { return }
      for id in hindered.keys { goals[id] = own(id) }
    }
  }

  private func excludes(_ track: TrackEvidence, _ other: TrackID) -> Bool {
    if track.companions.contains(other) { return true }
    guard hasDisjointCameras, let other = tracks[other] else { return false }
    return areDisjoint(track, other)
  }

  /// Whether a track looks like what is known of its identity besides the tracks of a review.
  private mutating func resemblesOlderEvidence(_ track: TrackEvidence, reviewed: Set<TrackID>) -> Bool {
    guard let identity = track.identity, let mean = track.mean else { return false }
    let older = profile(of: identity).pieces.filter { piece in
      piece.track.map { !reviewed.contains($0) } ?? true
    }
    let found = IdentityProfile(pieces: older).similarity(
      to: alignment.aligned(mean, camera: track.camera), cameraNumber: number(of: track.camera),
      excluding: track.id, cohort: cohort)
    guard let found else { return false }
    return similarityModel.logRatio(found.similarity, looks: (track.independentLooks, found.looks)) > 0
  }

  /// One identity per cluster, one cluster per identity, such that as much evidence as possible keeps its own.
  private func identities(of clusters: [[TrackID]]) -> [IdentityID?] {
    var votes: [[IdentityID: Double]] = []
    for cluster in clusters {
      var vote: [IdentityID: Double] = [:]
      for id in cluster {
        guard let track = tracks[id], let identity = track.identity else { continue }
        vote[identity, default: 0] += 0.1 + track.totalWeight + (track.isPinned ? 1e6 : 0)
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

  private func explanation(of cluster: [TrackID], knowledge: String) -> String {
    let cameras = Set(cluster.map(\.camera)).sorted().map(\.rawValue).joined(separator: ", ")
    return
      "with \(knowledge) known, \(cluster.count) tracks in \(cameras) fit together and nobody else fits them better"
  }

  /// A cluster that is nobody known becomes an identity of its own, split off from where its tracks were.
  private mutating func giveIdentity(to cluster: [TrackID], knowledge: String) {
    guard let first = cluster.max(by: { (tracks[$0]?.totalWeight ?? 0) < (tracks[$1]?.totalWeight ?? 0) })
    else { return }
    let text = explanation(of: cluster, knowledge: knowledge)
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
  private mutating func moveApart(
    _ targets: [TrackID: IdentityID], clusters: [[TrackID]], knowledge: String
  ) {
    for cluster in clusters {
      let text = explanation(of: cluster, knowledge: knowledge)
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
  private mutating func moveTogether(_ targets: [TrackID: IdentityID], knowledge: String) {
    for (id, target) in targets.sorted(by: { $0.key < $1.key }) {
      guard let current = tracks[id]?.identity, let goal = gallery.resolve(target), current != goal else {
        continue
      }
      let text = "with \(knowledge) known, all tracks of \(current) fit \(goal)"
      merge(
        current, into: goal, source: .consolidation, confidence: settings.sureProbability, explanation: text)
      move(id, to: goal, explanation: text)
    }
  }
}
