import Association
import Configuration
import Detection
import Foundation
import Imaging
import Inference
import Media
import Privacy
import Reidentification
import ThroughlineCore
import Tracking

/// What a run is to do: the configuration, checked and turned into the settings of each part.
public struct PipelineSettings: Sendable {
  /// One camera of a run.
  public struct Camera: Sendable {
    /// The camera's name.
    public var name: CameraName
    /// Where its pictures come from.
    public var address: SourceAddress
    /// The smaller stream of the camera in which persons are looked for; `nil` where there is none.
    public var subStream: SourceAddress?
    /// How they are read.
    public var source: FrameSourceOptions
    /// The lens that bends them; `nil` where they are taken as they are.
    public var lens: Lens?
    /// Which detections of persons are reported.
    public var person: DetectorSettings
    /// Which detections of faces are reported.
    public var face: DetectorSettings
    /// The shortest time between two detections, in seconds.
    public var detectionInterval: Double
    /// Whether frames in which nothing has moved are passed on without a detection.
    public var isMotionGated: Bool
    /// How persons are followed.
    public var tracker: TrackerSettings
    /// When the tracker compares looks too.
    public var appearance: AppearanceUse
    /// Which crops are worth an embedding.
    public var judge: CropJudge
    /// When a look is taken.
    public var planner: LookPlanner.Settings
  }

  /// What is written and shown.
  public struct Outputs: Sendable {
    /// The directory of recordings.
    public var recordDirectory: String?
    /// Whether the mosaic is recorded.
    public var recordsMosaic = false
    /// Whether each camera is recorded.
    public var recordsCameras = false
    /// The file of the event log; `-` is standard output.
    public var events: String?
    /// Whether every frame is an event.
    public var frameEvents = true
    /// The file of the report.
    public var report: String?
    /// The file of the run's figures as JSON.
    public var summary: String?
    /// The directory of MOT files.
    public var motDirectory: String?
    /// How long a person may be out of sight for boxes to be filled in, in seconds.
    public var motGap = GapFilling().longest
    /// The file or directory of detections with embeddings; see ``FrameObservation``.
    public var cache: String?
    /// Whether the mosaic is shown in a window.
    public var display = false
    /// The size of the mosaic.
    public var mosaicSize = PictureSize(width: 1280, height: 720)
    /// The rate of the mosaic, in frames per second.
    public var mosaicFrameRate = 15.0
    /// The encoder of recordings.
    public var encoder = VideoRecorderOptions.Encoder.openh264
    /// Whether boxes and identities are drawn.
    public var boxes = true
  }

  /// The cameras.
  public var cameras: [Camera]
  /// Whether files are read as fast as possible, dropping nothing.
  public var isOffline: Bool
  /// How faces are covered.
  public var privacy: PrivacySettings
  /// How identities are decided.
  public var association: AssociationSettings
  /// What is written and shown.
  public var outputs: Outputs
  /// The zoo's names of the networks.
  public var personModel: String
  /// The size of the picture that the person detector sees; `nil` is the zoo's own.
  public var personInputSize: PictureSize?
  /// The zoo's name of the face detector.
  public var faceModel: String
  /// The zoo's name of the re-ID network.
  public var reidentificationModel: String
  /// Where models are kept, instead of the user's cache.
  public var modelDirectory: String?
  /// The runtime's library, instead of the one that is found.
  public var runtimeLibrary: String?
  /// How networks are compiled.
  public var inference: InferenceOptions
  /// In which arithmetic networks are computed.
  public var precision: PrecisionChoice
  /// How networks stand against each other.
  public var scheduling: NetworkScheduling
  /// Whether quality falls under overload and rises again; otherwise frames are lost instead.
  public var adaptsQuality: Bool
  /// The gallery.
  public var gallery: GallerySettings
  /// Whose face is shown while all others are covered, and why.
  public var showOnly: (identity: IdentityID, reason: String)?
  /// What the configuration says about who is found, covered, kept and named, as text: its changes are audited.
  let decisive: [String: String]

