import Foundation
import Gallery
import ThroughlineCore

extension Associator {
  private struct Row {
    var track: TrackEvidence
    var vector: [Float]
    var scores: [IdentityID: AssociationScore] = [:]
    /// Whether the identity that the row has rests on other tracks too.
    var ownHasOthers = false
  }

  /// Decides live tracks, camera by camera: those that are undecided and those with new evidence.
  ///
  /// - Parameters:
  ///   - isFinal: whether no more evidence will come, so that what there is has to suffice.
  ///   - camera: only this camera; all where `nil`.
  ///   - only: only this track.
  mutating func decide(isFinal: Bool, camera: CameraName? = nil, only: TrackID? = nil) {
    let chosen = camera.map { [$0] } ?? cameras.keys.sorted()
    for camera in chosen { decide(camera: camera, isFinal: isFinal, only: only) }
  }

  private mutating func decide(camera: CameraName, isFinal: Bool, only: TrackID?) {
    let model = similarityModel
    var rows: [Row] = []
    for id in (cameras[camera]?.live ?? []).sorted() where only == nil || id == only {
      guard let track = tracks[id], let mean = track.mean else { continue }
      let wanted = track.identity == nil ? isFinal || isReady(track) : track.evidenceChanged
      if wanted { rows.append(Row(track: track, vector: alignment.aligned(mean, camera: camera))) }
    }
    guard !rows.isEmpty else { return }
    let movable = Set(rows.map(\.track.id))
    var columns = Set<IdentityID>()
    let candidates = candidates(for: rows.map(\.track))
    for place in rows.indices {
      scoreRow(&rows[place], candidates: candidates[place], movable: movable, model: model)
      columns.formUnion(rows[place].scores.keys)
      if let own = rows[place].track.identity { columns.insert(own) }
    }
    let identities = columns.sorted()
    // Identities that several rows have cannot occur: their holders are companions. A row without any better
    // identity keeps its own, which is why its own column is always there.
    let assignment = LinearAssignment.solve(
      rows: rows.count, columns: identities.count, unmatchedCost: 0
    ) { row, column in
      let identity = identities[column]
      if rows[row].track.identity == identity {
        let own = rows[row].scores[identity].map { max($0.total, -8) } ?? 0
        return -(own + settings.hysteresis)
      }
      guard let score = rows[row].scores[identity] else { return .infinity }
      return -score.total
    }
    let taken = Set(assignment.compactMap { $0.map { identities[$0] } })
    for (place, column) in assignment.enumerated() {
      let identity = column.map { identities[$0] }
      tracks[rows[place].track.id]?.evidenceChanged = false
      apply(identity, to: rows[place], taken: taken, movable: movable, isFinal: isFinal)
    }
  }

  /// Whether a track has enough evidence to be decided.
  func isReady(_ track: TrackEvidence) -> Bool {
    guard track.lookCount > 0 else { return false }
    if track.lookCount >= 2, track.totalWeight >= settings.minimumEvidence { return true }
    return track.lastSeen.seconds(since: track.firstSeen) >= settings.patience
  }

  private mutating func scoreRow(
    _ row: inout Row, candidates: [IdentityID], movable: Set<TrackID>, model: SimilarityModel
  ) {
    for identity in candidates {
      row.scores[identity] = score(
        row.track, vector: row.vector, identity: identity, movable: movable, model: model)
    }
    if let own = row.track.identity { row.ownHasOthers = row.scores[own] != nil }
  }

  /// The identities that each track is compared with: all of a small gallery, the nearest of a large one.
  private func candidates(for chosen: [TrackEvidence]) -> [[IdentityID]] {
    // Who is decided is compared with fewer: most reviews change nothing.
    let limits = chosen.map {
      $0.identity == nil ? settings.maximumCandidates : max(4, settings.maximumCandidates / 4)
    }
    let all = gallery.count <= (limits.max() ?? 0) ? gallery.contents.identities.keys.sorted() : []
    var found = chosen.indices.map { gallery.count <= limits[$0] ? all : [] }
    var queries: [Embedding] = []
    var asked: [Int] = []
    for (place, track) in chosen.enumerated() where gallery.count > limits[place] {
      guard let query = track.mean.flatMap({ try? Embedding(normalizing: $0) }) else { continue }
      queries.append(query)
      asked.append(place)
    }
    guard !queries.isEmpty else { return found }
    for (place, nearest) in zip(asked, gallery.candidates(for: queries, limit: limits.max() ?? 0)) {
      found[place] = Array(nearest.prefix(limits[place]))
      if let own = chosen[place].identity, !found[place].contains(own) { found[place].append(own) }
    }
    return found
  }

