extension ConfigurationSchema {
  /// The keys of the program.
  public static let standard = ConfigurationSchema(
    keys: cameraKeys + lensKeys + detectionKeys + trackerKeys + identityKeys + retentionKeys + privacyKeys
      + outputKeys
      + schedulerKeys
      + runtimeKeys)

  private static let any = 0...1_000_000.0
  private static let share = 0...1.0

  private static let cameraKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "input.offline", .boolean, .boolean(false), alias: "offline",
      "Read files as fast as the machine can and drop nothing; without it files play in real time as cameras do."
    ),
    ConfigurationKey(
      "input.loop", .integer(1...1_000_000), .integer(1), alias: "loop", perCamera: true,
      "Play a file this many times; a loop is a cut in time, not a new person."),
    ConfigurationKey(
      "camera.frame-rate", .number(0...240), .number(0), unit: "frames per second", perCamera: true,
      "The rate at which a file was recorded, where the file says something else; 0 believes the file."),
    ConfigurationKey(
      "camera.transport", .choice(["auto", "tcp", "udp"]), .text("auto"), perCamera: true,
      "How RTSP pictures travel; auto tries TCP first."),
    ConfigurationKey(
      "camera.user", .text, .text(""), perCamera: true, "The user name for a camera that wants one."),
    ConfigurationKey(
      "camera.password-environment", .text, .text(""), perCamera: true,
      "The environment variable that holds the camera's password."),
    ConfigurationKey(
      "camera.password-file", .path, .text(""), perCamera: true,
      "The file whose first line is the camera's password."),
    ConfigurationKey(
      "camera.certificate", .choice(["verify", "accept"]), .text("verify"), perCamera: true,
      "Whether the certificate of an rtsps:// camera must be one that this machine trusts, or that of camera.certificate-file, and be made out to the address; accept takes any, so that the stream is encrypted but nobody knows for whom."
    ),
    ConfigurationKey(
      "camera.certificate-file", .path, .text(""), perCamera: true,
      "A PEM file with the camera's own certificate, or that of the authority that signed it; then only this is trusted."
    ),
    ConfigurationKey(
      "camera.sub-stream", .text, .text(""), perCamera: true,
      "The address of a smaller stream of the same camera and view: persons are looked for there, and the camera's own stream is read only where each camera is recorded (output.record-layout), covered by what was found in the smaller one."
    ),
    ConfigurationKey(
      "camera.clock", .choice(["auto", "arrival"]), .text("auto"), perCamera: true,
      "When an RTSP camera's pictures were taken: auto believes the camera's own clock where its RTCP sender reports tell it and it is less than five seconds wrong; arrival takes the time at which they arrive."
    ),
    ConfigurationKey(
      "camera.timeout", .number(0.5...120), .number(5), unit: "seconds", perCamera: true,
      "A camera that sends no picture for so long is stalled and is connected again."),
    ConfigurationKey(
      "camera.attempts", .integer(0...1_000_000), .integer(0), perCamera: true,
      "So often a camera that has never sent a picture is tried before it is given up; 0 tries for ever."),
  ]

  private static let detectionKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "detection.person-model", .text, .text("default"),
      "The zoo's model that finds persons; default is the one that the zoo marks so."),
    ConfigurationKey(
      "detection.input-size", .text, .text(""), unit: "WIDTHxHEIGHT",
      "The size of the picture that the person detector sees, multiples of 32, for example 960x736 for small people; without it the zoo's own. Networks that the zoo converts to a fixed size keep that."
    ),
    ConfigurationKey(
      "detection.face-model", .text, .text("default"), "The zoo's model that finds faces."),
    ConfigurationKey(
      "detection.person-threshold", .number(share), .number(0.4), perCamera: true,
      "The lowest score at which a person may begin a track."),
    ConfigurationKey(
      "detection.face-threshold", .number(share), .number(0.5), perCamera: true,
      "The lowest score at which a face is bound to a person; weaker ones are covered all the same."),
    ConfigurationKey(
      "detection.floor", .number(share), .number(0.15), perCamera: true,
      "The lowest score that the detector reports at all; weak detections keep a track going."),
    ConfigurationKey(
      "detection.overlap", .number(share), .number(0.6), perCamera: true,
      "The highest overlap (intersection over union) of two persons found in one frame."),
    ConfigurationKey(
      "detection.interval", .number(0...10), .number(0), unit: "seconds", perCamera: true,
      "The shortest time between two detections on one camera; the tracker bridges the frames between. 0 detects on every frame, in real time as often as the processor allows."
    ),
    ConfigurationKey(
      "detection.motion-gate", .boolean, .boolean(true), perCamera: true,
      "Whether a live picture in which nothing has moved is left alone by the detectors (but for once a second)."
    ),
  ]

  private static let trackerKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "tracker.keep-new", .number(0...60), .number(0.3), unit: "seconds", perCamera: true,
      "How long a track that is not yet believed is kept without being seen."),
    ConfigurationKey(
      "tracker.keep-tracked", .number(0...60), .number(0.5), unit: "seconds", perCamera: true,
      "How long a believed track stays tracked without being seen."),
    ConfigurationKey(
      "tracker.keep-lost", .number(0...600), .number(2), unit: "seconds", perCamera: true,
      "How long a lost track can still be found again under its number."),
    ConfigurationKey(
      "tracker.appearance", .choice(["never", "ambiguous", "always"]), .text("ambiguous"), perCamera: true,
      "When the tracker compares looks besides places: never, where places leave a doubt, or in every frame, which costs an embedding of every person."
    ),
  ]

  private static let identityKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "reidentification.model", .text, .text("default"), "The zoo's network that makes embeddings."
    ),
    ConfigurationKey(
      "quality.minimum", .number(share), .number(0.25), perCamera: true,
      "The lowest quality of a crop that is shown to the re-ID network."),
    ConfigurationKey(
      "quality.minimum-height", .number(16...2000), .number(48), unit: "pixels", perCamera: true,
      "The smallest height of a person whose crop is used."),
    ConfigurationKey(
      "quality.refresh", .number(0.05...3600), .number(2), unit: "seconds", perCamera: true,
      "A track that goes on is looked at again after this time."),
    ConfigurationKey(
      "association.similarity", .number(share), .number(0),
      "The similarity from which two looks are the same person; 0 finds it from the footage itself."),
    ConfigurationKey(
      "association.calibrate", .boolean, .boolean(true),
      "Whether the footage that comes in teaches how alike looks of one person and of two are."),
    ConfigurationKey(
      "association.overlapping", .boolean, .boolean(true),
      "Whether cameras may see the same place at the same time; false lets nobody be in two cameras at once."),
    ConfigurationKey(
      "association.overlaps", .list, .list([]),
      "Pairs of cameras that see a common place, NAME+NAME, whatever association.overlapping says of the others."
    ),
    ConfigurationKey(
      "association.disjoint", .list, .list([]),
      "Pairs of cameras that see no common place, NAME+NAME: nobody is in both at once."),
    ConfigurationKey(
      "association.regions", .list, .list([]),
      "Named parts of pictures where people come and go, CAMERA:NAME=LEFT/TOP/RIGHT/BOTTOM in shares of width and height, for example hall:door=0.8/0.1/1/0.9."
    ),
    ConfigurationKey(
      "association.transitions", .list, .list([]),
      "How long people take from camera to camera, FROM>TO=SECONDS-SECONDS, for example hall>yard=5-30, or from region to region, hall:door>yard:gate=5-30; weighed with the looks, and learned from the footage where nothing is said."
    ),
    ConfigurationKey(
      "association.review", .number(0...3600), .number(10), unit: "seconds",
      "How often a live run decides the tracks of the last minutes once more, all of them known at once; 0 never."
    ),
    ConfigurationKey(
      "gallery.file", .path, .text(""), alias: "gallery",
      "Keep the gallery in this file across runs; without it the gallery is fresh and in memory."),
    ConfigurationKey(
      "gallery.key-file", .path, .text(""),
      "The key that protects the gallery file; without a name it is kept in the user's configuration directory, and made on first use."
    ),
    ConfigurationKey(
      "gallery.passphrase-environment", .text, .text(""),
      "The environment variable that holds a passphrase which protects the gallery file instead of a key file."
    ),
    ConfigurationKey(
      "gallery.naming", .boolean, .boolean(false),
      "Whether identities may have names and be enrolled from photos; needs gallery.naming-purpose."),
    ConfigurationKey(
      "gallery.naming-purpose", .text, .text(""),
      "Why identities may have names; written into the audit log with each of them."),
  ]

  private static let retentionKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "retention.crop", .number(any), .number(24), unit: "hours",
      "How long pictures of persons are kept in the gallery."),
    ConfigurationKey(
      "retention.embedding", .number(any), .number(24), unit: "hours",
      "How long embeddings are kept; those of named persons' enrolled photos stay."),
    ConfigurationKey(
      "retention.sighting", .number(any), .number(168), unit: "hours",
      "How long it is kept who was in which camera from when until when."),
    ConfigurationKey(
      "retention.journey", .number(any), .number(168), unit: "hours",
      "How long after its end a person's journey is kept; then all its sightings go, whatever their own time."
    ),
    ConfigurationKey(
      "retention.event", .number(any), .number(168), unit: "hours",
      "How long the gallery keeps events; an event log file is up to its owner."),
    ConfigurationKey(
      "retention.recording", .number(any), .number(72), unit: "hours",
      "How long files that a run with a gallery has recorded are kept before they are deleted."),
    ConfigurationKey(
      "retention.aggregate", .number(any), .number(8760), unit: "hours",
      "How long hourly counts without identities are kept."),
  ]

  private static let privacyKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "privacy.faces", .choice(["blur", "pixelate", "solid", "whole-body", "off"]), .text("blur"),
      "How faces are covered before any picture leaves the process; off needs privacy.reason."),
    ConfigurationKey(
      "privacy.reason", .text, .text(""),
      "Why faces are shown; needed by, and logged with, privacy.faces: off and privacy.show-only."),
    ConfigurationKey(
      "privacy.show-only", .integer(0...1_000_000_000), .integer(0),
      "Show this identity's face and cover everybody else, for a subject-access request; 0 shows nobody. Needs privacy.reason."
    ),
    ConfigurationKey(
      "privacy.margin", .number(0.1...2), .number(0.3),
      "How far a cover reaches beyond the face, as a share of the face."),
    ConfigurationKey(
      "privacy.hold", .number(0.1...10), .number(0.5), unit: "seconds",
      "How long a cover stays, moving with its person, after its face was last found."),
    ConfigurationKey(
      "privacy.person-score", .number(0...0.5), .number(0.3),
      "The score from which the head region of a person is covered although no track has taken that person up."
    ),
    ConfigurationKey(
      "privacy.face-score", .number(0.05...0.3), .number(0.15),
      "The score from which a face is covered; far weaker finds than one believes are, since a face at the picture's edge or in half profile is such a one."
    ),
    ConfigurationKey(
      "privacy.crowd-look", .number(0...60), .number(3), unit: "seconds",
      "Within so many seconds every part of the picture in which something moves is looked at closely, for faces too small for the ordinary look; crowds are covered as a whole. Under overload the looks come three times as late. 0 never looks, and dense crowds far away stay open."
    ),
  ]

  private static let outputKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "output.record", .path, .text(""), alias: "record",
      "Record MP4 files with covered faces into this directory."),
    ConfigurationKey(
      "output.record-layout", .choice(["mosaic", "cameras", "both"]), .text("mosaic"),
      "Record one mosaic of all cameras, one file per camera, or both."),
    ConfigurationKey(
      "output.events", .path, .text(""), alias: "events",
      "Write events as JSON Lines to this file; - is standard output."),
    ConfigurationKey(
      "output.frame-events", .boolean, .boolean(true),
      "Whether every frame is an event, with the persons in it."),
    ConfigurationKey(
      "output.report", .path, .text(""), alias: "report",
      "Write a one-page HTML report of who was where and when to this file."),
    ConfigurationKey(
      "output.summary", .path, .text(""), alias: "summary",
      "Write the run's figures as JSON to this file: cameras with their delays and conditions, networks with runs, batches, waiting and run times."
    ),
    ConfigurationKey(
      "output.mot", .path, .text(""), alias: "mot",
      "Write one MOT text file per camera, identities as ids, into this directory."),
    ConfigurationKey(
      "output.mot-gap", .number(0...60), .number(2), unit: "seconds",
      "In MOT files, fill in the boxes of a person who was out of sight for at most so long; they have a 0 in the ninth column."
    ),
    ConfigurationKey(
      "output.cache", .path, .text(""), alias: "cache",
      "Write every detection with its embedding to this file, or into this directory one file per camera, for 'throughline evaluate' to replay; embeds every person in every frame, so it is slow."
    ),
    ConfigurationKey(
      "output.display", .boolean, .boolean(false), alias: "display", "Show the mosaic in a window."),
    ConfigurationKey(
      "output.mosaic-width", .integer(160...7680), .integer(1280), unit: "pixels", "The width of the mosaic."),
    ConfigurationKey(
      "output.mosaic-height", .integer(120...4320), .integer(720), unit: "pixels", "The height of the mosaic."
    ),
    ConfigurationKey(
      "output.frame-rate", .number(1...120), .number(15), unit: "frames per second", "The rate of the mosaic."
    ),
    ConfigurationKey(
      "output.encoder", .choice(["openh264", "x264"]), .text("openh264"),
      "The H.264 encoder of recordings; x264 is faster and under the GPL."),
    ConfigurationKey("output.boxes", .boolean, .boolean(true), "Draw boxes and identities into pictures."),
  ]

  /// The same keys for each network.
  private static let schedulerKeys: [ConfigurationKey] =
    [
      ConfigurationKey(
        "scheduler.adapt", .boolean, .boolean(true),
        "Whether quality falls under overload in real time (looks at known persons, detections per second, size of the detectors' pictures) and rises again by itself."
      ),
      ConfigurationKey(
        "scheduler.ageing", .number(0.001...60), .number(0.1), unit: "seconds",
        "So much waiting counts as one level of priority, so that no network starves."),
    ]
    + [
      ("person", "person detector", 2, 0.5), ("face", "face detector", 3, 1),
      ("reid", "re-ID network", 1, 0.25),
    ]
    .flatMap { (network: (name: String, title: String, priority: Int, deadline: Double)) in
      [
        ConfigurationKey(
          "scheduler.\(network.name)-priority", .integer(0...100), .integer(network.priority),
          "The priority of the \(network.title); higher runs first."),
        ConfigurationKey(
          "scheduler.\(network.name)-deadline", .number(0...60), .number(network.deadline), unit: "seconds",
          "A run of the \(network.title) that has waited longer is given up in real time; 0 never gives up."),
        ConfigurationKey(
          "scheduler.\(network.name)-threshold", .integer(1...64), .integer(1),
          "So many runs of the \(network.title) are collected before the first begins."),
        ConfigurationKey(
          "scheduler.\(network.name)-timeout", .number(0...10), .number(0.02), unit: "seconds",
          "After so much waiting a run of the \(network.title) begins without the threshold."),
        ConfigurationKey(
          "scheduler.\(network.name)-batch", .integer(1...64), .integer(4),
          "So many runs of the \(network.title) may follow each other while another network of the same priority waits."
        ),
      ]
    }

  private static let runtimeKeys: [ConfigurationKey] = [
    ConfigurationKey(
      "inference.library", .path, .text(""),
      "The OpenVINO C library; without it the cache and the system are searched."),
    ConfigurationKey(
      "inference.device", .text, .text("CPU"),
      "The device that runs the networks, as OpenVINO names it: CPU, GPU, NPU."),
    ConfigurationKey(
      "inference.precision", .choice(["auto", "int8", "bf16", "f32"]), .text("auto"),
      "The arithmetic of the networks: int8 needs models made by 'models compile'; auto measures at the start which of them is the fastest here (offline it is f32, so that results are the same on every machine)."
    ),
    ConfigurationKey(
      "inference.threads", .integer(0...256), .integer(0),
      "Threads of the networks together; 0 is one per processor core."),
    ConfigurationKey(
      "models.directory", .path, .text(""),
      "Where fetched models are kept; without it the user's cache directory."),
    ConfigurationKey(
      "log.level", .choice(["error", "warning", "info", "debug"]), .text("warning"),
      "How much is said on standard error."),
  ]
}