  /// Checks a configuration.
  ///
  /// - Parameter environment: where passwords may come from.
  /// - Throws: ``PipelineError/setting(_:)`` for what cannot be met.
  public init(_ configuration: Configuration, environment: [String: String]) throws(PipelineError) {
    decisive = Self.decisive(configuration)
    isOffline = configuration.boolean("input.offline")
    privacy = try Self.privacy(configuration)
    association = AssociationSettings()
    let similarity = configuration.number("association.similarity")
    if similarity > 0 { association.similarity = similarity }
    association.calibratesItself = configuration.boolean("association.calibrate")
    if !configuration.boolean("association.overlapping") { association.defaultOverlap = .disjoint }
    let review = configuration.number("association.review")
    if review > 0 { association.reviewInterval = review } else { association.reviewedTracks = 0 }
    association.reviewsAside = !isOffline
    if isOffline {
      // A recording is decided once more as a whole at its end, so that its tracks are kept until then.
      association.consolidationWindow = .infinity
      association.maximumEndedTracks = Associator.maximumRecordingTracks
    }
    outputs = Self.outputs(configuration)
    personModel = configuration.text("detection.person-model") ?? ""
    personInputSize = try Self.inputSize(configuration.text("detection.input-size") ?? "")
    faceModel = configuration.text("detection.face-model") ?? ""
    reidentificationModel = configuration.text("reidentification.model") ?? ""
    modelDirectory = configuration.text("models.directory")
    runtimeLibrary = configuration.text("inference.library")
    let threads = configuration.integer("inference.threads")
    inference = InferenceOptions(
      device: configuration.text("inference.device") ?? "CPU",
      threads: threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount,
      precision: .float32)
    precision = PrecisionChoice(rawValue: configuration.text("inference.precision") ?? "") ?? .automatic
    scheduling = Self.scheduling(configuration, isOffline: isOffline)
    adaptsQuality = !isOffline && configuration.boolean("scheduler.adapt")
    gallery = try GallerySettings(configuration, environment: environment)
    showOnly = try Self.showOnly(configuration, gallery: gallery)
    cameras = []
    for camera in configuration.cameras {
      cameras += try Self.cameras(camera, in: configuration, isOffline: isOffline, environment: environment)
    }
    var names: Set<CameraName> = []
    for camera in cameras where !names.insert(camera.name).inserted {
      throw .setting(
        "two cameras are named '\(camera.name)'; give each its own name, for example NAME=SOURCE")
    }
    try SiteKnowledge(configuration, cameras: cameras.map(\.name)).apply(to: &association)
    if isOffline, let live = cameras.first(where: { $0.address.isLive }) {
      throw .setting(
        "'\(live.address)' is a live camera and cannot be read with --offline; leave the flag out")
    }
  }

  /// What is to be said at a run's start about recordings that are deleted later; `nil` where none is.
  public var deletionNotice: String? { OutputSinks.deletionNotice(self) }

  /// Paths and where secrets come from are left out: the log outlives them.
  private static func decisive(_ configuration: Configuration) -> [String: String] {
    let sections = ["privacy.", "retention.", "association.", "detection.", "reidentification.", "quality."]
    let names = configuration.schema.keys.map(\.name).filter { name in
      sections.contains { name.hasPrefix($0) } || name == "gallery.naming-purpose"
    }
    return Dictionary(uniqueKeysWithValues: names.map { ($0, configuration.entry($0).value.description) })
  }

