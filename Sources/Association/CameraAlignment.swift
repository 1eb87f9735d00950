import ThroughlineCore

/// Removes what embeddings of one camera have in common because of the camera: colour cast, view, height.
///
/// Each camera keeps the mean of its tracks' embeddings; the difference to the mean over all cameras is
/// subtracted, shrunk towards nothing while a camera has seen few people, since then the mean tells more about
/// those people than about the camera. (Per-camera centring: e.g. Z. Zhuang et al., "Rethinking the
/// distribution gap of person re-identification with camera-based batch normalization", ECCV 2020.)
struct CameraAlignment: Sendable {
  private struct CameraMean: Sendable {
    var sum: [Float]
    var weight: Double = 0
    var tracks: Double = 0
  }

  /// So many tracks of a camera weigh as much as the assumption that it has no bias.
  static let shrinkage = 8.0
  static let maximumWeight = 2000.0

  private var means: [CameraName: CameraMean] = [:]
  private(set) var biases: [CameraName: [Float]] = [:]

  /// Adds a look. Later looks of one track count less, so that every track counts about alike.
  mutating func add(_ embedding: [Float], camera: CameraName, weight: Double, indexInTrack: Int) {
    var mean = means[camera] ?? CameraMean(sum: [Float](repeating: 0, count: embedding.count))
    let share = weight / Double(max(1, indexInTrack))
    mean.sum = VectorMath.adding(mean.sum, embedding, factor: Float(share))
    mean.weight += share
    if indexInTrack == 1 { mean.tracks += 1 }
    if mean.weight > Self.maximumWeight {
      mean.sum = VectorMath.scaled(mean.sum, by: 0.5)
      mean.weight *= 0.5
    }
    means[camera] = mean
  }

  /// Computes the biases anew from the means.
  mutating func refresh() {
    let known = means.filter { $0.value.weight > 0 }
    guard known.count > 1, let dimension = known.values.first?.sum.count else {
      biases = [:]
      return
    }
    var overall = [Float](repeating: 0, count: dimension)
    var total: Float = 0
    for (_, mean) in known.sorted(by: { $0.key < $1.key }) {
      // A camera with many people tells more about what is common to all.
      let weight = Float(mean.tracks / (mean.tracks + Self.shrinkage))
      overall = VectorMath.adding(overall, mean.sum, factor: weight / Float(mean.weight))
      total += weight
    }
    guard total > 0 else { return }
    overall = VectorMath.scaled(overall, by: 1 / total)
    biases = known.mapValues { mean in
      let trust = Float(mean.tracks / (mean.tracks + Self.shrinkage))
      let own = VectorMath.scaled(mean.sum, by: 1 / Float(mean.weight))
      return VectorMath.scaled(VectorMath.adding(own, overall, factor: -1), by: trust)
    }
  }

  /// An embedding, or a mean of some, without its camera's bias.
  func aligned(_ vector: [Float], camera: CameraName) -> [Float] {
    guard let bias = biases[camera] else { return vector }
    return VectorMath.adding(vector, bias, factor: -1)
  }
}
