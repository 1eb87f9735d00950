import ThroughlineCore
import Tracking

extension [MOTEntry] {
  /// The entries of one camera together with those of the frames in which somebody was not seen for a short while.
  /// Their visible share is 0.
  ///
  /// - Parameters:
  ///   - filling: which gaps are filled.
  ///   - cuts: the numbers of frames before which no gap begins that ends after them.
  ///   - time: the time of a frame by its number; what is at an unknown time is left as it is.
  public func fillingGaps(
    _ filling: GapFilling, cuts: [Int] = [], time: (Int) -> Timestamp?
  ) -> [MOTEntry] {
    guard filling.longest > 0 else { return inOrder }
    var cuts = cuts.sorted()[...]
    var latest: [Int: (entry: MOTEntry, observation: GapFilling.Observation)] = [:]
    var filled: [MOTEntry] = []
    for entry in sorted(by: { $0.frame < $1.frame }) {
      guard let moment = time(entry.frame) else { continue }
      while let cut = cuts.first, cut <= entry.frame {
        latest.removeAll()
        cuts.removeFirst()
      }
      let observation = GapFilling.Observation(frame: entry.frame, time: moment, box: entry.box)
      if let before = latest[entry.id] {
        filled += filling.boxes(between: before.observation, and: observation).map {
          MOTEntry(
            frame: $0.frame, id: entry.id, box: $0.box, score: Swift.min(before.entry.score, entry.score),
            visibility: 0)
        }
      }
      latest[entry.id] = (entry, observation)
    }
    return (self + filled).inOrder
  }

  private var inOrder: [MOTEntry] {
    sorted { ($0.frame, $0.id, $0.box.x) < ($1.frame, $1.id, $1.box.x) }
  }
}
