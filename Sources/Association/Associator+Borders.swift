import ThroughlineCore

extension Associator {
  /// Borders of tracks that were seen together, so near to each other in seconds, are taken for one exchange of persons.
  static let exchangeTolerance = 0.8

  /// Puts the borders at which tracks of one camera may have exchanged their persons at one moment.
  ///
  /// Each track estimates for itself when it may have changed over, from the boxes that it crossed, and where three
  /// persons meet those moments differ by some frames. For these frames the earlier part of one track and the later part
  /// of the other would be "seen together", and could never be found to be the same person, which is the very thing that
  /// the borders are for. So borders within ``exchangeTolerance`` are put at one moment. A track that begins or ends near by
  /// cannot be moved, so the borders go there.
  mutating func alignBorders(of ids: [TrackID]) {
    var byCamera: [CameraName: [Border]] = [:]
    for id in ids {
      guard let track = tracks[id] else { continue }
      byCamera[id.camera, default: []] += track.segments.borders.enumerated().map {
        Border(track: id, place: $0.offset, time: $0.element)
      }
    }
    for (_, borders) in byCamera.sorted(by: { $0.key < $1.key }) {
      for exchange in exchanges(among: borders) {
        let offsets = exchange.map { $0.time.seconds(since: exchange[0].time) }
        let mean = exchange[0].time.advanced(bySeconds: offsets.reduce(0, +) / Double(offsets.count))
        let moment = self.exchange(of: exchange.map(\.track), near: mean)
        for border in exchange where border.time != moment {
          tracks[border.track]?.segments.moveBorder(border.place, to: moment)
        }
      }
    }
  }

  /// Where a track may have changed over to another person.
  private struct Border {
    var track: TrackID
    var place: Int
    var time: Timestamp
  }

  /// Borders that belong together, those of one exchange in order of time.
  private func exchanges(among borders: [Border]) -> [[Border]] {
    var exchanges: [[Border]] = []
    var firstOpen = 0
    for border in borders.sorted(by: { ($0.time, $0.track) < ($1.time, $1.track) }) {
      while firstOpen < exchanges.count,
        border.time.seconds(since: exchanges[firstOpen][0].time) > Self.exchangeTolerance
      {
        firstOpen += 1
      }
      let companions = tracks[border.track]?.companions ?? []
      let place = exchanges[firstOpen...].firstIndex { exchange in
        exchange.contains { companions.contains($0.track) } && !exchange.contains { $0.track == border.track }
      }
      if let place { exchanges[place].append(border) } else { exchanges.append([border]) }
    }
    return exchanges
  }

  /// When tracks changed over, by what they were seen with: where one of those begins or ends near by, or else when the
  /// tracks themselves say.
  ///
  /// - Parameters:
  ///   - own: the tracks.
  ///   - moment: what they say.
  ///   - countsBorders: whether the others' borders count too, which may be moved themselves.
  func exchange(of own: [TrackID], near moment: Timestamp, countsBorders: Bool = false) -> Timestamp {
    let companions = own.reduce(into: Set<TrackID>()) { $0.formUnion(tracks[$1]?.companions ?? []) }
      .subtracting(own)
    var found: [Timestamp] = []
    for id in companions {
      // A glimpse is mostly a false detection.
      guard let companion = tracks[id], companion.lookCount > 0 else { continue }
      if companion.firstSeen < moment { found.append(companion.firstSeen) }
      if !companion.isLive, companion.lastSeen >= moment {
        found.append(companion.lastSeen.advanced(bySeconds: 0.001))
      }
      if countsBorders { found += companion.segments.borders }
    }
    func distance(_ other: Timestamp) -> Double { abs(other.seconds(since: moment)) }
    return found.filter { distance($0) <= Self.exchangeTolerance }
      .min { (distance($0), $0) < (distance($1), $1) } ?? moment
  }
}