  private mutating func apply(
    _ identity: IdentityID?, to row: Row, taken: Set<IdentityID>, movable: Set<TrackID>, isFinal: Bool
  ) {
    let posterior = posterior(of: identity, row: row, taken: taken)
    if let current = row.track.identity {
      review(row, current: current, proposed: identity, posterior: posterior)
      return
    }
    let age = row.track.lastSeen.seconds(since: row.track.firstSeen)
    let isLate = isFinal || age >= settings.patience
    if let identity, let score = row.scores[identity] {
      if posterior.best >= settings.assignmentProbability || (isLate && posterior.best >= 0.5) {
        assign(
          row.track.id, to: identity, confidence: posterior.best,
          explanation: explanation(row, identity: identity, score: score, probability: posterior.best))
        if posterior.best >= settings.sureProbability {
          learnTransitions(row, identity: identity, score: score)
        }
        return
      }
    }
    // Somebody new is somebody whom nobody known resembles. Where that stays unclear for long, a number is given only to
    // those of whom there are several looks; it is unsure then, and may be merged later.
    // A track that is over will not tell more, so that it must have told enough.
    let neededEvidence = isFinal ? settings.minimumEvidence : 0.5 * settings.minimumEvidence
    // First looks of somebody known from another side are the least alike: who is not quite unlike everybody waits.
    let neededProbability = isLate ? 0.8 : settings.creationProbability
    let isNew = posterior.newcomer >= neededProbability && row.track.totalWeight >= neededEvidence
    let isUnclearForLong = isFinal || age >= 3 * settings.patience
    let hasLooks = row.track.lookCount >= 3 && row.track.totalWeight >= settings.minimumEvidence
    if isNew || (isUnclearForLong && hasLooks) {
      create(
        for: row.track.id, confidence: identity == nil ? posterior.newcomer : 1 - posterior.best, row: row)
    }
  }

  /// Probabilities of the proposed identity and of nobody known. Identities that the assignment gave to other
  /// tracks do not compete, and neither do those that may well be the same person as the proposed one.
  private mutating func posterior(of identity: IdentityID?, row: Row, taken: Set<IdentityID>) -> (
    best: Double, newcomer: Double
  ) {
    var competitors = 0.0
    let best = identity.flatMap { row.scores[$0]?.total }
    for (other, score) in row.scores where other != identity && !taken.contains(other) {
      if let identity, let best, score.total > best - 5, mayBeSame(identity, other) { continue }
      competitors += exp(score.total)
    }
    let own = best.map { exp($0) } ?? 0
    let total = 1 + own + competitors
    return (own / total, 1 / total)
  }

  /// Whether two identities could be one person by what is known, and look like it.
  mutating func mayBeSame(_ one: IdentityID, _ other: IdentityID) -> Bool {
    guard canMerge(one, other), let score = pairScore(one, other, model: similarityModel) else {
      return false
    }
    return score > 0
  }

  /// A decided track under review: keeps its identity, takes another, or loses it.
  private mutating func review(
    _ row: Row, current: IdentityID, proposed: IdentityID?, posterior: (best: Double, newcomer: Double)
  ) {
    let id = row.track.id
    // What a person has said holds until it is disproved.
    if row.track.isPinned { return }
    guard let proposed else {
      if row.ownHasOthers, row.track.independentLooks >= 2, isSettled(row.track) {
        detach(
          id, explanation: "the looks of \(id) no longer resemble the other tracks of identity \(current)")
      }
      return
    }
    if proposed == current {
      if row.ownHasOthers { updateConfidence(id, posterior.best) }
      return
    }
    guard posterior.best >= settings.assignmentProbability, isSettled(row.track),
      let score = row.scores[proposed]
    else { return }
    let text = explanation(row, identity: proposed, score: score, probability: posterior.best)
    if row.ownHasOthers || hasOtherRecords(current, besides: id) {
      reassign(id, to: proposed, confidence: posterior.best, explanation: text)
    } else {
      merge(current, into: proposed, source: .association, confidence: posterior.best, explanation: text)
    }
    if posterior.best >= settings.sureProbability { learnTransitions(row, identity: proposed, score: score) }
  }

