/// How a source is.
public struct SourceStatus: Sendable, Hashable, CustomStringConvertible {
  /// Where a source stands.
  public enum Phase: String, Sendable, Hashable, Codable {
    /// Not started.
    case idle
    /// A connection is being made, or will be tried again.
    case connecting
    /// Frames come.
    case live
    /// Connected, but no frames come.
    case stalled
    /// The camera wants another user name or password.
    case unauthorised
    /// The stream cannot be decoded.
    case unsupported
    /// All frames were delivered, or the source was stopped.
    case ended
    /// The source gave up.
    case failed
  }

  /// Where the source stands.
  public var phase: Phase
  /// Why; with ``Phase/ended`` a warning about frames that are missing.
  public var problem: SourceProblem?
  /// In how many seconds the next attempt is made, where there will be one.
  public var retryDelay: Double?

  /// A status by its parts.
  public init(_ phase: Phase, problem: SourceProblem? = nil, retryDelay: Double? = nil) {
    self.phase = phase
    self.problem = problem
    self.retryDelay = retryDelay
  }

  /// Whether no frame will ever follow.
  public var isFinal: Bool {
    switch phase {
    case .ended, .failed: true
    case .unauthorised, .unsupported: retryDelay == nil
    case .idle, .connecting, .live, .stalled: false
    }
  }

  /// One line.
  public var description: String {
    var line = phase.rawValue
    if let problem { line += " (\(problem.message))" }
    if let retryDelay { line += ", next attempt in \((retryDelay * 10).rounded() / 10) s" }
    return line
  }
}

/// What a source has done so far.
public struct SourceStatistics: Sendable, Hashable {
  /// Frames handed over.
  public var frames: UInt64 = 0
  /// Frames of a camera that were decoded and not fetched in time.
  public var dropped: UInt64 = 0
  /// Frames that could not be used (no memory, an impossible size).
  public var unusable: UInt64 = 0
  /// How often a connection was lost or could not be made.
  public var interruptions: UInt64 = 0
  /// How often a file began again.
  public var loops: UInt64 = 0
  /// How much of a file was handed over, all its plays together, 0...1; `nil` for a camera and where a file does not
  /// tell its length.
  public var share: Double?
  /// Whether an RTSP camera is read, or tried, by UDP.
  public var usesUDP = false

  /// Frames whose time is that of the camera's own clock (RTCP sender reports).
  public var timedBySender: UInt64 = 0
  /// How far the camera's clock is ahead of the wall clock at a frame's arrival, in seconds: below zero by what network
  /// and decoder took where both clocks are right. `nil` where the camera tells no time.
  public var clockOffset: Double?

  /// Nothing yet.
  public init() {}
}
