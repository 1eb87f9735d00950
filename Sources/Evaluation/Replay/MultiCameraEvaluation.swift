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
  /// Which gaps are filled, in the product's results as in all others; in its MOT files it does the same.
  public var gaps = GapFilling()

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

  /// The truth with some identities counted as others: a person who left and came back has two in many sets.
  public func joining(_ joins: [Int: Int]) -> MultiCameraEvaluation {
    var copy = self
    copy.truth = truth.mapValues { entries in
      entries.map { entry in
        var entry = entry
        entry.id = joins[entry.id] ?? entry.id
        return entry
      }
    }
    return copy
  }

  /// The product's tracks.
  ///
  /// - Parameter appearance: which embeddings the tracker sees; the default is what the program does.
  public func tracks(
    appearance: CameraTracks.Appearance = .ambiguous
  ) throws(TrackerError) -> [CameraTracks] {
    var result: [CameraTracks] = []
    for camera in cameras {
      result.append(
        try CameraTracks(
          camera: camera, frames: observations[camera] ?? [], settings: tracker, usesAppearance: appearance))
    }
    return result
  }

  /// The result of identities given to tracks.
  public func results(_ tracks: [CameraTracks], identities: [TrackID: Int]) -> [CameraName: [MOTEntry]] {
    Dictionary(
      tracks.map { camera in (camera.camera, camera.entries(filling: gaps) { identities[$0] }) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Everything: the product, both baselines (also on the reference's own tracker), tracks alone, and the oracle.
  ///
  /// The product gets the tracks that the program makes. The baselines get tracks on which every embedding was used
  /// (``CameraTracks/Appearance/always``), since they do better on those.
  ///
  /// - Parameter joins: identities of the truth that are to count as others in a second measurement of everything.
  public func report(title: String, joining joins: [Int: Int] = [:]) throws -> EvaluationReport {
    let tracks = try tracks()
    let given = try self.tracks(appearance: .always)
    var rows: [EvaluationRow] = []
    var joinedRows: [EvaluationRow] = []
    let joined = joining(joins)
    func add(_ method: String, _ results: [CameraName: [MOTEntry]]) {
      rows.append(EvaluationRow(sequence(results: results), method: method))
      guard !joins.isEmpty else { return }
      joinedRows.append(
        EvaluationRow(joined.sequence(name: "returning joined", results: results), method: method))
    }
    for (name, mode) in [
      ("throughline", AssociationReplay.Mode.live), ("throughline, whole recording", .wholeRecording),
    ] {
      let outcome = try association.run(tracks, mode: mode)
      add(
        name,
        Dictionary(
          tracks.map { camera in
            (camera.camera, camera.entries(filling: gaps, identityAt: { outcome.identity(of: $0, at: $1) }))
          }, uniquingKeysWith: { first, _ in first }))
    }
    add("reference", results(given, identities: ReferenceAssociation().run(given)))
    add(
      "reference, no size rule",
      results(given, identities: ReferenceAssociation(hasSizeRule: false).run(given)))
    let own = cameras.map {
      CameraTracks(
        reference: $0, frames: observations[$0] ?? [], scoreThreshold: ReferenceTracker.scoreThreshold)
    }
    add(
      "reference and its tracker",
      results(own, identities: ReferenceAssociation(hasSizeRule: false).run(own)))
    for distance in GreedyMerge.sweep {
      add(
        "greedy-merge \(distance)", results(given, identities: GreedyMerge(distance: distance).run(given)))
    }
    for distance in [0.2, 0.3] {
      let merge = GreedyMerge(distance: distance, keepsSimultaneousApart: true)
      add("greedy-merge \(distance), apart", results(given, identities: merge.run(given)))
    }
    let ids = tracks.lazy.flatMap(\.observations.keys).sorted()
    add(
      "tracks alone",
      results(
        tracks,
        identities: Dictionary(ids.enumerated().map { ($1, $0 + 1) }, uniquingKeysWith: { first, _ in first })
      ))
    // What knows the truth is measured against the truth that it knows.
    rows += [bestOfTracks(tracks), oracle(), oracleWithoutGaps()]
    if !joins.isEmpty {
      // By the truth as it is, whoever recognises those who return is wrong about them.
      rows.append(
        EvaluationRow(
          sequence(results: joined.oracleResults()), method: "oracle that recognises who returns"))
      joinedRows += [joined.bestOfTracks(tracks), joined.oracle(), joined.oracleWithoutGaps()]
    }
    for place in joinedRows.indices { joinedRows[place].sequence = "returning joined" }
    return EvaluationReport(title: title, rule: rule, rows: rows + joinedRows)
  }

  private func bestOfTracks(_ tracks: [CameraTracks]) -> EvaluationRow {
    EvaluationRow(
      sequence(results: results(tracks, identities: idealIdentities(tracks))),
      method: "tracks, ideally joined")
  }

  private func oracle() -> EvaluationRow {
    EvaluationRow(sequence(results: oracleResults()), method: "oracle")
  }

  private func oracleWithoutGaps() -> EvaluationRow {
    var results = oracleResults()
    for (camera, entries) in results {
      let frames = observations[camera] ?? []
      let times = Dictionary(frames.map { ($0.number, $0.time) }, uniquingKeysWith: { first, _ in first })
      results[camera] = entries.fillingGaps(gaps, cuts: frames.filter(\.isCut).map(\.number)) { times[$0] }
    }
    return EvaluationRow(sequence(results: results), method: "oracle, gaps filled")
  }

  /// Every detection with the identity of the truth that it overlaps.
  private func oracleResults() -> [CameraName: [MOTEntry]] {
    let found = cameras.map { camera in
      (
        camera,
        OracleBaseline.run(
          frames: observations[camera] ?? [], truth: truth[camera] ?? [],
          rule: MatchingRule(threshold: 0.3, footPointTolerance: rule.footPointTolerance))
      )
    }
    return Dictionary(found, uniquingKeysWith: { first, _ in first })
  }

  /// For each track the person whom most of its boxes match: the best that any association can make of whole tracks.
  private func idealIdentities(_ tracks: [CameraTracks]) -> [TrackID: Int] {
    var identities: [TrackID: Int] = [:]
    for camera in tracks {
      let truthByFrame = Dictionary(grouping: truth[camera.camera] ?? [], by: \.frame)
      var votes: [TrackID: [Int: Int]] = [:]
      var byFrame: [Int: [(id: TrackID, box: BoundingBox)]] = [:]
      for (id, list) in camera.observations {
        for observation in list {
          byFrame[observation.frame, default: []].append((id, observation.track.box))
        }
      }
      for (number, found) in byFrame {
        let expected = truthByFrame[number] ?? []
        let compared = EvaluationFrame(
          truth: expected.map { LabeledBox(id: $0.id, box: $0.box) },
          results: found.map { LabeledBox(id: 0, box: $0.box) }, rule: rule)
        let matches = SparseAssignment.maximize(
          compared.pairs.filter { $0.similarity >= rule.threshold }.map {
            ($0.truth, $0.result, $0.similarity)
          })
        for match in matches {
          votes[found[match.column].id, default: [:]][expected[match.row].id, default: 0] += 1
        }
      }
      for (id, counts) in votes {
        identities[id] = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
      }
    }
    return identities
  }
}
