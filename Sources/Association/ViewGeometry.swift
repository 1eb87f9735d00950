import Foundation
import ThroughlineCore

/// Where a person who stands at one place in one camera's picture stands in another camera's: learned from people
/// who are in both at the same time, without any calibration.
///
/// Which tracks are the same person is uncertain, so all pairs that are in sight at once vote with the probability
/// that their looks give them. A map of the floor that brings far more of the votes together than the same map does
/// when one camera's clock is shifted cannot be chance (random sampling: M. Fischler, R. Bolles, CACM 1981; then
/// expectation maximisation over the votes).
struct ViewGeometry: Sendable {
  /// A track as far as the geometry needs it.
  struct Walker: Sendable {
    var path: TrackPath
    /// The tracks of the other camera it may be, by their place in the other list, with probabilities.
    var partners: [(place: Int, probability: Double)] = []
  }

  private struct Vote {
    var from: TrackPath.Sample
    var to: TrackPath.Sample
    var probability: Double
  }

  static let rounds = 400
  static let votersForSearch = 240
  static let mostMoments = 1500
  static let finestDeviation = 0.12

  let forward: Homography
  let backward: Homography
  /// The deviation of a person's two places from each other, in body heights.
  let deviation: Double
  /// The same for two persons.
  let otherDeviation: Double
  /// The share of moments that the map explains.
  let support: Double

  /// How much likelier the two ways are for one person than for two, as a natural logarithm; 0 without common time.
  ///
  /// Deviations within a second and a half are hardly independent, and no way excludes more than ``limit``.
  func logRatio(_ one: TrackPath, _ other: TrackPath) -> Double {
    let distances = self.distances(one, other)
    guard !distances.values.isEmpty else { return 0 }
    let sum = distances.values.reduce(0) { $0 + sampleRatio($1) }
    return min(
      Self.limit,
      max(-Self.limit, sum / Double(distances.values.count) * min(6, max(0.5, distances.seconds / 1.5))))
  }

  static let limit = 9.0

  private func sampleRatio(_ distance: Double) -> Double {
    func density(_ deviation: Double) -> Double {
      exp(-distance * distance / (2 * deviation * deviation)) / (deviation * deviation)
    }
    // Boxes that are cut off or covered put the feet elsewhere: one in six.
    let same = 0.83 * density(deviation) + 0.17 * density(max(deviation * 3, 0.6))
    let other = density(otherDeviation)
    return min(2.5, max(-2.5, log(max(1e-12, same) / max(1e-12, other))))
  }

  /// The distances of two ways in body heights, and the time they have in common in seconds.
  func distances(_ one: TrackPath, _ other: TrackPath) -> (values: [Double], seconds: Double) {
    guard let begin = [one.samples.first?.time, other.samples.first?.time].compactMap({ $0 }).max(),
      let end = [one.samples.last?.time, other.samples.last?.time].compactMap({ $0 }).min(), begin <= end
    else { return ([], 0) }
    var values: [Double] = []
    for sample in one.samples where sample.time >= begin && sample.time <= end {
      guard let there = other.position(at: sample.time), let value = distance(sample, there) else { continue }
      values.append(value)
    }
    return (values, end.seconds(since: begin))
  }

  private func distance(_ from: TrackPath.Sample, _ to: TrackPath.Sample) -> Double? {
    guard let there = Self.distance(forward, from, to), let back = Self.distance(backward, to, from) else {
      return nil
    }
    return (there + back) / 2
  }

  private static func distance(
    _ map: Homography, _ from: TrackPath.Sample, _ to: TrackPath.Sample
  ) -> Double? {
    guard let place = map.map(Double(from.x), Double(from.y)) else { return nil }
    let x = place.x - Double(to.x)
    let y = place.y - Double(to.y)
    return min(20, (x * x + y * y).squareRoot() / Double(to.height))
  }

  /// Learns the map from one camera to another.
  ///
  /// - Parameters:
  ///   - walkers: the tracks of the first camera, with those of the second that they may be.
  ///   - others: the tracks of the second.
  ///   - seed: for the random sampling, so that two runs give the same.
  /// - Returns: `nil` where no map explains what was seen: the cameras share no floor, or too little was seen.
  static func learn(_ walkers: [Walker], _ others: [TrackPath], seed: UInt64 = 1) -> ViewGeometry? {
    var random = SplitMix64(seed: seed)
    let moments = votes(walkers, others, shift: 0)
    guard moments.count >= 12 else { return nil }
    let flat = moments.flatMap { $0 }
    guard spread(flat.map(\.from)) > 1, spread(flat.map(\.to)) > 1 else { return nil }
    let stride = max(1, moments.count / votersForSearch)
    let voters = moments.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
    var cumulative: [Double] = []
    for vote in flat { cumulative.append((cumulative.last ?? 0) + vote.probability * vote.probability) }
    guard let total = cumulative.last, total > 0 else { return nil }
    func draw() -> Vote {
      let value = Double.random(in: 0..<total, using: &random)
      var low = 0
      var high = cumulative.count - 1
      while low < high {
        let middle = (low + high) / 2
        if cumulative[middle] <= value { low = middle + 1 } else { high = middle }
      }
      return flat[low]
    }
    var best: (score: Double, map: Homography)?
    for _ in 0..<rounds {
      let sample = (0..<4).map { _ in correspondence(draw(), weight: 1) }
      guard let map = Homography.fit(sample) else { continue }
      let score = voters.reduce(0) { $0 + Self.support(of: $1, map: map, deviation: 0.4) }
      if score > best?.score ?? 0 { best = (score, map) }
    }
    guard var map = best?.map else { return nil }
    for deviation in [0.6, 0.5, 0.4, 0.35, 0.3, 0.3, 0.25, 0.25] {
      guard let refined = Homography.fit(weighted(moments, map: map, deviation: deviation)) else { break }
      map = refined
    }
    return evaluated(map, moments: moments, walkers: walkers, others: others)
  }

