import Imaging
import ThroughlineCore

/// Decides for one camera whether a frame needs the detectors at all: where nothing has moved since the last frame that
/// they saw, what they found there still holds.
///
/// Compared is with the last frame that was looked at, never with the previous one, so that somebody who creeps is seen
/// as well. It also knows a camera whose picture stands still to the last bit, or is black.
struct MotionGate {
  /// What the rules are.
  struct Settings: Sendable, Hashable {
    /// A block has changed where its mean differs by more than so many grey steps.
    var threshold = 3.0
    /// So many changed blocks are motion.
    var blocks = 1
    /// The detectors look again after so many seconds, whatever has moved.
    var refresh = 1.0
    /// A picture that is the same to the last bit for so many seconds is frozen: a living sensor has noise.
    var frozenAfter = 10.0
    /// A picture without a block brighter than this (as luma samples say it) is black.
    var blackBelow = 24.0
    /// For so many seconds, before it is said.
    var blackAfter = 10.0
  }

  /// What is wrong with the picture itself.
  enum Condition: String, Sendable, Hashable {
    /// Nothing.
    case good
    /// It has not changed by a bit for too long.
    case frozen
    /// It has shown nothing but black for too long.
    case black
  }

  private let settings: Settings
  private var current = LumaBlocks()
  private var previous = LumaBlocks()
  private var seen = LumaBlocks()
  private var lastSeen: Timestamp?
  private var sameSince: Timestamp?
  private var blackSince: Timestamp?
  /// What is wrong with the picture itself.
  private(set) var condition = Condition.good

  init(settings: Settings = Settings()) { self.settings = settings }

  /// Reads a frame.
  ///
  /// - Returns: whether something has moved since the frame that was looked at last, or that was too long ago.
  mutating func needsLook(_ picture: Picture, at time: Timestamp) -> Bool {
    swap(&previous, &current)
    current.read(picture)
    judge(at: time)
    guard let lastSeen else { return true }
    let elapsed = time.seconds(since: lastSeen)
    if elapsed < 0 || elapsed >= settings.refresh { return true }
    return current.changedBlocks(since: seen, threshold: settings.threshold) >= settings.blocks
  }

  /// Notes that the detectors saw the frame that was read last.
  mutating func noteLook(at time: Timestamp) {
    seen = current
    lastSeen = time
  }

  /// Forgets what the camera showed, after a cut.
  mutating func reset() {
    lastSeen = nil
    sameSince = nil
    blackSince = nil
  }

  private mutating func judge(at time: Timestamp) {
    let isSame = current.changedBlocks(since: previous, threshold: 0) == 0
    sameSince = isSame ? sameSince ?? time : nil
    blackSince = current.brightest < settings.blackBelow ? blackSince ?? time : nil
    if let blackSince, time.seconds(since: blackSince) >= settings.blackAfter {
      condition = .black
    } else if let sameSince, time.seconds(since: sameSince) >= settings.frozenAfter {
      condition = .frozen
    } else {
      condition = .good
    }
  }
}
