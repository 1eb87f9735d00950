import Foundation
import Gallery
import ThroughlineCore

extension Associator {
  /// How much better than chance (natural logarithm of the odds) two identities must fit to become one.
  static let mergeMargin = 1.5
  static let maximumMergesPerRun = 64
  /// How often, in seconds, a recent identity is compared with those of the whole gallery; with how many of them; and
  /// how many are compared at a time.
  static let wideInterval = 30.0
  static let wideCandidates = 8
  static let wideComparisonsPerRun = 32

  /// Clusters the recent tracks anew, starting from the identities as they are: the best fitting pairs that
  /// nothing forbids become one, best first (agglomerative, average linkage, with cannot-link constraints).
  mutating func consolidate() {
    guard let now else { return }
    forgetOldTracks(now: now)
    alignment.refresh()
    profiles.removeAll()
    learnCohort()
    let remote = nearestOfLongAgo(now: now)
    var merges = 0
    while merges < Self.maximumMergesPerRun, mergeBestPairs(remote) > 0 { merges += 1 }
  }

  /// Recent identities whose turn it is, each with those of the whole gallery that it resembles most: somebody who
  /// was here an hour ago is in no track any more, but may have come back under a new number.
  private mutating func nearestOfLongAgo(now: Timestamp) -> [(recent: IdentityID, other: IdentityID)] {
    guard gallery.count > members.count else { return [] }
    comparedWithAll = comparedWithAll.filter { members[$0.key] != nil }
    let due = members.keys.filter {
      comparedWithAll[$0].map { now.seconds(since: $0) >= Self.wideInterval } ?? true
    }.sorted {
      let left = comparedWithAll[$0] ?? Timestamp(nanoseconds: .min)
      let right = comparedWithAll[$1] ?? Timestamp(nanoseconds: .min)
      return left == right ? $0 < $1 : left < right
    }
    var compared: [IdentityID] = []
    var queries: [Embedding] = []
    for identity in due.prefix(Self.wideComparisonsPerRun) {
      comparedWithAll[identity] = now
      guard let query = try? Embedding(normalizing: profile(of: identity).mean) else { continue }
      compared.append(identity)
      queries.append(query)
    }
    return zip(compared, gallery.candidates(for: queries, limit: Self.wideCandidates)).flatMap {
      identity, found in
      found.filter { $0 != identity && members[$0] == nil }.map { (identity, $0) }
    }
  }

  private mutating func forgetOldTracks(now: Timestamp) {
    let ended = tracks.values.filter { !$0.isLive }.sorted { $0.lastSeen < $1.lastSeen }
    var surplus = ended.count - settings.maximumEndedTracks
    for track in ended {
      guard surplus > 0 || now.seconds(since: track.lastSeen) > settings.consolidationWindow else { break }
      surplus -= 1
      for companion in track.companions { tracks[companion]?.companions.remove(track.id) }
      if let identity = track.identity {
        members[identity]?.remove(track.id)
        if members[identity]?.isEmpty == true { members[identity] = nil }
        profiles[identity] = nil
      }
      tracks[track.id] = nil
    }
    guard !isRecording else { return }
    // Those that no review will take in any more need not remember where they may be several persons.
    for track in ended.dropLast(settings.reviewedTracks) where !track.segments.isEmpty {
      tracks[track.id]?.segments = TrackSegments()
    }
  }

  /// Tracks of different people, as far as that is certain, tell how similar different people look between two
  /// cameras.
  private mutating func learnCohort() {
    let recent = tracks.values.filter { $0.isLive && $0.lookCount > 1 && $0.identity != nil }
      .sorted { $0.id < $1.id }.prefix(64)
    let vectors = recent.compactMap { track in
      track.mean.map { (track: track, vector: alignment.aligned($0, camera: track.camera)) }
    }
    for left in vectors.indices {
      for right in vectors.indices where right > left {
        let one = vectors[left].track
        let other = vectors[right].track
        guard one.identity != other.identity else { continue }
        let certain =
          one.camera == other.camera ? one.companions.contains(other.id) : one.isSure && other.isSure
        guard certain else { continue }
        cohort.add(
          Double(VectorMath.dot(vectors[left].vector, vectors[right].vector)),
          cameras: number(of: one.camera), number(of: other.camera))
      }
    }
  }

