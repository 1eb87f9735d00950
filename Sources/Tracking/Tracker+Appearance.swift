import ThroughlineCore

extension Tracker {
  /// How old, in seconds, what is known of a person's appearance may become before it is renewed.
  static let appearanceRefresh = 1.0

  /// Which detections of the next frame an embedding would help with: those that more than one track could take up,
  /// those that no track is near while somebody is missed, and now and then one to know everybody's looks by.
  ///
  /// An embedding costs far more than the tracking itself, and most detections lie on one track alone.
  ///
  /// - Parameters:
  ///   - detections: what ``update(detections:at:appearances:)`` will get.
  ///   - time: the frame's capture time.
  /// - Returns: one answer for each detection.
  public func wantsAppearance(_ detections: [Detection], at time: Timestamp) -> [Bool] {
    let isStrong = detections.map {
      $0.category == .person && $0.box.isValid && $0.score >= rules.highScore
    }
    return detections.indices.map { index in
      guard isStrong[index] else { return false }
      let box = detections[index].box
      let reach = box.expanded(byShareOfWidth: rules.buffer, height: rules.buffer / 2)
      let near = persons.indices.filter { reach.intersectionOverUnion(with: persons[$0].box) > 0.1 }
      if near.count > 1 { return true }
      for other in detections.indices where other != index && isStrong[other] {
        if box.intersectionOverUnion(with: detections[other].box) > 0.05 { return true }
      }
      guard let only = near.first else {
        return persons.contains { $0.misses > 0 && $0.isReachable(box, at: time, rules) }
      }
      if persons[only].misses > 1 { return true }
      guard let known = persons[only].appearance else { return true }
      return time.seconds(since: known.time) >= Self.appearanceRefresh
    }
  }
}
