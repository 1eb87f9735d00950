import Foundation
import Gallery
import ThroughlineCore

/// Who is who among the tracks of a whole recording, all of them known at once.
///
/// Every pair of tracks has evidence, the logarithm of the odds that they are one person: from their looks (camera
/// biases removed, blended with the likeness of their k-reciprocal neighbourhoods), from the places where they ended
/// and began, and, for cameras that turn out to see the same floor, from the ways they went at the same time. The
/// pairs are clustered under the hard exclusions; what the clusters say about the cameras' colours and views sharpens
/// the evidence, and it is clustered again.
struct RecordingSolver: Sendable {
  /// Two clusters without an order.
  struct ClusterPair: Hashable, Sendable {
    var lower: Int
    var higher: Int

    init(_ one: Int, _ other: Int) {
      lower = min(one, other)
      higher = max(one, other)
    }
  }

  /// How much the neighbourhoods count beside the looks, 0...1.
  static let neighbourhoodShare: Float = 0.3
  /// How many neighbours make a neighbourhood.
  static let neighbours = 12
  /// So many people seen in a camera and elsewhere weigh as much as the assumption that the camera has no bias.
  static let alignmentShrinkage: Float = 4
  /// How much of the looks' evidence counts when pairs of tracks vote for the floor that two cameras share.
  static let voteSharpness: Float = 0.7
  /// The evidence of two tracks of which a person has said that they are one person.
  static let certainty: Float = 100
  /// How much it counts, as a logarithm of odds, that the tracker took two parts for one track: where persons crossed it
  /// is right seven times in eight.
  static let continuity = 2.0
  /// Parts of a track with a longer time between them, in seconds, do not follow each other.
  static let longestInterruption = 1.0
  /// How often clusters and evidence are refined in turn.
  static let rounds = 3

  let tracks: [TrackEvidence]
  let model: SimilarityModel
  let settings: AssociationSettings
  /// The largest extent of each camera's boxes, in pixels.
  let extents: [CameraName: (width: Double, height: Double)]
  /// Identities that a person has declared to be two.
  let vetoes: Set<IdentityPair>
  private var vectors: [[Float]]
  /// What was learned about pairs of cameras that see the same floor.
  private(set) var geometries: [CameraPair: ViewGeometry]
  /// The average evidence between the clusters that were found, by their numbers; none where something excludes them.
  private(set) var likenesses: [ClusterPair: Float] = [:]
  /// The pairs of cameras for which that is to be learned anew; all where `nil`.
  let learnedPairs: Set<CameraPair>?
  /// How much it counts, as a logarithm of odds, that two tracks have the same identity already, or two identities.
  let inertia: Float

  /// - Parameters:
  ///   - tracks: all tracks, each with at least one look, in order of appearance.
  ///   - vectors: the mean of each track's looks, camera biases removed.
  ///   - geometries: what is known about pairs of cameras that see the same floor.
  ///   - learnedPairs: the pairs for which that is to be learned anew; all where `nil`.
  ///   - inertia: how much the identities count that the tracks have.
  init(
    tracks: [TrackEvidence], vectors: [[Float]], model: SimilarityModel, settings: AssociationSettings,
    extents: [CameraName: (width: Double, height: Double)], vetoes: Set<IdentityPair> = [],
    geometries: [CameraPair: ViewGeometry] = [:], learnedPairs: Set<CameraPair>? = nil, inertia: Float = 0
  ) {
    self.geometries = geometries
    self.learnedPairs = learnedPairs
    self.inertia = inertia
    self.tracks = tracks
    self.vectors = vectors
    self.model = model
    self.settings = settings
    self.extents = extents
    self.vetoes = vetoes
  }

  private var count: Int { tracks.count }

  /// - Returns: for each track the place of the first track of its cluster.
  mutating func solve() -> [Int] {
    var owners = Array(0..<count)
    for round in 0..<Self.rounds {
      if round > 0 { align(by: owners) }
      let looks = lookEvidence()
      learnGeometries(looks: looks, owners: round > 0 ? owners : nil)
      owners = cluster(looks: looks)
    }
    return owners
  }

