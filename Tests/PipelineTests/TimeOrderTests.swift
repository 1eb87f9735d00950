import Testing
import ThroughlineCore

@testable import Pipeline

@Suite struct TimeOrderTests {
  private let a = CameraName(sanitizing: "a")
  private let b = CameraName(sanitizing: "b")

  private func time(_ seconds: Double) -> Timestamp { Timestamp(seconds: seconds) }

  @Test func nothingComesBeforeItsTurn() {
    var order = TimeOrder<String>(cameras: [a, b])
    order.insert("a1", camera: a, time: time(1))
    order.insert("a2", camera: a, time: time(2))
    #expect(order.next() == nil)
    order.insert("b1", camera: b, time: time(1.5))
    #expect(order.next() == "a1")
    #expect(order.next() == "b1")
    #expect(order.next() == nil)
    order.end(b)
    #expect(order.next() == "a2")
    order.end(a)
    #expect(order.next() == nil)
    #expect(order.isFinished)
  }

  @Test func equalTimesAreOrderedByCamera() {
    var order = TimeOrder<String>(cameras: [a, b])
    order.insert("b", camera: b, time: time(1))
    order.insert("a", camera: a, time: time(1))
    #expect(order.next() == "a")
    order.end(a)
    #expect(order.next() == "b")
  }

  @Test(arguments: 0..<20) func anyArrivalGivesTheSameOrder(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let cameras = (0..<4).map { CameraName(sanitizing: "c\($0)") }
    let sequences = cameras.map { camera in
      (0..<50).reduce(into: [(camera: CameraName, time: Timestamp)]()) { list, _ in
        let step = Int64.random(in: 1...5, using: &generator) * 40_000_000
        list.append((camera, Timestamp(nanoseconds: (list.last?.time.nanoseconds ?? 0) + step)))
      }
    }
    let expected = sequences.flatMap { $0 }.sorted { ($0.time, $0.camera) < ($1.time, $1.camera) }
    var order = TimeOrder<(camera: CameraName, time: Timestamp)>(cameras: cameras)
    var rest = sequences.map { $0[...] }
    var heard: [(camera: CameraName, time: Timestamp)] = []
    while rest.contains(where: { !$0.isEmpty }) {
      let index = rest.indices.filter { !rest[$0].isEmpty }.randomElement(using: &generator) ?? 0
      if let element = rest[index].popFirst() {
        order.insert(element, camera: element.camera, time: element.time)
      }
      if rest[index].isEmpty { order.end(cameras[index]) }
      while let next = order.next() { heard.append(next) }
    }
    #expect(heard.map(\.camera) == expected.map(\.camera), "seed \(seed)")
    #expect(heard.map(\.time) == expected.map(\.time), "seed \(seed)")
  }
}
