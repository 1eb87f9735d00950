import ThroughlineCore
import Tracking

/// The detections of one frame, for replay.
public struct DetectionFrame: Sendable, Hashable {
  /// The frame, counted from 1.
  public var number: Int
  /// Its time.
  public var time: Timestamp
  /// What was detected, in source pixels.
  public var detections: [Detection]
  /// One embedding or `nil` for each detection; or empty.
  public var appearances: [Embedding?]

  /// A frame by its parts.
  public init(number: Int, time: Timestamp, detections: [Detection], appearances: [Embedding?] = []) {
    self.number = number
    self.time = time
    self.detections = detections
    self.appearances = appearances
  }

  /// Frames from a MOT file of detections. Frames without detections are filled in.
  ///
  /// - Parameters:
  ///   - entries: the file's entries.
  ///   - rate: frames per second.
  ///   - scores: makes a score of 0...1 from the seventh column.
  ///   - frames: the number of frames; where `nil`, up to the last one with a detection.
  public static func frames(
    from entries: [MOTEntry], rate: Double, scores: (Double) -> Double = { min(max($0, 0), 1) },
    count frames: Int? = nil
  ) -> [DetectionFrame] {
    let byFrame = Dictionary(grouping: entries, by: \.frame)
    let last = min(frames ?? byFrame.keys.max() ?? 0, MOTText.largestFrame)
    guard last > 0, rate > 0 else { return [] }
    // A file may name a far frame; empty frames after the last detection of a long gap carry nothing.
    guard last < 10_000_000 else { return [] }
    return (1...last).map { number in
      DetectionFrame(
        number: number, time: Timestamp(seconds: Double(number - 1) / rate),
        detections: (byFrame[number] ?? []).map {
          Detection(box: $0.box, category: .person, score: scores($0.score))
        })
    }
  }
}

/// Runs trackers over recorded detections.
public enum TrackerReplay {
  /// What a replay reports of each track.
  public enum Reporting: Sendable {
    /// What was seen, of tracks that were believed sooner or later: what a recording's result holds.
    case observed
    /// What was seen while the track was believed: what is known at the moment.
    case observedOnline
  }

  /// Follows the persons in recorded detections.
  ///
  /// - Returns: one entry per observation; id = track number.
  public static func run(
    _ tracker: Tracker, over frames: [DetectionFrame], reporting: Reporting = .observed
  ) throws(TrackerError) -> [MOTEntry] {
    var tracker = tracker
    var collected = Collected()
    for frame in frames {
      let tracks = try tracker.update(
        detections: frame.detections, at: frame.time, appearances: frame.appearances)
      collected.add(tracks, frame: frame.number, reporting: reporting)
    }
    return collected.believed
  }

  /// The same with the reference's tracker.
  public static func run(
    _ tracker: ReferenceTracker, over frames: [DetectionFrame], reporting: Reporting = .observed
  ) -> [MOTEntry] {
    var tracker = tracker
    var collected = Collected()
    for frame in frames {
      collected.add(
        tracker.update(detections: frame.detections, at: frame.time), frame: frame.number,
        reporting: reporting)
    }
    return collected.believed
  }

  private struct Collected {
    private var entries: [MOTEntry] = []
    private var numbers = Set<Int>()

    mutating func add(_ tracks: [Track], frame: Int, reporting: Reporting) {
      for track in tracks {
        let id = Int(clamping: track.id.number)
        if track.state != .tentative { numbers.insert(id) }
        guard track.isObserved, reporting == .observed || track.state != .tentative else { continue }
        entries.append(MOTEntry(frame: frame, id: id, box: track.box, score: track.score))
      }
    }

    var believed: [MOTEntry] { entries.filter { numbers.contains($0.id) } }
  }
}
