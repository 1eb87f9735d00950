import Foundation
import ThroughlineCore

/// What a long run with dying cameras has shown.
public struct SoakReport: Sendable, Codable {
  /// A look at the process.
  public struct Sample: Sendable, Codable {
    /// Seconds since the beginning.
    public var seconds: Double
    /// Resident memory in bytes.
    public var memory: Int
    /// Resident memory that shows files, in bytes.
    public var fileMemory: Int
    /// What the allocator has given out and keeps; not in every look.
    public var allocator: AllocatorUse?
    /// Threads.
    public var threads: Int
    /// Open files.
    public var files: Int
    /// Streams that were read by UDP.
    public var streamsByUDP: Int
  }

  /// What a stream by UDP has beside one by TCP: sockets for RTP and RTCP in both directions with what wakes their
  /// readers, and a reader for each. Closed with the connection.
  static let udp = (files: 10, threads: 3)
  /// Memory may not grow by more than this for each second where it is measured for long: half a MiB a minute.
  static let memoryRate = Double(1 << 19) / 60
  /// Threads and files may be so many more, since they come and go with what cameras do at a moment.
  static let smallNumber = 2.0

  /// How long it ran, in seconds.
  public var elapsed = 0.0
  /// How long the beginning was that is not judged, in seconds.
  public var warmUp = 0.0
  /// How often a camera was killed.
  public var kills = 0
  /// The cameras' figures.
  public var cameras: [RunFigures.Camera] = []
  /// Looks at the process, in order.
  public var samples: [Sample] = []
  /// What is not as it should be, one line each.
  public var problems: [String] = []

  /// The medians of a figure over the thirds of the time after the warm-up.
  func judge(_ figure: (Sample) -> Int?) -> GrowthJudge {
    let looks = samples.compactMap { sample in
      figure(sample).map { GrowthJudge.Look(seconds: sample.seconds, value: Double($0)) }
    }
    return GrowthJudge(looks, warmUp: warmUp, end: elapsed)
  }

  /// Threads and files without those that belong to UDP.
  private var threads: GrowthJudge { judge { $0.threads - Self.udp.threads * $0.streamsByUDP } }
  private var files: GrowthJudge { judge { $0.files - Self.udp.files * $0.streamsByUDP } }

  /// Looks for what has grown after the warm-up, and for cameras that deliver nothing.
  ///
  /// - Parameters:
  ///   - growth: by what share memory may grow.
  ///   - framesBefore: each camera's frames a little before the end.
  mutating func judge(growth: Double, framesBefore: [Int]) {
    let memory = judge { $0.memory }
    if memory.hasGrown(.init(share: growth, rate: Self.memoryRate)) {
      let rate = memory.growth / 1_048_576 / (memory.judged * 2 / 3 / 60)
      problems.append(
        "memory has grown from \(Int(memory.medians[0]) >> 20) to \(Int(memory.medians[2]) >> 20) MiB, "
          + "\(String(format: "%.1f", rate)) MiB a minute")
    }
    for (name, found) in [("the number of threads", threads), ("the number of open files", files)]
    where found.hasGrown(.init(amount: Self.smallNumber)) {
      problems.append("\(name) has grown from \(Int(found.medians[0])) to \(Int(found.medians[2]))")
    }
    for (camera, before) in zip(cameras, framesBefore) where camera.framesOut <= before {
      problems.append("\(camera.name) delivers no frames at the end")
    }
  }

  /// The figures as text.
  public var text: String {
    var rows = [["camera", "in", "out", "dropped", "withheld", "interruptions"]]
    for camera in cameras {
      rows.append([
        camera.name.rawValue, "\(camera.framesIn)", "\(camera.framesOut)", "\(camera.dropped)",
        "\(camera.withheld)", "\(camera.interruptions)",
      ])
    }
    var lines = StreamReport.aligned(rows)
    lines.append(
      "\(Int(elapsed)) s, \(kills) cameras killed; medians of each third after a warm-up of \(Int(warmUp)) s:"
    )
    for (name, shift, judge) in [
      ("memory, MiB", 20, judge { $0.memory }),
      ("  in use by the program, MiB", 20, judge { $0.allocator?.used }),
      ("  freed and kept by the allocator, MiB", 20, judge { $0.allocator?.kept }),
      ("  files shown in memory, MiB", 20, judge { $0.fileMemory }),
      ("threads", 0, threads), ("open files", 0, files),
    ] as [(String, Int, GrowthJudge)] {
      lines.append("\(name): \(judge.medians.map { "\(Int($0) >> shift)" }.joined(separator: ", "))")
    }
    if let most = samples.map(\.streamsByUDP).max(), most > 0 {
      lines.append(
        "by UDP: up to \(most) of the streams at a time, each with \(Self.udp.files) files and \(Self.udp.threads) "
          + "threads of its own, which are not counted above")
    }
    lines += problems.map { "PROBLEM: \($0)" }
    if problems.isEmpty { lines.append("nothing has grown, all cameras are alive") }
    return lines.joined(separator: "\n")
  }
}