  private static func evaluated(
    _ map: Homography, moments: [[Vote]], walkers: [Walker], others: [TrackPath]
  ) -> ViewGeometry? {
    let inliers = weighted(moments, map: map, deviation: 0.3)
    guard
      let backward = Homography.fit(
        inliers.map {
          Homography.Correspondence(
            fromX: $0.toX, fromY: $0.toY, toX: $0.fromX, toY: $0.fromY, weight: $0.weight)
        })
    else { return nil }
    func share(_ moments: [[Vote]]) -> Double {
      guard !moments.isEmpty else { return 0 }
      return moments.reduce(0) { $0 + Self.support(of: $1, map: map, deviation: 0.3) } / Double(moments.count)
    }
    let found = share(moments)
    let shifted = [-11.0, -7, 7, 11].map { share(votes(walkers, others, shift: $0)) }
    let chance = shifted.reduce(0, +) / Double(shifted.count)
    guard found >= 0.25, found >= 1.5 * chance else { return nil }
    var same = (sum: 0.0, weight: 0.0)
    var all: [Double] = []
    for moment in moments {
      for vote in moment {
        guard let value = distance(map, vote.from, vote.to) else { continue }
        all.append(value)
        let weight = vote.probability * exp(-value * value / (2 * 0.4 * 0.4))
        same.sum += weight * value * value / 2
        same.weight += weight
      }
    }
    guard same.weight > 0, !all.isEmpty else { return nil }
    all.sort()
    return ViewGeometry(
      forward: map, backward: backward,
      deviation: max(finestDeviation, (same.sum / same.weight).squareRoot()),
      // The median of a Rayleigh distribution is 1.18 deviations.
      otherDeviation: max(0.8, all[all.count / 2] / 1.18), support: found)
  }

  private static func spread(_ samples: [TrackPath.Sample]) -> Double {
    guard let first = samples.first else { return 0 }
    var box = (x: first.x, y: first.y, right: first.x, bottom: first.y, height: Float(0))
    for sample in samples {
      box.x = min(box.x, sample.x)
      box.y = min(box.y, sample.y)
      box.right = max(box.right, sample.x)
      box.bottom = max(box.bottom, sample.y)
      box.height += sample.height / Float(samples.count)
    }
    return Double(max(box.right - box.x, box.bottom - box.y) / max(1, box.height))
  }

  /// For every moment of a track of the first camera: the tracks of the second that were in sight then.
  private static func votes(_ walkers: [Walker], _ others: [TrackPath], shift: Double) -> [[Vote]] {
    let count = walkers.reduce(0) { $0 + ($1.partners.isEmpty ? 0 : $1.path.samples.count) }
    let stride = max(1, count / mostMoments)
    var moments: [[Vote]] = []
    for walker in walkers where !walker.partners.isEmpty {
      for (index, sample) in walker.path.samples.enumerated() where index % stride == 0 {
        var moment: [Vote] = []
        for partner in walker.partners {
          guard let there = others[partner.place].position(at: sample.time.advanced(bySeconds: shift)) else {
            continue
          }
          moment.append(Vote(from: sample, to: there, probability: partner.probability))
        }
        let total = moment.reduce(0.15) { $0 + $1.probability }
        for place in moment.indices { moment[place].probability /= total }
        if !moment.isEmpty { moments.append(moment) }
      }
    }
    return moments
  }

  private static func support(of moment: [Vote], map: Homography, deviation: Double) -> Double {
    var best = 0.0
    for vote in moment {
      guard let value = distance(map, vote.from, vote.to) else { continue }
      best = max(
        best, vote.probability.squareRoot() * exp(-value * value / (2 * deviation * deviation)))
    }
    return best
  }

  private static func weighted(
    _ moments: [[Vote]], map: Homography, deviation: Double
  ) -> [Homography.Correspondence] {
    var result: [Homography.Correspondence] = []
    for moment in moments {
      var weights: [Double] = []
      for vote in moment {
        let value = distance(map, vote.from, vote.to) ?? 20
        weights.append(vote.probability * exp(-value * value / (2 * deviation * deviation)))
      }
      let total = weights.reduce(0.03, +)
      for (vote, weight) in zip(moment, weights) where weight / total > 0.01 {
        result.append(correspondence(vote, weight: weight / total / Double(vote.to.height * vote.to.height)))
      }
    }
    return result
  }

  private static func correspondence(_ vote: Vote, weight: Double) -> Homography.Correspondence {
    Homography.Correspondence(
      fromX: Double(vote.from.x), fromY: Double(vote.from.y), toX: Double(vote.to.x), toY: Double(vote.to.y),
      weight: weight)
  }
}
