import ThroughlineCore

/// Why crops cannot be evaluated.
public enum ReidentificationError: Error, Hashable, CustomStringConvertible {
  /// There is not one label for every embedding.
  case labelCount(embeddings: Int, labels: Int)
  /// Embeddings of different lengths.
  case dimension(expected: Int, found: Int)
  /// Distances of another number than queries times gallery.
  case distanceCount(expected: Int, found: Int)

  /// One line: the thing and the mend.
  public var description: String {
    switch self {
    case .labelCount(let embeddings, let labels):
      "\(labels) labels for \(embeddings) embeddings; hand in one for each"
    case .dimension(let expected, let found):
      "an embedding of \(found) elements among those of \(expected); embed all crops with one network"
    case .distanceCount(let expected, let found):
      "\(found) distances where queries times gallery makes \(expected)"
    }
  }
}

/// Whose crop it is, and from which camera.
public struct CropLabel: Sendable, Hashable, Codable {
  /// The person; -1 is junk that counts neither for nor against, 0 a distractor that nobody asks for.
  public var person: Int
  /// The camera.
  public var camera: Int

  /// A label by its parts.
  public init(person: Int, camera: Int) {
    self.person = person
    self.camera = camera
  }
}

/// Rank-k and mean average precision by the protocol of Market-1501 (L. Zheng et al., "Scalable person
/// re-identification", ICCV 2015): for every query, junk (person -1) and crops of the same person from the same
/// camera are removed from the gallery; queries without a right crop in another camera are left out; average
/// precision as the area under the stepwise precision-recall curve, mean of the precisions at every right crop.
public struct ReidentificationMetrics: Sendable, Hashable, Codable {
  /// The share of queries with a right crop at the first place.
  public var rank1: Double
  /// Among the first five.
  public var rank5: Double
  /// Among the first ten.
  public var rank10: Double
  /// Mean average precision.
  public var meanAveragePrecision: Double
  /// The queries that count.
  public var queries: Int

  /// Evaluates distances.
  ///
  /// - Parameter distances: queries by gallery, row after row; smaller is more alike; NaN counts as farthest.
  public init(
    distances: [Float], queries: [CropLabel], gallery: [CropLabel]
  ) throws(ReidentificationError) {
    guard distances.count == queries.count * gallery.count else {
      throw .distanceCount(expected: queries.count * gallery.count, found: distances.count)
    }
    var hits = (0, 0, 0)
    var precisionSum = 0.0
    var count = 0
    for (row, query) in queries.enumerated() {
      let base = row * gallery.count
      var ranked: [(distance: Float, index: Int)] = []
      ranked.reserveCapacity(gallery.count)
      for (index, label) in gallery.enumerated() {
        if label.person == -1 || label == query { continue }
        let distance = distances[base + index]
        ranked.append((distance.isNaN ? .infinity : distance, index))
      }
      ranked.sort { ($0.distance, $0.index) < ($1.distance, $1.index) }
      var found = 0
      var sum = 0.0
      var first: Int?
      for (place, entry) in ranked.enumerated() where gallery[entry.index].person == query.person {
        found += 1
        sum += Double(found) / Double(place + 1)
        if first == nil { first = place }
      }
      guard found > 0, let first else { continue }
      count += 1
      precisionSum += sum / Double(found)
      if first < 1 { hits.0 += 1 }
      if first < 5 { hits.1 += 1 }
      if first < 10 { hits.2 += 1 }
    }
    let total = Double(max(1, count))
    rank1 = Double(hits.0) / total
    rank5 = Double(hits.1) / total
    rank10 = Double(hits.2) / total
    meanAveragePrecision = precisionSum / total
    self.queries = count
  }

  /// Evaluates embeddings by cosine distance.
  public init(
    queries: [Embedding], queryLabels: [CropLabel], gallery: [Embedding], galleryLabels: [CropLabel]
  ) throws(ReidentificationError) {
    guard queries.count == queryLabels.count else {
      throw .labelCount(embeddings: queries.count, labels: queryLabels.count)
    }
    guard gallery.count == galleryLabels.count else {
      throw .labelCount(embeddings: gallery.count, labels: galleryLabels.count)
    }
    try self.init(
      distances: Self.cosineDistances(queries, gallery), queries: queryLabels, gallery: galleryLabels)
  }

  /// 1 - cosine similarity of every pair, row after row.
  public static func cosineDistances(
    _ rows: [Embedding], _ columns: [Embedding]
  ) throws(ReidentificationError) -> [Float] {
    guard let dimension = (rows.first ?? columns.first)?.dimension else { return [] }
    for embedding in [rows, columns].joined() where embedding.dimension != dimension {
      throw .dimension(expected: dimension, found: embedding.dimension)
    }
    var distances: [Float] = []
    distances.reserveCapacity(rows.count * columns.count)
    for row in rows {
      for column in columns { distances.append(1 - row.similarity(to: column)) }
    }
    return distances
  }
}
