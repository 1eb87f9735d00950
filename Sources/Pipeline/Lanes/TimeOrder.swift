import ThroughlineCore

/// Puts the results of several cameras into the order of their capture times.
///
/// Files read offline come as fast as each of them can be decoded; what they say must be heard in the order
/// in which it happened, so that a run gives the same result every time. An element is released once every
/// camera that is still going has delivered something at least as late. Equal times are ordered by camera.
struct TimeOrder<Element> {
  private var waiting: [CameraName: [(time: Timestamp, element: Element)]] = [:]
  private var open: Set<CameraName>

  init(cameras: some Sequence<CameraName>) { open = Set(cameras) }

  /// Whether nothing more can come.
  var isFinished: Bool { open.isEmpty && waiting.isEmpty }

  /// Takes the next element of a camera; within a camera they come in order.
  mutating func insert(_ element: Element, camera: CameraName, time: Timestamp) {
    waiting[camera, default: []].append((time, element))
  }

  /// Says that a camera will deliver nothing more.
  mutating func end(_ camera: CameraName) { open.remove(camera) }

  /// The next element whose turn has come.
  mutating func next() -> Element? {
    for camera in open where waiting[camera] == nil { return nil }
    let first = waiting.min { left, right in
      (left.value[0].time, left.key) < (right.value[0].time, right.key)
    }
    guard let camera = first?.key, var queue = waiting[camera] else { return nil }
    let element = queue.removeFirst().element
    waiting[camera] = queue.isEmpty ? nil : queue
    return element
  }
}
