import Foundation
import Gallery
import ThroughlineCore

/// What a person decides about a gallery that no run holds. The rules are those of ``Associator``: a split and an
/// undone merge leave a veto, and every decision teaches the thresholds.
extension Gallery {
  /// A person says that two identities are one.
  ///
  /// - Throws: ``GalleryError``, among others where both were seen at once in one camera or a veto forbids it.
  @discardableResult
  public mutating func mergeByPerson(
    _ absorbed: IdentityID, into survivor: IdentityID, at time: Timestamp, reason: String,
    prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) -> MergeRecord {
    let mine = self[survivor]?.prototypes.map(\.prototype) ?? []
    let theirs = self[absorbed]?.prototypes.map(\.prototype) ?? []
    let record = try merge(
      absorbed, into: survivor, at: time, source: .person, explanation: Self.text("merged", reason))
    teach(mine, theirs, isSame: true, prior: prior)
    return record
  }

  /// A person says that some sightings of an identity are another person; the prototypes of their tracks go with
  /// them, and the two are never merged again.
  @discardableResult
  public mutating func splitByPerson(
    _ identity: IdentityID, sightings: Set<SightingID>, at time: Timestamp, reason: String,
    prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) -> SplitRecord {
    guard let record = self[identity] else { throw .unknownIdentity(identity) }
    let moved = Set(record.sightings.filter { sightings.contains($0.id) }.map(\.sighting.track))
    let prototypes = Set(
      record.prototypes.filter { $0.track.map { moved.contains($0) } ?? false }.map(\.id))
    let split = try split(
      record.id, prototypes: prototypes, sightings: sightings, at: time, source: .person,
      explanation: Self.text("split", reason))
    try declareNotSameByPerson(split.original.id, split.created.id, prior: prior)
    return split
  }

  /// A person says that two identities are two people, for good.
  public mutating func declareNotSameByPerson(
    _ one: IdentityID, _ other: IdentityID, prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) {
    try declareNotSame(one, other)
    let mine = self[one]?.prototypes.map(\.prototype) ?? []
    let theirs = self[other]?.prototypes.map(\.prototype) ?? []
    teach(mine, theirs, isSame: false, prior: prior)
  }

  /// Takes back a merge or a split; see ``Gallery/undo(_:)``. An undone merge leaves a veto, so that it is not
  /// made again at once.
  @discardableResult
  public mutating func undoByPerson(_ id: CorrectionID?) throws(GalleryError) -> GalleryCorrection {
    let correction = try undo(id)
    switch correction {
    case .merge(let record): try declareNotSame(record.survivor.id, record.absorbed.id)
    case .split: break
    }
    return correction
  }

  /// What the gallery's footage has taught about similarities so far.
  public func calibrator(prior: ThresholdCalibrator.Prior) -> ThresholdCalibrator {
    contents.learnedState[Associator.calibratorStateName].flatMap {
      try? JSONDecoder().decode(ThresholdCalibrator.self, from: $0)
    } ?? ThresholdCalibrator(prior: prior)
  }

  /// Counts pairs of looks of two identities of which a person said whether they are one.
  private mutating func teach(
    _ mine: [Prototype], _ theirs: [Prototype], isSame: Bool, prior: ThresholdCalibrator.Prior
  ) {
    guard !mine.isEmpty, !theirs.isEmpty else { return }
    var calibrator = calibrator(prior: prior)
    for left in mine.prefix(Self.taughtLooks) {
      for right in theirs.prefix(Self.taughtLooks) {
        let similarity = Double(left.embedding.similarity(to: right.embedding))
        if isSame {
          calibrator.addPositive(similarity, weight: Self.taughtWeight)
        } else {
          calibrator.addNegative(similarity, weight: Self.taughtWeight)
        }
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    if let state = try? encoder.encode(calibrator) {
      setLearnedState(state, name: Associator.calibratorStateName)
    }
  }

  private static let taughtLooks = 6
  /// A person's word counts as much as this many pairs that the footage gave by itself.
  private static let taughtWeight = 3.0

  private static func text(_ what: String, _ reason: String) -> String {
    reason.isEmpty ? "\(what) by a person" : "\(what) by a person: \(reason)"
  }
}
