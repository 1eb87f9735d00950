import Foundation
import Pipeline
import Synchronization

/// Shows how far a run is, while somebody may be looking.
final class ProgressWatcher: Sendable {
  private let bar: ProgressBar
  private let isDone = Mutex(false)
  private let began = ProcessInfo.processInfo.systemUptime

  init(_ run: PipelineRun, isOffline: Bool) {
    bar = ProgressBar(title: isOffline ? "reading" : "watching")
    let thread = Thread { [self] in
      while !isDone.withLock({ $0 }) {
        usleep(250_000)
        let progress = run.progress
        let elapsed = max(0.001, ProcessInfo.processInfo.systemUptime - began)
        var note = String(
          format: "%d frames, %.1f FPS, %d of %d sources ended", progress.frames,
          Double(progress.frames) / elapsed,
          progress.endedSources, progress.sources)
        if !progress.troubles.isEmpty { note += "; " + progress.troubles.joined(separator: ", ") }
        bar.show(fraction: progress.fraction, note: note)
      }
    }
    thread.name = "progress"
    thread.start()
  }

  func finish() {
    isDone.withLock { $0 = true }
    bar.finish(note: "done")
  }
}