  /// A track that was decided a moment ago is left alone for a while.
  private func isSettled(_ track: TrackEvidence) -> Bool {
    guard let decided = track.decided, let now else { return true }
    return now.seconds(since: decided) >= settings.patience
  }

  private func hasOtherRecords(_ identity: IdentityID, besides id: TrackID) -> Bool {
    guard let record = gallery[identity] else { return false }
    return record.sightings.contains { $0.id != tracks[id]?.sighting }
      || record.prototypes.contains { $0.track != id }
  }

  private mutating func learnTransitions(_ row: Row, identity: IdentityID, score: AssociationScore) {
    // The whereabouts must not confirm themselves: only matches that the looks alone make likely count.
    guard score.appearance + score.prior > 1 else { return }
    let others = row.scores.filter { $0.key != identity }.sorted { $0.key < $1.key }.map(\.value.links)
    transitions.learn(camera: row.track.camera, same: score.links, others: others, gap: score.gap)
  }

  private func explanation(_ row: Row, identity: IdentityID, score: AssociationScore, probability: Double)
    -> String
  {
    func rounded(_ value: Double) -> String { String(format: "%.2f", value) }
    var parts = [
      "\(row.track.lookCount) looks in \(row.track.camera) resemble \(score.similarity.pieceCount) tracks of identity \(identity), most those in \(score.similarity.camera): similarity \(rounded(score.similarity.similarity))"
    ]
    let next = row.scores.filter { $0.key != identity }.max { $0.value.total < $1.value.total }
    if let next { parts.append("next is \(next.key) with \(rounded(next.value.similarity.similarity))") }
    if let cell = score.links.first?.cell, abs(score.whereabouts) > 0.5 {
      let where_ = cell.bin == 0 ? "seen in \(cell.camera) at the same time" : "seen in \(cell.camera) before"
      parts.append("\(where_), which is \(score.whereabouts > 0 ? "usual" : "unusual")")
    }
    if score.place > 0.5 { parts.append("reappeared near where it was lost") }
    parts.append("probability \(rounded(probability))")
    return parts.joined(separator: "; ")
  }

  private mutating func create(for id: TrackID, confidence: Double, row: Row) {
    guard let track = tracks[id] else { return }
    let next = row.scores.max { $0.value.total < $1.value.total }
    let text: String
    if let next {
      text = String(
        format: "nobody known fits: the nearest is %@ with similarity %.2f", next.key.description,
        next.value.similarity.similarity)
    } else {
      text = "nobody known could be in \(track.camera) now"
    }
    let protected = Set(members.filter { $0.value.contains { tracks[$0]?.isLive == true } }.keys)
    let identity = gallery.createIdentity(at: track.firstSeen, protected: protected)
    events.append(.identityCreated(identity, track: track.reported, at: track.lastSeen, explanation: text))
    take(identity, track: id, confidence: confidence, explanation: text)
    dropForgotten()
  }

  mutating func assign(
    _ id: TrackID, to identity: IdentityID, confidence: Double, explanation: String
  ) {
    guard let track = tracks[id] else { return }
    events.append(
      .identityAssigned(
        identity, track: track.reported, at: track.lastSeen, confidence: confidence, explanation: explanation)
    )
    take(identity, track: id, confidence: confidence, explanation: explanation)
  }

  private mutating func take(
    _ identity: IdentityID, track id: TrackID, confidence: Double, explanation: String
  ) {
    tracks[id]?.identity = identity
    tracks[id]?.decided = now
    updateConfidence(id, confidence)
    members[identity, default: []].insert(id)
    profiles[identity] = nil
    openSighting(of: id, identity: identity, explanation: explanation)
    for look in tracks[id]?.samples ?? [] {
      offerPrototype(look, track: tracks[id]?.reported ?? id, to: identity)
    }
  }

  mutating func updateConfidence(_ id: TrackID, _ confidence: Double) {
    tracks[id]?.confidence = confidence
    tracks[id]?.isSure = confidence >= settings.sureProbability
  }
}
