import Foundation
import ThroughlineCore

/// What a measurement of streams has shown. Times are in seconds, memory in bytes.
public struct StreamReport: Sendable, Codable {
  /// How long was measured.
  public var elapsed: Double
  /// Each camera's figures within that time.
  public var cameras: [RunFigures.Camera]
  /// Each network's figures.
  public var networks: [RunFigures.Network]
  /// Processor time of the whole process.
  public var processorTime: Double
  /// Processor time by stage.
  public var stages: [String: Double]
  /// Processor time that decoding alone takes for one frame.
  public var decodingPerFrame: Double
  /// Processor time that each network alone takes for one run; `person, small` is on a smaller picture.
  public var modelPerRun: [String: Double]
  /// Processor time that encoding one frame of a recording takes alone; `nil` where no camera is recorded.
  public var encodingPerFrame: Double?
  /// Decoding the frames that came, alone.
  public var decodingFloor: Double
  /// Running the models as often as they ran, alone.
  public var modelFloor: Double
  /// Encoding the frames that were recorded, alone.
  public var encodingFloor: Double
  /// The processor time as a multiple of all floors together.
  public var ratio: Double
  /// The most resident memory, loading the models included.
  public var peakMemory: Int
  /// Resident memory at the end.
  public var finalMemory: Int
  /// Resident memory that shows files (programs, libraries, models), at the end.
  public var fileMemory: Int
  /// What the allocator has given out and keeps, at the end.
  public var allocator: AllocatorUse
  /// How much resident memory grew from the end of the first minute (or the first tenth, where that is later) to the
  /// end, as a share; `nil` for a short measurement.
  public var memoryGrowth: Double?
  /// Threads at the end.
  public var threads: Int
  /// Open files at the end.
  public var files: Int
  /// How often quality fell.
  public var qualityFalls: Int
  /// For how many seconds each step of quality was in force.
  public var qualitySeconds: [String: Double]
  /// What was chosen for each network.
  public var choices: [String]
  /// The processor, so that figures of different machines are not mixed up.
  public var processor: String
  /// The processor's cores in use.
  public var cores: Int
  /// The machine's load before and after: other work on it makes the figures worse.
  public var machineLoad: Double
  /// What went wrong.
  public var warnings: [String]

  init(
    before: RunFigures, after: RunFigures, elapsed: Double, processorTime: Double, threads: [String: Double],
    memory: [Int], usage: ProcessUsage, allocator: AllocatorUse, decodingPerFrame: Double,
    encodingPerFrame: Double?, modelPerRun: [String: Double], choices: [String], warnings: [String]
  ) {
    self.elapsed = elapsed
    cameras = zip(before.cameras, after.cameras).map { first, last in
      var camera = last
      camera.framesIn -= first.framesIn
      camera.processed -= first.processed
      camera.detected -= first.detected
      camera.detectedSmall -= first.detectedSmall
      camera.unchanged -= first.unchanged
      camera.framesOut -= first.framesOut
      camera.dropped -= first.dropped
      camera.givenUp -= first.givenUp
      camera.withheld -= first.withheld
      if let recording = first.recording {
        camera.recording?.frames -= recording.frames
        camera.recording?.dropped -= recording.dropped
      }
      return camera
    }
    networks = zip(before.networks, after.networks).map { first, last in
      var network = last
      network.runs -= first.runs
      network.dropped -= first.dropped
      network.processorTime -= first.processorTime
      return network
    }
    self.processorTime = processorTime
    let small = cameras.reduce(0) { $0 + $1.detectedSmall }
    var alone: [String: Double] = [:]
    for network in networks {
      let cost = modelPerRun[network.name] ?? 0
      let smallCost = modelPerRun[PipelineNetworks.small(network.name)]
      let runs = Double(network.runs)
      let smallRuns = smallCost == nil ? 0 : min(Double(small), runs)
      alone[network.name] = (runs - smallRuns) * cost + smallRuns * (smallCost ?? 0)
    }
    stages = Self.stages(of: threads, lanes: after.laneSeconds, networks: networks, alone: alone)
    self.decodingPerFrame = decodingPerFrame
    self.modelPerRun = modelPerRun
    decodingFloor = decodingPerFrame * Double(cameras.reduce(0) { $0 + $1.framesIn })
    modelFloor = alone.values.reduce(0, +)
    self.encodingPerFrame = encodingPerFrame
    let recorded = cameras.reduce(0) { $0 + ($1.recording?.frames ?? 0) }
    encodingFloor = (encodingPerFrame ?? 0) * Double(recorded)
    ratio = processorTime / max(1e-9, decodingFloor + modelFloor + encodingFloor)
    peakMemory = usage.peakMemory
    fileMemory = usage.fileMemory
    self.allocator = allocator
    finalMemory = memory.last ?? 0
    let settled = max(memory.count / 10, Int(60 / max(0.1, elapsed) * Double(memory.count)))
    if settled + 4 < memory.count, memory[settled] > 0 {
      memoryGrowth = Double(finalMemory) / Double(memory[settled]) - 1
    }
    self.threads = usage.threads
    files = usage.files
    qualityFalls = after.qualityFalls - before.qualityFalls
    qualitySeconds = after.qualitySeconds.merging(before.qualitySeconds) { $0 - $1 }
    self.choices = choices
    self.warnings = warnings
    cores = ProcessInfo.processInfo.activeProcessorCount
    processor = Self.processorName
    machineLoad = Self.loadAverage
  }

