import ThroughlineCore

/// How a simulated world is built. Lengths are in metres, times in seconds.
public struct WorldSettings: Sendable, Hashable {
  /// The same seed gives the same world.
  public var seed: UInt64 = 1
  /// How many cameras look at the floor.
  public var cameraCount = 4
  /// How many people there are in all.
  public var personCount = 10
  /// How long it lasts.
  public var duration = 60.0
  /// Frames per second of every camera.
  public var frameRate = 5.0
  /// The share of cameras that look at the same part of the floor as the camera before them, from the other
  /// side.
  public var overlapShare = 0.0
  /// The share of the whole time that a person is there, in one or two visits.
  public var presence = 0.4
  /// How far neighbouring fields of view lie apart, centre to centre.
  public var spacing = 14.0
  /// The side of a camera's square field of view.
  public var viewSide = 8.0
  /// The probability that a visible person is missed in a frame.
  public var missRate = 0.05
  /// Of a person covered by others to this share nothing is detected.
  public var occlusionCoverage = 0.6
  /// The mean number of times per minute that a track breaks without reason.
  public var breaksPerMinute = 0.5
  /// How long a tracker keeps a person that it does not see.
  public var keepLost = 1.0
  /// Each camera's clock is off by up to this much, either way.
  public var clockSkew = 0.0
  /// The share of people who wear the same.
  public var uniformShare = 0.0
  /// How embeddings come about.
  public var appearance = AppearanceSettings()

  /// A small world with defaults.
  public init() {}
}

/// How a person's embeddings come about: shares of the squared length of a vector, which add up to about 1.
///
/// The defaults give the figures measured for person-reidentification-retail-0287 on two cameras: about 0.7 for
/// two looks of one track, 0.5 for one person in two cameras, 0.1 for two people.
public struct AppearanceSettings: Sendable, Hashable {
  /// The number of elements.
  public var dimension = 128
  /// In how many directions people differ; fewer make them more alike.
  public var personDimensions = 32
  /// What all persons have in common.
  public var common = 0.08
  /// What distinguishes a person.
  public var person = 0.45
  /// The camera's colour cast and angle.
  public var camera = 0.07
  /// The side from which the person is seen (front, back, left, right).
  public var view = 0.08
  /// What is constant within a track, such as light and pose.
  public var track = 0.05
  /// What changes from look to look.
  public var noise = 0.27
  /// How much the noise differs between looks: the deviation of its logarithm.
  public var noiseSpread = 0.5
  /// How much of a uniform wearer's own vector is that of the uniform, 0...1.
  public var uniformity = 0.9
  /// The time between looks of one track, in seconds; the first three come three times as fast.
  public var lookInterval = 2.0

  /// The measured defaults.
  public init() {}
}

/// One frame of a simulated camera: what a tracker and an embedder would report, and the truth.
public struct WorldFrame: Sendable {
  /// Which camera.
  public var camera: CameraName
  /// Counted from 1 within the camera.
  public var number: Int
  /// By the camera's own clock.
  public var time: Timestamp
  /// What a detector would find, in the order of ``people``.
  public var detections: [Detection]
  /// The person behind each detection, counted from 0.
  public var people: [Int]
  /// What a tracker would report: tracks seen, lost and, once, ended.
  public var tracks: [Track]
  /// The looks taken of them.
  public var looks: [TrackID: Look]
  /// Everybody in the field of view, whether detected or not.
  public var truth: [(person: Int, box: BoundingBox)]
  /// The person behind each seen track.
  public var owners: [TrackID: Int]
}
