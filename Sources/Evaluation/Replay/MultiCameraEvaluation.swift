import ThroughlineCore
import Tracking

/// Compares the product with the baselines and the oracle on identical recorded observations.
public struct MultiCameraEvaluation: Sendable {
  /// The frames of each camera.
  public var observations: [CameraName: [ObservedFrame]]
  /// The truth of each camera; identities shared.
  public var truth: [CameraName: [MOTEntry]]
  /// When boxes match.
  public var rule: MatchingRule
  /// The product's tracker.
  public var tracker: TrackerSettings
  /// The product's association.
  public var association: AssociationReplay

  /// An evaluation of cameras for which there are both observations and truth.
  public init(
    observations: [CameraName: [ObservedFrame]], truth: [CameraName: [MOTEntry]],
    rule: MatchingRule = .standard,
    tracker: TrackerSettings = TrackerSettings(), association: AssociationReplay = AssociationReplay()
  ) {
    self.observations = observations
    self.truth = truth
    self.rule = rule
    self.tracker = tracker
    self.association = association
  }

  /// The cameras that are compared.
  public var cameras: [CameraName] { observations.keys.filter { truth[$0] != nil }.sorted() }

  /// Truth and a result as one sequence, all cameras one after another.
  public func sequence(name: String = "all cameras", results: [CameraName: [MOTEntry]]) -> EvaluationSequence
  {
    EvaluationSequence(
      name: name,
      concatenating: cameras.map {
        EvaluationSequence(name: $0.rawValue, truth: truth[$0] ?? [], results: results[$0] ?? [], rule: rule)
      })
  }

  /// The product's tracks.
  public func tracks() throws(TrackerError) -> [CameraTracks] {
    var result: [CameraTracks] = []
    for camera in cameras {
      result.append(try CameraTracks(camera: camera, frames: observations[camera] ?? [], settings: tracker))
    }
    return result
  }

  /// The result of identities given to tracks.
  public func results(_ tracks: [CameraTracks], identities: [TrackID: Int]) -> [CameraName: [MOTEntry]] {
    Dictionary(
      tracks.map { camera in (camera.camera, camera.entries { identities[$0] }) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Everything: the product, both baselines (also on the reference's own tracker), tracks alone, and the oracle.
  public func report(title: String) throws -> EvaluationReport {
    let tracks = try tracks()
    var rows: [EvaluationRow] = []
    func add(_ method: String, _ results: [CameraName: [MOTEntry]]) {
      rows.append(EvaluationRow(sequence(results: results), method: method))
    }
    add("throughline", results(tracks, identities: try association.run(tracks).identities))
    add("reference", results(tracks, identities: ReferenceAssociation().run(tracks)))
    add(
      "reference, no size rule",
      results(tracks, identities: ReferenceAssociation(hasSizeRule: false).run(tracks)))
    let own = cameras.map {
      CameraTracks(
        reference: $0, frames: observations[$0] ?? [], scoreThreshold: ReferenceTracker.scoreThreshold)
    }
    add(
      "reference and its tracker",
      results(own, identities: ReferenceAssociation(hasSizeRule: false).run(own)))
    for distance in GreedyMerge.sweep {
      add(
        "greedy-merge \(distance)", results(tracks, identities: GreedyMerge(distance: distance).run(tracks)))
    }
    for distance in [0.2, 0.3] {
      let merge = GreedyMerge(distance: distance, keepsSimultaneousApart: true)
      add("greedy-merge \(distance), apart", results(tracks, identities: merge.run(tracks)))
    }
    let ids = tracks.lazy.flatMap(\.observations.keys).sorted()
    add(
      "tracks alone",
      results(
        tracks,
        identities: Dictionary(ids.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: { first, _ in first })
      ))
    let oracle = cameras.map { camera in
      (
        camera,
        OracleBaseline.run(
          frames: observations[camera] ?? [], truth: truth[camera] ?? [],
          rule: MatchingRule(threshold: 0.3, footPointTolerance: rule.footPointTolerance))
      )
    }
    add("oracle", Dictionary(oracle, uniquingKeysWith: { first, _ in first }))
    return EvaluationReport(title: title, rule: rule, rows: rows)
  }
}
