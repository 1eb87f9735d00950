import ThroughlineCore
import Testing

@testable import Media

struct ReconnectBackoffTests {
  @Test("Delays double up to the longest, spread by chance, and begin anew after a success")
  func delays() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("seed \(seed)")
    var backoff = ReconnectBackoff(minimum: 1, maximum: 30, seed: seed)
    for ceiling in [1.0, 2, 4, 8, 16, 30, 30, 30] {
      let delay = backoff.next()
      #expect(delay >= max(1, ceiling / 2) && delay <= ceiling)
    }
    backoff.reset()
    #expect(backoff.next() == 1)
    let longest = backoff.longest()
    #expect(longest >= 15 && longest <= 30)
    for _ in 0..<100 { #expect((1...30).contains(backoff.next())) }
  }

  @Test("The same seed gives the same delays")
  func seeds() {
    var one = ReconnectBackoff(seed: 7)
    var two = ReconnectBackoff(seed: 7)
    var three = ReconnectBackoff(seed: 8)
    let delays = (0..<6).map { _ in one.next() }
    #expect(delays == (0..<6).map { _ in two.next() })
    #expect(delays != (0..<6).map { _ in three.next() })
  }
}

struct FrameTimelineTests {
  @Test("A file's times go on after a loop")
  func loop() {
    var timeline = FrameTimeline()
    let first = [0.0, 0.1, 0.2].map { timeline.fileTime(streamTime: $0, frameRate: 10) }
    timeline.beginAgain()
    let second = [0.0, 0.1].map { timeline.fileTime(streamTime: $0, frameRate: 10) }
    #expect(first == [0, 0.1, 0.2])
    #expect(abs(second[0] - 0.3) < 1e-9)
    #expect(abs(second[1] - 0.4) < 1e-9)
  }

  @Test("Times that stand still, jump back or are missing still rise")
  func badTimes() {
    var timeline = FrameTimeline()
    let times = [0.5, 0.5, 0.1, nil, .nan, 0.6].map { timeline.fileTime(streamTime: $0, frameRate: 0) }
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test("A recorded rate replaces the file's times")
  func recordedRate() {
    var timeline = FrameTimeline(recordedFrameRate: 7)
    let times = [0, 1 / 30.0, 2 / 30.0].map { timeline.fileTime(streamTime: $0, frameRate: 30) }
    #expect(abs(times[2] - 2 / 7.0) < 1e-9)
    timeline.beginAgain()
    #expect(abs(timeline.fileTime(streamTime: 0, frameRate: 30) - 3 / 7.0) < 1e-9)
  }

  @Test("A clock that is set back does not turn time back")
  func clockSetBack() {
    var timeline = FrameTimeline()
    #expect(timeline.arrivalTime(now: Timestamp(seconds: 100), uptime: 1).seconds == 100)
    #expect(timeline.arrivalTime(now: Timestamp(seconds: 50), uptime: 1.04).seconds == 100.04)
    #expect(abs(timeline.arrivalTime(now: Timestamp(seconds: 50.04), uptime: 1.08).seconds - 100.08) < 1e-6)
    #expect(timeline.arrivalTime(now: Timestamp(seconds: 101), uptime: 1.12).seconds == 101)
  }
}