  func isExcluded(_ one: Int, _ other: Int) -> Bool {
    if tracks[one].companions.contains(tracks[other].id) { return true }
    if tracks[one].isPinned, tracks[other].isPinned, tracks[one].identity != tracks[other].identity {
      return true
    }
    if !vetoes.isEmpty, let left = tracks[one].identity, let right = tracks[other].identity,
      let pair = IdentityPair(left, right), vetoes.contains(pair)
    {
      return true
    }
    guard tracks[one].camera != tracks[other].camera,
      settings.overlap(of: tracks[one].camera, and: tracks[other].camera) == .disjoint
    else { return false }
    let begin = max(tracks[one].firstSeen, tracks[other].firstSeen)
    let end = min(tracks[one].lastSeen, tracks[other].lastSeen)
    return end.seconds(since: begin) > settings.clockTolerance
  }

  /// The evidence of the looks for every pair, row after row; -infinity for those that are excluded.
  private func lookEvidence() -> [Float] {
    var similarity = [Float](repeating: -.infinity, count: count * count)
    // Most pairs are of different people, so that the mean over all pairs of two cameras tells their level.
    var sums: [CameraPair: (sum: Double, count: Double)] = [:]
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) {
        let value = VectorMath.dot(vectors[row], vectors[column])
        similarity[row * count + column] = value
        let pair = CameraPair(tracks[row].camera, tracks[column].camera)
        let sum = sums[pair] ?? (0, 0)
        sums[pair] = (sum.sum + Double(value), sum.count + 1)
      }
    }
    let total = sums.sorted { $0.key < $1.key }.reduce((0.0, 0.0)) {
      ($0.0 + $1.value.sum, $0.1 + $1.value.count)
    }
    let level = total.1 > 0 ? total.0 / total.1 : 0
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) {
        var value = similarity[row * count + column]
        if let pair = sums[CameraPair(tracks[row].camera, tracks[column].camera)] {
          let trust = pair.count / (pair.count + 4 * CohortStatistics.shrinkage)
          value -= Float(trust * (pair.sum / pair.count - level))
        }
        if isExcluded(row, column) { value = -.infinity }
        similarity[row * count + column] = value
        similarity[column * count + row] = value
      }
    }
    let neighbourhoods = KReciprocal.jaccard(
      similarity: similarity, count: count, neighbours: Self.neighbours)
    let share = Self.neighbourhoodShare
    let low = Float(model.negativeMean)
    let high = Float(model.positiveMean)
    for row in 0..<count {
      for column in 0..<count where similarity[row * count + column] > -.infinity {
        let place = row * count + column
        let blended =
          (1 - share) * similarity[place] + share * (low + (high - low) * min(1, 1.5 * neighbourhoods[place]))
        similarity[place] = Float(
          model.logRatio(
            Double(blended), looks: (tracks[row].independentLooks, tracks[column].independentLooks)))
      }
    }
    return similarity
  }

  /// Removes from each camera's looks what distinguishes them from the same people's looks in other cameras.
  private mutating func align(by owners: [Int]) {
    var shifts: [CameraName: (sum: [Float], weight: Float)] = [:]
    for members in groups(by: owners) {
      let byCamera = Dictionary(grouping: members, by: { tracks[$0].camera })
      guard byCamera.count > 1 else { continue }
      // In the order of names: sums of rounded numbers depend on their order.
      let means = byCamera.sorted { $0.key < $1.key }.map { ($0.key, mean(of: $0.value)) }
      var overall = [Float](repeating: 0, count: vectors.first?.count ?? 0)
      for (_, vector) in means {
        overall = VectorMath.adding(overall, vector, factor: 1 / Float(means.count))
      }
      for (camera, vector) in means {
        var shift = shifts[camera] ?? ([Float](repeating: 0, count: vector.count), 0)
        shift.sum = VectorMath.adding(VectorMath.adding(shift.sum, vector, factor: 1), overall, factor: -1)
        shift.weight += 1
        shifts[camera] = shift
      }
    }
    for place in vectors.indices {
      guard let shift = shifts[tracks[place].camera] else { continue }
      vectors[place] = VectorMath.adding(
        vectors[place], shift.sum, factor: -1 / (shift.weight + Self.alignmentShrinkage))
    }
  }

  private func groups(by owners: [Int]) -> [[Int]] {
    Dictionary(grouping: 0..<count, by: { owners[$0] }).sorted { $0.key < $1.key }.map(\.value)
  }

  private func mean(of members: [Int]) -> [Float] {
    var sum: [Float] = []
    var weight: Float = 0
    for member in members.sorted() {
      let share = mass(member)
      sum =
        sum.isEmpty
        ? VectorMath.scaled(vectors[member], by: share)
        : VectorMath.adding(sum, vectors[member], factor: share)
      weight += share
    }
    return VectorMath.scaled(sum, by: 1 / max(weight, 1e-6))
  }

  private func mass(_ place: Int) -> Float { Float(min(8, tracks[place].independentLooks) + 0.2) }

  private mutating func learnGeometries(looks: [Float], owners: [Int]?) {
    if learnedPairs == nil { geometries = [:] }
    let byCamera = Dictionary(grouping: 0..<count, by: { tracks[$0].camera })
    let cameras = byCamera.keys.sorted()
    for (index, first) in cameras.enumerated() {
      for second in cameras[(index + 1)...] where settings.overlap(of: first, and: second) != .disjoint {
        guard learnedPairs?.contains(CameraPair(first, second)) ?? true else { continue }
        let theirs = byCamera[second] ?? []
        let walkers = (byCamera[first] ?? []).map { mine in
          var walker = ViewGeometry.Walker(path: tracks[mine].path)
          for (place, other) in theirs.enumerated() {
            guard tracks[mine].lastSeen >= tracks[other].firstSeen,
              tracks[other].lastSeen >= tracks[mine].firstSeen, looks[mine * count + other] > -.infinity
            else { continue }
            var odds = Double(min(5, max(-5, looks[mine * count + other] * Self.voteSharpness)))
            if let owners { odds += owners[mine] == owners[other] ? 1 : -1 }
            walker.partners.append((place, exp(odds)))
          }
          return walker
        }
        geometries[CameraPair(first, second)] = ViewGeometry.learn(walkers, theirs.map { tracks[$0].path })
      }
    }
  }

  /// What the ways of two tracks say, where their cameras see the same floor.
  private func wayEvidence(_ one: Int, _ other: Int) -> Double {
    let left = tracks[one]
    let right = tracks[other]
    guard left.camera != right.camera, let geometry = geometries[CameraPair(left.camera, right.camera)] else {
      return 0
    }
    return left.camera < right.camera
      ? geometry.logRatio(left.path, right.path) : geometry.logRatio(right.path, left.path)
  }

  /// What places and times say of two tracks of one camera, or of two parts of one track.
  private func placeEvidence(_ one: Int, _ other: Int) -> Double {
    guard tracks[one].camera == tracks[other].camera, let extent = extents[tracks[one].camera] else {
      return 0
    }
    let isFirst = tracks[one].firstSeen <= tracks[other].firstSeen
    let before = tracks[isFirst ? one : other]
    let after = tracks[isFirst ? other : one]
    let goesOn =
      before.reported == after.reported
      && after.firstSeen.seconds(since: before.lastSeen) < Self.longestInterruption
    return TrackEvidence.placeRatio(after, after: before, extent: extent) + (goesOn ? Self.continuity : 0)
  }

  private mutating func cluster(looks: [Float]) -> [Int] {
    var evidence = looks
    var weights = [Float](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) {
        let place = row * count + column
        guard evidence[place] > -.infinity else { continue }
        let way = wayEvidence(row, column)
        var total = evidence[place] + Float(way + placeEvidence(row, column))
        if inertia > 0, let one = tracks[row].identity, let other = tracks[column].identity {
          total += one == other ? inertia : -inertia
        }
        if tracks[row].isPinned, tracks[column].isPinned { total = Self.certainty }
        let weight = mass(row) * mass(column) * (1 + Float(abs(way) / 2))
        for place in [place, column * count + row] {
          evidence[place] = total
          weights[place] = weight
        }
      }
    }
    let owners = EvidenceClustering.clusters(evidence: evidence, weights: weights, count: count, threshold: 0)
    noteLikenesses(of: owners, evidence: evidence, weights: weights)
    return owners
  }

  /// The average evidence between clusters, for those between which nothing is excluded.
  private mutating func noteLikenesses(of owners: [Int], evidence: [Float], weights: [Float]) {
    var sums: [ClusterPair: (sum: Float, weight: Float)] = [:]
    for row in 0..<count {
      for column in row + 1..<max(row + 1, count) where owners[row] != owners[column] {
        let place = row * count + column
        let sum = sums[ClusterPair(owners[row], owners[column])] ?? (0, 0)
        sums[ClusterPair(owners[row], owners[column])] =
          evidence[place] > -.infinity
          ? (sum.sum + evidence[place] * weights[place], sum.weight + weights[place]) : (-.infinity, 1)
      }
    }
    likenesses = sums.compactMapValues { $0.sum > -.infinity ? $0.sum / max(1e-6, $0.weight) : nil }
  }

}