  private static func inputSize(_ text: String) throws(PipelineError) -> PictureSize? {
    guard !text.isEmpty else { return nil }
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ (64...4096).contains($0) && $0 % 32 == 0 }) else {
      throw .setting(
        "detection.input-size is '\(text)'; write WIDTHxHEIGHT, both multiples of 32 from 64 to 4096, for example 960x736"
      )
    }
    return PictureSize(width: sides[0], height: sides[1])
  }

  private static func privacy(_ configuration: Configuration) throws(PipelineError) -> PrivacySettings {
    do {
      let covering = try FaceCovering(
        name: configuration.text("privacy.faces") ?? "blur", reason: configuration.text("privacy.reason"))
      return try PrivacySettings(
        faces: covering, margin: configuration.number("privacy.margin"),
        hold: configuration.number("privacy.hold"),
        personScore: configuration.number("privacy.person-score"),
        faceScore: configuration.number("privacy.face-score"),
        crowdInterval: configuration.number("privacy.crowd-look"))
    } catch { throw .setting("\(error)") }
  }

  private static func scheduling(_ configuration: Configuration, isOffline: Bool) -> NetworkScheduling {
    var scheduling = NetworkScheduling()
    scheduling.ageing = configuration.number("scheduler.ageing")
    scheduling.policies = NetworkScheduling.networks.map { network in
      func number(_ key: String) -> Double { configuration.number("scheduler.\(network)-\(key)") }
      let patience = number("deadline")
      return NetworkPolicy(
        name: network, priority: configuration.integer("scheduler.\(network)-priority"),
        maximumWaiting: 256, threshold: configuration.integer("scheduler.\(network)-threshold"),
        timeout: UInt64(number("timeout") * 1e9),
        batchLimit: configuration.integer("scheduler.\(network)-batch"),
        patience: isOffline || patience <= 0 ? nil : UInt64(patience * 1e9))
    }
    return scheduling
  }

  private static func showOnly(
    _ configuration: Configuration, gallery: GallerySettings
  ) throws(PipelineError) -> (identity: IdentityID, reason: String)? {
    let number = configuration.integer("privacy.show-only")
    guard number > 0 else { return nil }
    guard let reason = configuration.text("privacy.reason"), !reason.allSatisfy(\.isWhitespace) else {
      throw .setting("\(PrivacyError.missingReason("privacy.show-only"))")
    }
    guard gallery.file != nil else {
      throw .setting(
        "privacy.show-only shows a person whom a gallery knows; name it with --gallery FILE: without one, "
          + "number \(number) would be somebody else")
    }
    return (IdentityID(UInt64(number)), reason)
  }

  private static func outputs(_ configuration: Configuration) -> Outputs {
    var outputs = Outputs()
    outputs.recordDirectory = configuration.text("output.record")
    let layout = configuration.text("output.record-layout")
    if outputs.recordDirectory != nil {
      outputs.recordsMosaic = layout != "cameras"
      outputs.recordsCameras = layout != "mosaic"
    }
    outputs.events = configuration.text("output.events")
    outputs.frameEvents = configuration.boolean("output.frame-events")
    outputs.report = configuration.text("output.report")
    outputs.summary = configuration.text("output.summary")
    outputs.motDirectory = configuration.text("output.mot")
    outputs.motGap = configuration.number("output.mot-gap")
    outputs.cache = configuration.text("output.cache")
    outputs.display = configuration.boolean("output.display")
    outputs.mosaicSize = PictureSize(
      width: configuration.integer("output.mosaic-width") & ~1,
      height: configuration.integer("output.mosaic-height") & ~1)
    outputs.mosaicFrameRate = configuration.number("output.frame-rate")
    outputs.encoder = configuration.text("output.encoder") == "x264" ? .x264 : .openh264
    outputs.boxes = configuration.boolean("output.boxes")
    return outputs
  }

  /// A folder is as many cameras as it has videos.
  private static func cameras(
    _ camera: CameraConfiguration, in configuration: Configuration, isOffline: Bool,
    environment: [String: String]
  ) throws(PipelineError) -> [Camera] {
    let addresses: [SourceAddress]
    do { addresses = try SourceAddress.expand(camera.source) } catch {
      throw .setting("\(camera.name): \(error)")
    }
    let name = camera.name
    func number(_ key: String) -> Double { configuration.number(key, camera: name) }

    var source = FrameSourceOptions()
    source.pacing = isOffline ? .offline : .realTime
    source.loopCount = configuration.integer("input.loop", camera: name)
    let rate = number("camera.frame-rate")
    if rate > 0 { source.recordedFrameRate = rate }
    source.transport =
      FrameSourceOptions.Transport(rawValue: configuration.text("camera.transport", camera: name) ?? "")
      ?? .auto
    source.user = configuration.text("camera.user", camera: name)
    source.password = try password(of: name, in: configuration, environment: environment)
    source.verifiesCertificate = configuration.text("camera.certificate", camera: name) != "accept"
    source.certificateFile = try certificateFile(of: name, in: configuration)
    source.usesSenderClock = configuration.text("camera.clock", camera: name) != "arrival"
    source.readTimeout = number("camera.timeout")
    source.connectionTimeout = 2 * source.readTimeout
    let attempts = configuration.integer("camera.attempts", camera: name)
    source.maximumInitialAttempts = attempts > 0 ? attempts : nil

    let lens = try lens(of: name, in: configuration)
    let subStream = try subStream(of: camera.name, in: configuration, isOffline: isOffline)
    guard subStream == nil || addresses.count == 1 else {
      throw .setting(
        "camera '\(name)' is a folder of videos, which has no sub-stream; leave camera.sub-stream out")
    }
    var tracker = TrackerSettings()
    let threshold = number("detection.person-threshold")
    tracker.highScore = threshold
    tracker.newScore = threshold
    tracker.lowScore = min(number("detection.floor"), threshold)
    tracker.keepNew = number("tracker.keep-new")
    tracker.keepTracked = number("tracker.keep-tracked")
    tracker.keepLost = number("tracker.keep-lost")

    let appearance =
      AppearanceUse(rawValue: configuration.text("tracker.appearance", camera: name) ?? "") ?? .ambiguous

    var planner = LookPlanner.Settings()
    planner.refresh = number("quality.refresh")
    var person = DetectorSettings.person
    person.scoreFloor = tracker.lowScore
    person.overlap = number("detection.overlap")
    var face = DetectorSettings.face
    // A weaker face is not believed, but covering it costs nothing.
    face.scoreFloor = min(
      face.scoreFloor, number("detection.face-threshold"), number("privacy.face-score"))
    let judge = CropJudge(minimum: number("quality.minimum"), minimumHeight: number("quality.minimum-height"))

    if source.transport == .udp, (addresses + [subStream].compactMap(\.self)).contains(where: \.isSecure) {
      throw .setting(
        "camera '\(name)': camera.transport: udp would send the pictures of an rtsps:// camera unencrypted; leave it out"
      )
    }
    return addresses.map { address in
      let ownName = addresses.count == 1 ? name : CameraName(sanitizing: "\(name)-\(address.suggestedName)")
      return Camera(
        name: ownName, address: address, subStream: subStream, source: source, lens: lens, person: person,
        face: face,
        detectionInterval: number("detection.interval"),
        isMotionGated: !isOffline && configuration.boolean("detection.motion-gate", camera: name),
        tracker: tracker, appearance: appearance, judge: judge, planner: planner)
    }
  }

  private static func subStream(
    of camera: CameraName, in configuration: Configuration, isOffline: Bool
  ) throws(PipelineError) -> SourceAddress? {
    guard let text = configuration.text("camera.sub-stream", camera: camera) else { return nil }
    guard !isOffline else {
      throw .setting(
        "camera '\(camera)': a sub-stream belongs to a live camera; leave out either --offline or camera.sub-stream"
      )
    }
    let others = configuration.cameras.filter { $0.name != camera }.map {
      configuration.text("camera.sub-stream", camera: $0.name)
    }
    guard !others.contains(text) else {
      throw .setting(
        "two cameras have the sub-stream of '\(camera)'; name each camera's own one below its name in the configuration file"
      )
    }
    do { return try SourceAddress(parsing: text) } catch {
      throw .setting("camera '\(camera)': camera.sub-stream: \(error)")
    }
  }

  private static func certificateFile(
    of camera: CameraName, in configuration: Configuration
  ) throws(PipelineError) -> String? {
    guard let file = configuration.text("camera.certificate-file", camera: camera) else { return nil }
    guard configuration.text("camera.certificate", camera: camera) != "accept" else {
      throw .setting(
        "camera '\(camera)': camera.certificate: accept takes any certificate, so camera.certificate-file says nothing; leave one of them out"
      )
    }
    guard let text = try? String(contentsOfFile: file, encoding: .utf8),
      text.contains("BEGIN CERTIFICATE")
    else {
      throw .setting(
        "camera '\(camera)': '\(file)' cannot be read or holds no certificate; camera.certificate-file is a PEM file"
      )
    }
    return file
  }

  private static func password(
    of camera: CameraName, in configuration: Configuration, environment: [String: String]
  ) throws(PipelineError) -> String? {
    if let variable = configuration.text("camera.password-environment", camera: camera) {
      guard let password = environment[variable], !password.isEmpty else {
        throw .setting(
          "camera '\(camera)': the environment variable \(variable) with its password is not set")
      }
      return password
    }
    if let file = configuration.text("camera.password-file", camera: camera) {
      guard let text = try? String(contentsOfFile: file, encoding: .utf8),
        let line = text.split(separator: "\n").first, !line.isEmpty
      else {
        throw .setting("camera '\(camera)': the password file '\(file)' is missing, unreadable or empty")
      }
      return String(line)
    }
    return nil
  }
}
