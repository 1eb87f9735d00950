/// What a detector can find.
public enum DetectionClass: String, Sendable, Codable, CaseIterable {
  /// A person's whole body, as far as it is visible.
  case person
  /// A human face.
  case face
}

/// One thing that a detector found in one frame.
public struct Detection: Sendable, Hashable, Codable {
  /// Where, in pixels of the source picture.
  public var box: BoundingBox
  /// What.
  public var category: DetectionClass
  /// How sure the detector is, 0...1.
  public var score: Double

  /// A detection by its parts.
  public init(box: BoundingBox, category: DetectionClass, score: Double) {
    self.box = box
    self.category = category
    self.score = score
  }
}

extension [Detection] {
  /// Greedy non-maximum suppression inside each class: the best-scored detection suppresses every other of
  /// its class whose intersection over union with it exceeds the threshold.
  ///
  /// - Parameter overlap: the highest intersection over union that two kept detections of one class have.
  /// - Returns: the kept detections, best score first; ties keep the order in which they came.
  public func suppressingNonMaxima(overlap: Double) -> [Detection] {
    // Swift's sorting is stable.
    let ordered = sorted { $0.score > $1.score }
    var kept: [Detection] = []
    kept.reserveCapacity(Swift.min(ordered.count, 64))
    for candidate in ordered {
      let suppressed = kept.contains {
        $0.category == candidate.category && $0.box.intersectionOverUnion(with: candidate.box) > overlap
      }
      if !suppressed { kept.append(candidate) }
    }
    return kept
  }
}