  /// Threads have our own names; those of GStreamer have theirs, and they decode. Those that encode are named by the
  /// recorder.
  /// The runtime's threads run all networks in turn, so that their time is divided by what each network takes alone.
  static func stages(
    of threads: [String: Double], lanes: [String: Double], networks: [RunFigures.Network],
    alone: [String: Double]
  ) -> [String: Double] {
    var stages: [String: Double] = [:]
    let runtime = threads[ThreadUsage.unnamed] ?? 0
    let allAlone = max(1e-9, alone.values.reduce(0, +))
    for (name, seconds) in threads {
      let stage: String
      switch name {
      case let name where name.hasPrefix("lane ") || name == ThreadUsage.unnamed: continue
      case let name where name.hasPrefix("source "): stage = "sources"
      case let name where name.hasPrefix("output ") || name.hasPrefix("main "):
        stage = name == ThreadUsage.main ? "control" : "cover and output"
      case "coordinator": stage = "identify"
      case "events", "event log": stage = "events"
      case "mosaic", "recorder": stage = "mosaic and recording"
      case let name where name.hasPrefix("encoder "): stage = "encode"
      case "quality", "progress": stage = "control"
      case let name where name.contains(":") || name.hasPrefix("av:") || name.contains("queue"):
        stage = "decode"
      default: stage = "decode"
      }
      stages[stage, default: 0] += seconds
    }
    func model(_ name: String) -> Double { networks.first { $0.name == name }?.processorTime ?? 0 }
    let (person, face, reid) = (
      model(NetworkScheduling.person), model(NetworkScheduling.face), model(NetworkScheduling.reid)
    )
    for (stage, name, own) in [
      ("person network", NetworkScheduling.person, person), ("face network", NetworkScheduling.face, face),
      ("re-ID network", NetworkScheduling.reid, reid),
    ] { stages[stage] = own + runtime * (alone[name] ?? 0) / allAlone }
    stages["scale and read detections"] = max(0, (lanes["detect"] ?? 0) - person - face)
    stages["choose and cut crops"] = max(0, (lanes["looks"] ?? 0) - reid)
    stages["track"] = lanes["track"] ?? 0
    stages["see motion"] = lanes["motion"] ?? 0
    let lane = threads.filter { $0.key.hasPrefix("lane ") }.values.reduce(0, +)
    let warp = lanes["warp"] ?? 0
    if warp > 0 {
      stages["warp"] = warp
      stages["sources"] = max(0, (stages["sources"] ?? 0) - warp)
    }
    stages["lanes, rest"] = max(0, lane - (lanes.values.reduce(0, +) - warp))
    return stages
  }

  private static var processorName: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }

  private static var loadAverage: Double {
    let text = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)) ?? ""
    return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
  }
}
