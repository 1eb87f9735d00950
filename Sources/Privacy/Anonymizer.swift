import Imaging
import ThroughlineCore

/// Makes the pictures of one camera fit to leave the process. It fails closed: where it is not known where the
/// faces are, the whole picture becomes unrecognisable.
///
/// One instance per camera, used by one thread at a time, with the frames in their order.
public final class Anonymizer {
  /// The camera.
  public let camera: CameraName
  /// What is in force.
  public var settings: PrivacySettings { planner.settings }
  private var planner: CoverPlanner
  private let pool: PicturePool
  private let scratch = CoverScratch()

  /// How many averages stay along the shorter side of a covered region, which is 1.6 faces wide. A face detector
  /// (YuNet, 826 faces of group photos) still fires on blurred faces where 6 stay (328 of 826), 4 (56) or 3 (11), and
  /// on none where 2 stay.
  static let samples = 2
  /// How many stay along the shorter side of a whole person, about four faces wide.
  static let bodySamples = 4
  /// How many tiles stay along the shorter side of a picture that is withheld as a whole.
  static let withheldSamples = 3

  /// An anonymiser for one camera.
  ///
  /// - Parameters:
  ///   - camera: the camera.
  ///   - settings: how faces are covered.
  ///   - pool: where the memory of the pictures comes from; it bounds how many frames are on their way at once.
  public init(camera: CameraName, settings: PrivacySettings = .standard, pool: PicturePool = PicturePool()) {
    self.camera = camera
    self.pool = pool
    planner = CoverPlanner(settings: settings)
  }

  /// Covers the faces of a frame, then draws the annotations.
  ///
  /// - Parameters:
  ///   - picture: the frame as decoded; it is not changed.
  ///   - number: the frame's number in its camera.
  ///   - captureTime: when it was taken; drives how long regions are held.
  ///   - evidence: what is known about its faces and persons.
  ///   - tracks: the camera's tracks at this frame, predicted and tentative ones as well.
  ///   - crowds: what a closer look has found besides; covered whatever else is known.
  ///   - showOnly: whom to leave open, by a written reason, while everybody else is covered.
  ///   - annotations: what is drawn afterwards.
  /// - Returns: the frame, fit to leave.
  /// - Throws: ``ImagingError`` where no memory is to be had: the frame must then be dropped.
  public func anonymize(
    _ picture: Picture, number: UInt64, captureTime: Timestamp, evidence: FaceEvidence, tracks: [Track],
    crowds: [CrowdRegion] = [], showOnly: ShowOnly? = nil, annotations: [Annotation] = []
  ) throws(ImagingError) -> AnonymizedFrame {
    let buffer = try pool.buffer(size: picture.size, matrix: picture.matrix)
    try buffer.copy(from: picture)
    let plan = planner.plan(
      size: picture.size, time: captureTime, evidence: evidence, tracks: tracks, open: showOnly?.tracks ?? [])
    var covered: [CoveredRegion] = []
    let status: PrivacyStatus
    var mark: String?
    if case .off(let reason) = settings.faces {
      status = .open(reason: reason)
      mark = "FACES ARE NOT COVERED: \(reason)"
    } else {
      switch plan {
      case .withheld(let reason):
        buffer.cover(
          PixelRectangle(buffer.size), with: .pixelate, samples: Self.withheldSamples, scratch: scratch)
        status = .withheld(reason: reason)
        mark = "WITHHELD: \(reason)"
      case .regions(let planned):
        let regions = planned + crowds.map { CoveredRegion(box: $0.box, cause: .crowd, grain: $0.grain) }
        apply(regions, to: buffer)
        covered = regions
        if let showOnly {
          status = .open(reason: showOnly.reason)
          mark = "SOME FACES ARE NOT COVERED: \(showOnly.reason)"
        } else {
          status = .covered
        }
      }
    }
    buffer.draw(annotations)
    if let mark { buffer.mark(mark) }
    return AnonymizedFrame(
      camera: camera, number: number, captureTime: captureTime, picture: buffer.freeze(), regions: covered,
      status: status)
  }

  private func apply(_ regions: [CoveredRegion], to buffer: PictureBuffer) {
    let covering: Covering =
      switch settings.faces {
      case .pixelate: .pixelate
      case .solid: .solid
      case .blur, .wholeBody, .off: .blur
      }
    for region in regions {
      guard let rectangle = PixelRectangle(covering: region.box, in: buffer.size) else { continue }
      let shorter = Double(min(rectangle.width, rectangle.height))
      let samples =
        region.grain.map { min(64, max(1, Int(shorter / max($0, 1)))) }
        ?? (region.cause == .body ? Self.bodySamples : Self.samples)
      buffer.cover(rectangle, with: covering, samples: samples, scratch: scratch)
    }
  }
}
