import Detection
import Imaging
import Privacy
import ThroughlineCore

/// Covers the faces of a photo, which has time that a live picture has not: the strong detector looks at it as well, and
/// looks at what comes out. Only a photo in which it finds no face any more is let out; otherwise all of it is made
/// unrecognisable.
///
/// One instance belongs to one thread.
public final class PhotoAnonymizer {
  /// How often what was found in the output is covered as well.
  private static let rounds = 5

  private let detector: NetworkDetector
  private let strong: StrongFaceDetector

  /// An anonymiser on compiled networks.
  public init(_ networks: PipelineNetworks, strong: StrongFaceDetector) throws {
    detector = try DetectorFactory([networks.person, networks.face]).makeDetector()
    self.strong = strong
  }

  /// What there is to be seen in a photo: persons, and faces by both detectors.
  public func detections(in photo: Picture) throws -> [Detection] {
    try detector.detect(photo) + strong.faces(in: photo)
  }

  /// Covers a photo.
  ///
  /// - Parameters:
  ///   - detections: what ``detections(in:)`` gave, and whatever else is to be covered.
  ///   - annotations: what is drawn afterwards.
  public func cover(
    _ photo: Picture, number: UInt64 = 1, detections: [Detection], settings: PrivacySettings = .standard,
    annotations: [Annotation] = []
  ) throws -> AnonymizedFrame {
    var known = detections
    func anonymize(_ evidence: FaceEvidence, _ annotations: [Annotation]) throws -> AnonymizedFrame {
      // A photo has no past: each gets an anonymiser of its own.
      try Anonymizer(camera: CameraName(sanitizing: "photo"), settings: settings).anonymize(
        photo, number: number, captureTime: Timestamp(seconds: 0), evidence: evidence, tracks: [],
        annotations: annotations)
    }
    for _ in 0..<Self.rounds {
      let frame = try anonymize(.detected(known), [])
      guard case .covered = frame.status else { return try anonymize(.detected(known), annotations) }
      let found = try strong.faces(in: frame.picture)
      if found.isEmpty { return try anonymize(.detected(known), annotations) }
      // What is found on a cover is covered more widely, so that no round meets the same again.
      known += found.map { face in
        var wider = face
        wider.box = face.box.expanded(byShareOfWidth: 0.3, height: 0.3)
        return wider
      }
    }
    return try anonymize(.unavailable(reason: "faces could not be covered"), annotations)
  }
}
