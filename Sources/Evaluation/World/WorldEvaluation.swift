import Association
import Foundation
import Gallery
import ThroughlineCore
import Tracking

/// What an association made of a simulated world.
public struct WorldReport: Sendable, Hashable {
  /// People who were seen at least once.
  public var people = 0
  /// Identities at the end.
  public var identities = 0
  /// IDF1 over all cameras with identities as they are known at the end, short gaps filled, 0...1. A track without identity
  /// counts as a person of its own.
  public var identityF1 = 0.0
  /// The same with identities as they were reported frame by frame, numbers that were merged later resolved.
  public var liveIdentityF1 = 0.0
  /// IDF1 that an association without fault would reach on the same tracks, gaps filled likewise.
  public var oracleF1 = 0.0
  /// Frames in which two tracks had the same identity.
  public var sharedFrames = 0
  /// Frames of all cameras.
  public var frames = 0
  /// Tracks in all.
  public var tracks = 0
  /// Merges, splits and reassignments.
  public var corrections = 0
}

/// Runs an association over a simulated world and measures it against the truth.
public enum WorldEvaluation {
  /// - Parameters:
  ///   - gaps: which gaps in somebody's presence are filled at the end, as in MOT files.
  ///   - observe: called after every frame, for instance to watch the memory; its argument says what the evaluation itself
  ///     keeps so far.
  /// - Throws: ``AssociationError``, which a world never gives rise to by itself.
  public static func run(
    _ world: World, with associator: inout Associator, filling gaps: GapFilling = GapFilling(),
    observe: (_ noteBytes: () -> Int) -> Void = { _ in }
  ) throws(AssociationError) -> WorldReport {
    var world = world
    var report = WorldReport()
    var notes = WorldNotes()
    var liveFrames: [Int: [IdentityID: Int]] = [:]
    var last = World.epoch
    while let frame = world.next() {
      last = max(last, frame.time)
      let update = try associator.update(
        camera: frame.camera, at: frame.time, tracks: frame.tracks, looks: frame.looks)
      report.frames += 1
      notes.add(frame)
      observe { notes.byteCount }
      var taken = Set<IdentityID>()
      var isShared = false
      for (track, person) in frame.owners {
        if let identity = update.assignments[track]?.identity {
          liveFrames[person, default: [:]][identity, default: 0] += 1
          if !taken.insert(identity).inserted { isShared = true }
        }
      }
      if isShared { report.sharedFrames += 1 }
      for event in update.events { note(event, &report) }
    }
    let isRecording = associator.settings.consolidationWindow == .infinity
    let end = isRecording ? associator.finishRecording(at: last) : associator.finish(at: last)
    for event in end.events { note(event, &report) }
    let spans = associator.identitySpans()
    let final = notes.common(filling: gaps) { track, time, _ in spans[track]?.identity(at: time) }
    let best = notes.common(filling: gaps) { _, _, person in IdentityID(UInt64(person) + 1) }
    var resolved: [Int: [IdentityID: Int]] = [:]
    for (person, counts) in liveFrames {
      for (identity, count) in counts {
        guard let living = associator.gallery.resolve(identity) else { continue }
        resolved[person, default: [:]][living, default: 0] += count
      }
    }
    report.people = notes.people.count
    report.identities = associator.gallery.count
    report.tracks = notes.trackCount
    report.identityF1 = identityF1(final.frames, truth: notes.truthCount, results: final.boxes)
    report.liveIdentityF1 = identityF1(resolved, truth: notes.truthCount, results: notes.seenCount)
    report.oracleF1 = identityF1(best.frames, truth: notes.truthCount, results: best.boxes)
    return report
  }

  private static func note(_ event: AssociationEvent, _ report: inout WorldReport) {
    switch event {
    case .identityMerged, .identitySplit, .identityReassigned: report.corrections += 1
    default: break
    }
  }

  /// IDF1 (E. Ristani et al., ECCV Workshops 2016) from the numbers of frames that each person and each identity
  /// have in common.
  private static func identityF1(_ common: [Int: [IdentityID: Int]], truth: Int, results: Int) -> Double {
    let people = common.keys.sorted()
    let identities = Set(common.values.flatMap { $0.keys }).sorted()
    guard !people.isEmpty, truth + results > 0 else { return 0 }
    // Only identities that a person shares frames with can be matched, so that components stay small.
    let matched = SparseWorldAssignment.maximumOverlap(common, people: people, identities: identities)
    return 2 * Double(matched) / Double(truth + results)
  }
}

/// The one-to-one matching of people and identities with the most frames in common.
enum SparseWorldAssignment {
  static func maximumOverlap(
    _ common: [Int: [IdentityID: Int]], people: [Int], identities: [IdentityID]
  ) -> Int {
    // Connected components, each solved exactly.
    var peopleOf: [IdentityID: [Int]] = [:]
    for person in people {
      for identity in (common[person] ?? [:]).keys { peopleOf[identity, default: []].append(person) }
    }
    var visited = Set<Int>()
    var total = 0
    for start in people where !visited.contains(start) {
      var component: [Int] = []
      var columns = Set<IdentityID>()
      var queue = [start]
      visited.insert(start)
      while let person = queue.popLast() {
        component.append(person)
        for identity in (common[person] ?? [:]).keys where columns.insert(identity).inserted {
          for other in peopleOf[identity] ?? [] where visited.insert(other).inserted { queue.append(other) }
        }
      }
      let ordered = columns.sorted()
      let highest = Double(component.map { common[$0]?.values.max() ?? 0 }.max() ?? 0) + 1
      let chosen = LinearAssignment.solve(
        rows: component.count, columns: ordered.count, unmatchedCost: highest
      ) { row, column in
        (common[component[row]]?[ordered[column]]).map { highest - Double($0) } ?? .infinity
      }
      for (row, column) in chosen.enumerated() {
        if let column { total += common[component[row]]?[ordered[column]] ?? 0 }
      }
    }
    return total
  }
}
