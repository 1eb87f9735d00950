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

struct SenderClockTests {
  /// A sender report (RFC 3550, 6.4.1) of this moment.
  private static func report(secondsSince1970: UInt32, fraction: UInt32, rtpTime: UInt32) -> [UInt8] {
    func bytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
    return [0x80, 200, 0, 6] + bytes(0x1234_5678) + bytes(secondsSince1970 &+ 2_208_988_800) + bytes(fraction)
      + bytes(rtpTime) + bytes(0) + bytes(0)
  }

  @Test("A sender report is read, and nothing else is")
  func reports() throws {
    let good = Self.report(secondsSince1970: 1_700_000_000, fraction: 1 << 31, rtpTime: 90_000)
    let report = try #require(SenderClock.Report(rtcp: good))
    #expect(report.wallClock == 1_700_000_000_500_000_000)
    #expect(report.rtpTime == 90_000)
    var receiver = good
    receiver[1] = 201
    #expect(SenderClock.Report(rtcp: receiver) == nil)
    #expect(SenderClock.Report(rtcp: [UInt8](good.prefix(19))) == nil)
    #expect(SenderClock.Report(rtcp: []) == nil)
    // The camera does not know the time and counts from its start.
    #expect(
      SenderClock.Report(
        rtcp: Self.report(secondsSince1970: 0 &- 2_208_988_800 &+ 90, fraction: 0, rtpTime: 0)) == nil)
  }

  @Test("A frame has the time of its packets, over the end of the RTP time too")
  func captureTimes() throws {
    let clock = SenderClock()
    #expect(clock.captureTime(presentationTime: 0) == nil)
    clock.note(clockRate: 90_000)
    let report = try #require(
      SenderClock.Report(rtcp: Self.report(secondsSince1970: 1000, fraction: 0, rtpTime: UInt32.max - 8999)))
    // 3000 steps are a thirtieth of a second. The pipeline's times wander against the camera's.
    for frame in 0..<600 {
      clock.note(
        rtpTime: (UInt32.max - 8999) &+ UInt32(frame * 3000), presentationTime: UInt64(frame) * 33_000_000 + 7
      )
    }
    #expect(clock.captureTime(presentationTime: 599 * 33_000_000) == nil)
    clock.note(report)
    for frame in [599, 450, 400] {
      let time = try #require(clock.captureTime(presentationTime: UInt64(frame) * 33_000_000 + 7))
      #expect(abs(time.seconds(since: Timestamp(seconds: 1000 + Double(frame) / 30))) < 1e-6)
    }
    // Between two packets, and far from all of them.
    let between = try #require(clock.captureTime(presentationTime: 599 * 33_000_000 + 7 + 10_000_000))
    #expect(abs(between.seconds(since: Timestamp(seconds: 1000 + 599.0 / 30 + 0.01))) < 1e-6)
    #expect(clock.captureTime(presentationTime: 100_000_000_000) == nil)
  }

  @Test("The change from arrival to the camera's clock is smooth, and times always rise")
  func change() {
    var timeline = FrameTimeline()
    var times: [Timestamp] = []
    // A way of 0.4 s; the first report comes after two seconds.
    for frame in 0..<300 {
      let taken = Timestamp(seconds: Double(frame) / 30)
      let (now, uptime) = (taken.advanced(bySeconds: 0.4), Double(frame) / 30)
      times.append(
        frame < 60
          ? timeline.arrivalTime(now: now, uptime: uptime)
          : timeline.senderTime(taken, now: now, uptime: uptime))
    }
    let steps = zip(times, times.dropFirst()).map { $1.seconds(since: $0) }
    #expect(steps.allSatisfy { $0 > 0.02 && $0 < 0.04 })
    #expect(abs(times[299].seconds(since: Timestamp(seconds: 299.0 / 30))) < 1e-6)
    // The clock is set back: time goes on all the same.
    let later = timeline.senderTime(Timestamp(seconds: 1), now: Timestamp(seconds: 11), uptime: 10)
    #expect(later > times[299])
  }
}
