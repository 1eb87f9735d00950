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
    let (mine, theirs) = (looks(of: survivor), looks(of: absorbed))
    let record = try merge(
      absorbed, into: survivor, at: time, source: .person, explanation: Self.text("merged", reason))
    teach(.counted, mine, theirs, isSame: true, prior: prior)
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
    try declareNotSame(split.original.id, split.created.id)
    teach(
      .counted, looks(of: split.original.id), looks(of: split.created.id), isSame: false, prior: prior)
    return split
  }

  /// A person says that two identities are two people, for good.
  ///
  /// - Returns: `nil` where that was known already.
  @discardableResult
  public mutating func declareNotSameByPerson(
    _ one: IdentityID, _ other: IdentityID, at time: Timestamp, reason: String,
    prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) -> VetoRecord? {
    let record = try declareNotSame(
      one, other, at: time, source: .person, explanation: Self.text("said to differ", reason))
    if record != nil { teach(.counted, looks(of: one), looks(of: other), isSame: false, prior: prior) }
    return record
  }

  /// A person takes back that two identities are two people; what that had taught is taken back as well.
  public mutating func removeNotSameByPerson(
    _ one: IdentityID, _ other: IdentityID, prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) {
    let pair = resolve(one).flatMap { left in resolve(other).flatMap { IdentityPair(left, $0) } }
    let wasSaid = contents.corrections.contains {
      if case .veto(let record) = $0 { record.pair == pair } else { false }
    }
    try removeVeto(one, other)
    if wasSaid { teach(.withdrawn, looks(of: one), looks(of: other), isSame: false, prior: prior) }
  }

  /// Takes back a merge, a split or a veto; see ``Gallery/undo(_:)``. An undone merge leaves a veto, so that it is not
  /// made again at once.
  ///
  /// What a person's correction had taught is taken back as far as its looks are still kept; undoing what the
  /// association did teaches the opposite.
  @discardableResult
  public mutating func undoByPerson(
    _ id: CorrectionID?, prior: ThresholdCalibrator.Prior
  ) throws(GalleryError) -> GalleryCorrection {
    let correction = try undo(id)
    let isPersons = correction.source == .person
    switch correction {
    case .merge(let record):
      try declareNotSame(record.survivor.id, record.absorbed.id)
      teach(
        isPersons ? .withdrawn : .counted, looks(of: record.survivor.id), looks(of: record.absorbed.id),
        isSame: isPersons, prior: prior)
    case .split(let record):
      let moved = Set(record.prototypes)
      let all = self[record.original.id]?.prototypes ?? []
      teach(
        isPersons ? .withdrawn : .counted, all.filter { !moved.contains($0.id) }.map(\.prototype),
        all.filter { moved.contains($0.id) }.map(\.prototype), isSame: !isPersons, prior: prior)
    case .veto(let record):
      teach(
        .withdrawn, looks(of: record.pair.lower), looks(of: record.pair.higher), isSame: false, prior: prior)
    }
    return correction
  }

  private func looks(of id: IdentityID) -> [Prototype] { self[id]?.prototypes.map(\.prototype) ?? [] }

  /// What the gallery's footage has taught about similarities so far.
  public func calibrator(prior: ThresholdCalibrator.Prior) -> ThresholdCalibrator {
    contents.learnedState[Associator.calibratorStateName].flatMap {
      try? JSONDecoder().decode(ThresholdCalibrator.self, from: $0)
    } ?? ThresholdCalibrator(prior: prior)
  }

  /// What is done with a lesson.
  private enum Lesson {
    case counted, withdrawn
  }

  /// Counts pairs of looks of two identities of which a person said whether they are one, or takes them back.
  private mutating func teach(
    _ lesson: Lesson, _ mine: [Prototype], _ theirs: [Prototype], isSame: Bool,
    prior: ThresholdCalibrator.Prior
  ) {
    guard !mine.isEmpty, !theirs.isEmpty else { return }
    var calibrator = calibrator(prior: prior)
    for left in mine.prefix(Self.taughtLooks) {
      for right in theirs.prefix(Self.taughtLooks) {
        let similarity = Double(left.embedding.similarity(to: right.embedding))
        switch (lesson, isSame) {
        case (.counted, true): calibrator.addPositive(similarity, weight: Self.taughtWeight)
        case (.counted, false): calibrator.addNegative(similarity, weight: Self.taughtWeight)
        case (.withdrawn, true): calibrator.removePositive(similarity, weight: Self.taughtWeight)
        case (.withdrawn, false): calibrator.removeNegative(similarity, weight: Self.taughtWeight)
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
