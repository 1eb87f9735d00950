import Foundation
import Gallery
import Media
import Privacy
import ThroughlineCore

extension StageBenchmark {
  /// The gallery's search for the ten nearest of ten thousand embeddings.
  func measureSearch(queries count: Int) throws {
    var random = SplitMix64(seed: 1)
    let dimension = networks.embedder.network.dimension
    func vector() throws -> Embedding {
      try Embedding(normalizing: (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) })
    }
    var index = VectorIndex<IdentityID>()
    for number in 0..<10_000 { index.set(IdentityID(UInt64(number)), to: try vector()) }
    try measure("search 10,000 x \(dimension)", try (0..<count).map { _ in try vector() }) { query in
      _ = index.nearest(to: query, limit: 10, scanner: KernelScanner.best)
    }
  }

  /// Encoding as H.264 the way a recording does it, on the encoder's own threads: the average of all frames.
  func measureEncoding(_ frames: [AnonymizedFrame]) throws {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "throughline-stages-\(ProcessInfo.processInfo.processIdentifier).mp4")
    defer { try? FileManager.default.removeItem(at: file) }
    var options = VideoRecorderOptions()
    options.encoder = settings.outputs.encoder
    options.policy = .block
    let recorder = try VideoRecorder(path: file.path, options: options)
    measureTogether("encode H.264", frames.count) {
      for frame in frames { recorder.append(frame) }
      recorder.finish()
    }
  }

  /// Measures work on several frames whose parts cannot be told apart.
  private func measureTogether(_ name: String, _ count: Int, _ work: () -> Void) {
    let (before, allocations) = (ProcessUsage.now().processorTime, AllocationCounter.count)
    let began = ProcessInfo.processInfo.systemUptime
    work()
    let elapsed = ProcessInfo.processInfo.systemUptime - began
    let used = ProcessUsage.now().processorTime - before
    let share = 1 / Double(max(1, count))
    var stage = StageReport.Stage(
      name: name, runs: count, p50: elapsed * share, p95: elapsed * share, processorTime: used * share)
    if let allocations, let after = AllocationCounter.count {
      stage.allocations = Double(after - allocations) * share
    }
    report.stages.append(stage)
  }
}
