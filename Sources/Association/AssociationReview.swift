import Gallery
import ThroughlineCore

/// Tracks that are decided once more, all of them known at once: those of a whole recording at its end, or those of the
/// last minutes of a live run now and then.
///
/// It holds copies of what is known about the tracks, so that ``solve()``, which takes a while, can run on another thread
/// while frames go on coming; see ``Associator/takeReview()``.
public struct AssociationReview: Sendable {
  /// A track, or a part of one, to be decided.
  struct Part: Sendable {
    var evidence: TrackEvidence
    /// The track that it is part of.
    var whole: TrackID
  }

  /// Who belongs together.
  public struct Solution: Sendable {
    /// From a moment on a track belongs to a cluster.
    struct Segment: Sendable, Hashable {
      var begin: Timestamp
      var cluster: Int
    }

    /// For each track that was reviewed its segments in order of time; clusters are numbered.
    var segments: [TrackID: [Segment]] = [:]
    /// What was learned about pairs of cameras that see the same floor; `nil` where it was found that they do not.
    var geometries: [CameraPair: ViewGeometry?] = [:]
    /// The average evidence that two clusters are one person; none where something excludes it.
    var likenesses: [RecordingSolver.ClusterPair: Float] = [:]
    /// What was known, for people: `the whole recording`.
    var knowledge: String
  }

  let parts: [Part]
  let solver: RecordingSolver
  let knowledge: String

  /// How many tracks, or parts of tracks, are decided.
  public var count: Int { parts.count }

  /// Decides who belongs together. The time needed grows a little faster than the square of ``count``.
  public func solve() -> Solution {
    var solver = solver
    var solution = Solution(knowledge: knowledge)
    let clusters = solver.solve()
    solution.likenesses = solver.likenesses
    for pair in solver.learnedPairs ?? [] {
      solution.geometries.updateValue(solver.geometries[pair], forKey: pair)
    }
    for (part, cluster) in zip(parts, clusters) {
      solution.segments[part.whole, default: []].append(
        Solution.Segment(begin: part.evidence.firstSeen, cluster: cluster))
    }
    return solution
  }
}

extension AssociationReview.Solution {
  /// The cluster of a track at a moment; `nil` for a track that was not reviewed.
  func cluster(of track: TrackID, at moment: Timestamp) -> Int? {
    guard let segments = segments[track] else { return nil }
    return (segments.last { $0.begin <= moment } ?? segments.first)?.cluster
  }
}
