import Imaging
import ThroughlineCore

/// Takes looks at the persons of one camera: chooses crops by quality, embeds the chosen ones. Belongs to one
/// thread.
public final class LookTaker {
  /// What became of the crops so far.
  public struct Figures: Sendable, Hashable {
    /// Embeddings made.
    public var embedded = 0
    /// Crops that were refused after their pixels were measured, by reason.
    public var refused: [CropRefusal: Int] = [:]
  }

  private let judge: CropJudge
  private var planner: LookPlanner
  private let embedder: Embedder
  /// The embeddings of the frame at hand, so that no crop is embedded twice.
  private var frameEmbeddings: [(box: BoundingBox, embedding: Embedding)] = []
  /// What became of the crops so far.
  public private(set) var figures = Figures()

  /// A track that goes on is looked at again after this time, in seconds.
  public var refresh: Double {
    get { planner.settings.refresh }
    set { planner.settings.refresh = newValue }
  }

  /// A taker by its parts.
  public init(judge: CropJudge, planner: LookPlanner, embedder: Embedder) {
    self.judge = judge
    self.planner = planner
    self.embedder = embedder
  }

  /// Begins a frame; what was embedded in the one before is forgotten.
  public func beginFrame() { frameEmbeddings.removeAll(keepingCapacity: true) }

  /// The embeddings that a tracker asks for, whatever the crops are worth.
  ///
  /// - Parameter wanted: one answer for each detection.
  /// - Returns: one embedding or `nil` for each detection, in their order.
  public func appearances(
    of detections: [Detection], wanted: [Bool], in picture: Picture
  ) throws(EmbedderError) -> [Embedding?] {
    var result: [Embedding?] = []
    for (detection, isWanted) in zip(detections, wanted) {
      let box = detection.box.clipped(to: picture.size)
      let isCrop = isWanted && box.isValid && box.width >= 8 && box.height >= 16
      result.append(isCrop ? try embedding(of: detection.box, in: picture) : nil)
    }
    return result
  }

  private func embedding(of box: BoundingBox, in picture: Picture) throws(EmbedderError) -> Embedding {
    if let known = frameEmbeddings.first(where: { $0.box == box }) { return known.embedding }
    let embedding = try embedder.embed(picture, box: box.clipped(to: picture.size))
    figures.embedded += 1
    frameEmbeddings.append((box, embedding))
    return embedding
  }

  /// Embeds every person that was found in a frame, whatever its crop is worth: what trackers and associations are
  /// compared on. A run itself takes far fewer looks, see ``take(tracks:in:at:)``.
  ///
  /// - Parameters:
  ///   - detections: what the detectors found, faces too.
  ///   - picture: the frame.
  /// - Returns: one entry per detection, in their order.
  public func observe(
    _ detections: [Detection], in picture: Picture
  ) throws(EmbedderError) -> [ObservedCrop] {
    var crops: [ObservedCrop] = []
    for (index, detection) in detections.enumerated() {
      var crop = ObservedCrop(detection: detection)
      let box = detection.box.clipped(to: picture.size)
      if detection.category == .person, box.isValid, box.width >= 8, box.height >= 16 {
        var others: [BoundingBox] = []
        for (other, neighbour) in detections.enumerated()
        where other != index && neighbour.category == .person && neighbour.score >= judge.minimumScore {
          if neighbour.box.intersectionArea(with: detection.box) > 0 { others.append(neighbour.box) }
        }
        let measures = try embedder.measure(picture, box: box)
        let promised = judge.judge(
          detection.box, score: detection.score, isObserved: true, among: others, in: picture.size)
        let quality = judge.judge(promised, measures: measures)
        crop.embedding = try embedding(of: detection.box, in: picture)
        crop.quality = quality.isAccepted ? quality.value : 0
        crop.sharpness = measures.sharpness
      }
      crops.append(crop)
    }
    return crops
  }

  /// Takes the looks of one frame.
  ///
  /// - Parameters:
  ///   - tracks: all tracks of the camera at this moment, predicted ones too.
  ///   - picture: the frame.
  ///   - time: the frame's time.
  /// - Returns: the new looks by track; most frames have none.
  public func take(
    tracks: [Track], in picture: Picture, at time: Timestamp
  ) throws(EmbedderError) -> [TrackID: Look] {
    planner.keep(only: tracks.lazy.map(\.id))
    var candidates: [(track: Track, quality: CropQuality)] = []
    for (index, track) in tracks.enumerated() where track.isObserved {
      var others: [BoundingBox] = []
      for (other, neighbour) in tracks.enumerated() where other != index && neighbour.isObserved {
        if neighbour.box.intersectionArea(with: track.box) > 0 { others.append(neighbour.box) }
      }
      let quality = judge.judge(track, among: others, in: picture.size)
      if quality.isAccepted { candidates.append((track, quality)) }
    }
    var looks: [TrackID: Look] = [:]
    for (track, promised) in planner.choose(from: candidates, at: time) {
      let box = track.box.clipped(to: picture.size)
      let quality = judge.judge(promised, measures: try embedder.measure(picture, box: box))
      planner.noteLook(at: track, quality: quality, time: time)
      guard quality.isAccepted else {
        for refusal in quality.refusals { figures.refused[refusal, default: 0] += 1 }
        continue
      }
      let embedding = try embedding(of: track.box, in: picture)
      looks[track.id] = Look(embedding: embedding, time: time, quality: quality.value, box: track.box)
    }
    return looks
  }
}
