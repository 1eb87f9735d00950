import Evaluation
import Foundation
import Reidentification
import ThroughlineCore

/// How well a network knows people again on one folder of crops.
struct ReidentificationScore: Codable {
  var model: String
  var data: String
  var metrics: ReidentificationMetrics
  var reranked: ReidentificationMetrics?
  var millisecondsPerCrop: Double
  var multiplyAccumulates: Int?

  /// Embeds all crops of a folder, with a progress bar, and ranks them.
  ///
  /// - Parameter isStopped: asked before each crop; the work ends with an error once it says so.
  init(
    model: String, on set: CropFolder, embedder: Embedder, isReranked: Bool = false,
    isStopped: () -> Bool = { false }
  ) throws {
    let bar = ProgressBar(title: model)
    let count = set.queries.count + set.gallery.count
    var done = 0
    var seconds = 0.0
    func embed(_ crops: [CropFolder.Crop]) throws -> [Embedding] {
      try crops.map { crop in
        if isStopped() { throw CommandFailure.failed("interrupted while '\(model)' looked at '\(set.name)'") }
        let picture = try PictureReading.picture(crop.path)
        let began = ProcessInfo.processInfo.systemUptime
        let embedding = try embedder.embed(picture, box: picture.size.bounds)
        seconds += ProcessInfo.processInfo.systemUptime - began
        done += 1
        bar.show(fraction: Double(done) / Double(count), note: set.name)
        return embedding
      }
    }
    let queries = try embed(set.queries)
    let gallery = try embed(set.gallery)
    let queryLabels = set.queries.map(\.label)
    let galleryLabels = set.gallery.map(\.label)
    self.model = model
    data = set.name
    metrics = try ReidentificationMetrics(
      queries: queries, queryLabels: queryLabels, gallery: gallery, galleryLabels: galleryLabels)
    guard metrics.queries > 0 else {
      throw CommandFailure.failed(
        "'\(set.name)': no person of the queries is in the gallery from another camera, so nobody can be known again; each person needs crops of two cameras"
      )
    }
    millisecondsPerCrop = seconds / Double(max(1, count)) * 1000
    if isReranked {
      let distances = try KReciprocalReranking().distances(queries: queries, gallery: gallery) { share in
        bar.show(fraction: share, note: "\(set.name), re-ranking")
      }
      reranked = try ReidentificationMetrics(
        distances: distances, queries: queryLabels, gallery: galleryLabels)
    }
    bar.finish(note: set.name)
  }
}