  /// The logarithm of the odds that two identities are one person, by their looks; `nil` without evidence.
  mutating func pairScore(_ one: IdentityID, _ other: IdentityID, model: SimilarityModel) -> Double? {
    let left = profile(of: one)
    let right = profile(of: other)
    guard !left.pieces.isEmpty, !right.pieces.isEmpty else { return nil }
    var sum = 0.0
    var weight = 0.0
    var leftLooks = 0.0
    for piece in left.pieces {
      guard
        let found = right.similarity(
          to: piece.vector, cameraNumber: piece.cameraNumber, excluding: nil, cohort: cohort)
      else { continue }
      let share = min(3, piece.independentLooks) + 0.2
      sum += found.similarity * share
      weight += share
      leftLooks += piece.independentLooks
    }
    guard weight > 0 else { return nil }
    let rightLooks = right.pieces.reduce(0) { $0 + $1.independentLooks }
    let prior = log((1 - Self.newcomerProbability) / Self.newcomerProbability / Double(max(1, gallery.count)))
    return model.logRatio(sum / weight, looks: (leftLooks, rightLooks)) + prior
  }

  /// Merges pairs that are each other's best, and no other identity that is certainly somebody else fits about
  /// as well.
  ///
  /// - Returns: how many were merged.
  private mutating func mergeBestPairs(_ remote: [(recent: IdentityID, other: IdentityID)]) -> Int {
    let model = similarityModel
    let recent = members.keys.sorted()
    var scores: [IdentityPair: Double] = [:]
    var partners: [IdentityID: [(other: IdentityID, score: Double)]] = [:]
    let roughThreshold = Float(model.threshold - 0.15)
    func compare(_ one: IdentityID, _ other: IdentityID) {
      guard let pair = IdentityPair(one, other), scores[pair] == nil,
        let score = pairScore(pair.lower, pair.higher, model: model), score > 0
      else { return }
      scores[pair] = score
      partners[pair.lower, default: []].append((pair.higher, score))
      partners[pair.higher, default: []].append((pair.lower, score))
    }
    var means: [(id: IdentityID, mean: [Float])] = []
    for id in recent { means.append((id, profile(of: id).mean)) }
    for left in means.indices {
      for right in means.indices where right > left {
        guard VectorMath.dot(means[left].mean, means[right].mean) > roughThreshold else { continue }
        compare(means[left].id, means[right].id)
      }
    }
    for (identity, other) in remote {
      // One of them may have been merged a moment ago.
      guard gallery.resolve(identity) == identity, gallery.resolve(other) == other else { continue }
      compare(identity, other)
    }
    var touched = Set<IdentityID>()
    var merged = 0
    for (pair, score) in scores.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
      guard score > Self.mergeMargin, !touched.contains(pair.lower), !touched.contains(pair.higher),
        canMerge(pair.lower, pair.higher)
      else { continue }
      let rivals =
        rivalOdds(of: pair.lower, partner: pair.higher, among: partners[pair.lower] ?? [])
        + rivalOdds(of: pair.higher, partner: pair.lower, among: partners[pair.higher] ?? [])
      let probability = exp(score) / (1 + exp(score) + rivals)
      touched.insert(pair.lower)
      touched.insert(pair.higher)
      guard probability >= 0.75 else { continue }
      merge(
        pair.higher, into: pair.lower, source: .consolidation, confidence: probability,
        explanation: String(
          format:
            "the looks of identities %@ and %@ are alike (odds %.0f to 1), and they were never seen together",
          pair.lower.description, pair.higher.description, exp(min(score, 15))))
      merged += 1
    }
    return merged
  }

  /// The summed odds of those who fit an identity too and cannot be the same person as its partner.
  private func rivalOdds(
    of identity: IdentityID, partner: IdentityID, among partners: [(other: IdentityID, score: Double)]
  ) -> Double {
    partners.filter { $0.other != partner && canMerge(identity, $0.other) && !canMerge(partner, $0.other) }
      .reduce(0) { $0 + exp($1.score) }
  }
}
