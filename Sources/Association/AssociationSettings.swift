import ThroughlineCore

/// What is known about the fields of view of two cameras.
public enum CameraOverlap: String, Sendable, Codable {
  /// Learned from confident matches.
  case learned
  /// They see a common part of the floor, so that one person can be in both at once.
  case overlapping
  /// They share nothing, so that nobody is in both at once.
  case disjoint
}

/// Two cameras without an order.
public struct CameraPair: Hashable, Sendable, Comparable {
  /// The camera whose name comes first.
  public let first: CameraName
  /// The other one.
  public let second: CameraName

  /// A pair in either order; both may be the same camera.
  public init(_ one: CameraName, _ other: CameraName) {
    first = min(one, other)
    second = max(one, other)
  }

  /// Orders by the first, then by the second name.
  public static func < (left: CameraPair, right: CameraPair) -> Bool {
    (left.first, left.second) < (right.first, right.second)
  }
}

/// How identities are decided. All times are in seconds.
public struct AssociationSettings: Sendable, Hashable {
  /// The cosine similarity of two looks at which "same person" and "another person" are equally likely;
  /// `nil` leaves it to the calibration.
  public var similarity: Double?
  /// Whether the calibration learns from the footage as it comes in.
  public var calibratesItself: Bool
  /// What every pair of cameras is unless ``overlaps`` says otherwise.
  public var defaultOverlap: CameraOverlap
  /// What is known of single pairs of cameras.
  public var overlaps: [CameraPair: CameraOverlap]
  /// The shortest time from leaving one camera to appearing in another, where it is known.
  public var minimumTransitions: [CameraPair: Double]
  /// Named parts of cameras' pictures, to which ``transitions`` refer.
  public var regions: [CameraName: [String: PictureRegion]]
  /// What is known of the ways between cameras: weighed together with the looks, never against all of them.
  public var transitions: [CameraTransition]
  /// How far two cameras' clocks may differ.
  public var clockTolerance: Double
  /// How often the undecided and the live tracks are decided anew.
  public var decisionInterval: Double
  /// The evidence, as a sum of the looks' qualities, from which on a track can be decided.
  public var minimumEvidence: Double
  /// After this long a track with at least one look is decided on what there is.
  public var patience: Double
  /// The probability that an assignment needs in order to be made.
  public var assignmentProbability: Double
  /// The probability from which on an assignment counts as sure.
  public var sureProbability: Double
  /// The probability of being nobody known from which on a track becomes a new identity before ``patience`` is over.
  public var creationProbability: Double
  /// How much better (natural logarithm of the odds) another identity must be for a decided track to change.
  public var hysteresis: Double
  /// How often recent tracks are clustered anew.
  public var consolidationInterval: Double
  /// How long ended tracks take part in the consolidation.
  public var consolidationWindow: Double
  /// How often, in a live run, the latest tracks are reviewed: decided once more with all of them known at once.
  public var reviewInterval: Double
  /// How many tracks a review takes in, the latest ones; 0 leaves reviews out.
  public var reviewedTracks: Int
  /// Whether reviews are solved by the caller, on another thread (``Associator/takeReview()``), and not within an update.
  public var reviewsAside: Bool
  /// A track that was not reported for this long is over.
  public var trackTimeout: Double
  /// How often an open sighting's end is written.
  public var sightingInterval: Double
  /// How many ended tracks are remembered.
  public var maximumEndedTracks: Int
  /// How many identities a track is compared with.
  public var maximumCandidates: Int
  /// How many cameras are served; updates of further ones are refused.
  public var maximumCameras: Int

  /// Settings that suit most sites; every value can be changed afterwards.
  public init() {
    similarity = nil
    calibratesItself = true
    defaultOverlap = .learned
    overlaps = [:]
    minimumTransitions = [:]
    regions = [:]
    transitions = []
    clockTolerance = 0.5
    decisionInterval = 0.4
    minimumEvidence = 1.2
    patience = 1.5
    assignmentProbability = 0.6
    sureProbability = 0.9
    creationProbability = 0.97
    hysteresis = 3
    consolidationInterval = 5
    consolidationWindow = 600
    reviewInterval = 10
    reviewedTracks = 300
    reviewsAside = false
    trackTimeout = 10
    sightingInterval = 1
    maximumEndedTracks = 2000
    maximumCandidates = 64
    maximumCameras = 1024
  }

  /// What is known about two different cameras.
  public func overlap(of one: CameraName, and other: CameraName) -> CameraOverlap {
    overlaps[CameraPair(one, other)] ?? defaultOverlap
  }
}
