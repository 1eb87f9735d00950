import ThroughlineCore

/// How much work a run may do per frame, and how that falls and rises with the load. Pure: moments come in.
///
/// Under overload quality falls step by step in a stated order: looks at known persons become rarer, then cameras where
/// nobody is are looked at less often, then the others, and at last the detectors see smaller pictures. After a calm
/// time it rises by one step; a step that had to be taken back at once is tried again later and later.
struct QualityController: Sendable {
  /// One step of quality, from full to least.
  enum Level: Int, Sendable, CaseIterable, Comparable {
    /// Everything, on every frame where there is time.
    case full
    /// Looks at persons who are known are taken four times as rarely.
    case rareLooks
    /// Cameras where nobody is followed are looked at five times a second.
    case rareQuiet
    /// Every camera is looked at fifteen times a second.
    case half
    /// Every camera is looked at ten times a second, and the tracker goes by places alone.
    case third
    /// The detectors see smaller pictures.
    case smallInput

    static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// What the rules are. Times are in seconds.
  struct Settings: Sendable, Hashable {
    /// A detection that comes later than this after its frame is a sign of overload.
    var lateDetection = 0.09
    /// A detection that comes later than this does not count as calm.
    var calmDetection = 0.06
    /// The share of the processor above which the next better step is not tried.
    var calmLoad = 0.75
    /// How long signs of overload must last.
    var patience = 0.5
    /// How long it must be calm before quality rises.
    var recovery = 4.0
    /// The longest time of calm that is asked for after failed attempts.
    var longestRecovery = 60.0
    /// The last step that may be taken.
    var lowest = Level.smallInput
  }

  private let settings: Settings
  /// The step in force.
  private(set) var level: Level
  private var lateSince: Timestamp?
  private var calmSince: Timestamp?
  private var lastRise: Timestamp?
  private var lastFall: Timestamp?
  private var recovery: Double
  /// How often quality fell.
  private(set) var falls = 0

  init(settings: Settings = Settings(), level: Level = .full) {
    self.settings = settings
    self.level = min(level, settings.lowest)
    recovery = settings.recovery
  }

  /// Takes in what was measured since the last call.
  ///
  /// - Parameters:
  ///   - delay: the typical time from a frame's arrival to its detection on the slowest camera, in seconds; `nil` where
  ///     nothing was detected.
  ///   - dropped: whether a frame was lost or a detection given up.
  ///   - isOutputBehind: whether recordings would soon lack frames: they have what the rest leaves of the processor.
  ///   - load: the share of the processor in use, 0...1.
  ///   - time: now.
  mutating func note(
    delay: Double?, dropped: Bool, isOutputBehind: Bool = false, load: Double, at time: Timestamp
  ) {
    let isLate = dropped || isOutputBehind || (delay ?? 0) > settings.lateDetection
    let isCalm = !isLate && (delay ?? 0) < settings.calmDetection && load < settings.calmLoad
    lateSince = isLate ? lateSince ?? time : nil
    calmSince = isCalm ? calmSince ?? time : nil
    if let lateSince, time.seconds(since: lateSince) >= settings.patience {
      fall(at: time)
    } else if let calmSince, time.seconds(since: calmSince) >= recovery {
      rise(at: time)
    }
  }

  private mutating func fall(at time: Timestamp) {
    lateSince = nil
    calmSince = nil
    if let lastRise, time.seconds(since: lastRise) < recovery {
      recovery = min(settings.longestRecovery, recovery * 2)
    }
    lastRise = nil
    lastFall = time
    guard level < settings.lowest, let next = Level(rawValue: level.rawValue + 1) else { return }
    level = next
    falls += 1
  }

  private mutating func rise(at time: Timestamp) {
    calmSince = nil
    if lastRise != nil { recovery = max(settings.recovery, recovery / 2) }
    guard let next = Level(rawValue: level.rawValue - 1) else { return }
    level = next
    lastRise = time
  }
}

/// What a step of quality means for one camera.
struct LaneQuality: Sendable, Hashable {
  /// The shortest time between two detections while somebody is followed, in seconds.
  var busyInterval = 0.0
  /// The same while nobody is.
  var quietInterval = 0.0
  /// How far apart detections are meant to be on average while somebody is followed, in seconds.
  var busyPeriod = 0.0
  /// The same while nobody is.
  var quietPeriod = 0.0
  /// By how much looks at known persons are put off.
  var refreshFactor = 1.0
  /// Whether the tracker may compare looks where places leave a doubt. A processor that cannot look ten times a second has
  /// better use for its time: seldom looked at, everybody is in doubt.
  var comparesLooks = true
  /// Whether the detectors see smaller pictures.
  var usesSmallInput = false
  /// How many parts of the picture are looked at closely after a detection, at most. Those that have not been looked at
  /// stay covered.
  var closeLooks = 4
  /// By how much close looks at parts that are known are put off.
  var closeLookFactor = 1.0

  /// What a step means.
  ///
  /// - Parameter interval: the shortest time between two detections that the configuration allows, in seconds.
  init(_ level: QualityController.Level = .full, interval: Double = 0) {
    // A frame of a 30 FPS camera may come a little early; half a frame of grace keeps every second and third frame.
    busyInterval = max(interval, level >= .third ? 0.075 : level >= .half ? 0.05 : 0)
    quietInterval = max(busyInterval, level >= .rareQuiet ? 0.18 : 0)
    busyPeriod = max(interval, level >= .third ? 0.1 : level >= .half ? 1.0 / 15 : 0)
    quietPeriod = max(busyPeriod, level >= .rareQuiet ? 0.2 : 0)
    refreshFactor = level >= .rareLooks ? 4 : 1
    comparesLooks = level < .third
    usesSmallInput = level >= .smallInput
    closeLooks = level >= .half ? 1 : 4
    closeLookFactor = level >= .third ? 3 : 1
  }

  /// From when on the interval to the next detection counts.
  ///
  /// A detection that had to wait for its turn is late by a frame or two; counted from when it was meant to be, the next
  /// one comes earlier and the average holds. One that is later than a whole period makes up for nothing: there is too
  /// little time then.
  ///
  /// - Parameters:
  ///   - time: the frame that was looked at.
  ///   - last: what this said of the detection before; `nil` for the first one.
  ///   - hasSomebody: whether somebody was followed.
  func start(of time: Timestamp, after last: Timestamp?, hasSomebody: Bool) -> Timestamp {
    guard let last else { return time }
    let period = hasSomebody ? busyPeriod : quietPeriod
    let late = time.seconds(since: last) - period
    return late > 0 && late <= period ? last.advanced(bySeconds: period) : time
  }
}
