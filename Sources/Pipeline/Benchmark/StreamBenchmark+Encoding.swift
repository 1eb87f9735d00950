import Foundation
import Media
import Privacy
import Synchronization
import ThroughlineCore

extension StreamBenchmark {
  /// Seconds of processor time that encoding one frame of a recording costs on a machine that does nothing else, with the
  /// first frames of the first file at the rate that is recorded; `nil` where no camera is recorded.
  static func measureEncoding(_ settings: PipelineSettings, file: String) throws -> Double? {
    let outputs = settings.outputs
    guard outputs.recordsCameras, outputs.recordDirectory != nil else { return nil }
    let frames = try firstFrames(of: file, rate: outputs.mosaicFrameRate, count: 45)
    let anonymizer = Anonymizer(camera: CameraName(sanitizing: "floor"), settings: settings.privacy)
    let covered = try frames.map {
      try anonymizer.anonymize(
        $0.picture, number: $0.number, captureTime: $0.captureTime, evidence: .detected([]), tracks: [])
    }
    let target = FileManager.default.temporaryDirectory.appending(
      path: "throughline-floor-\(ProcessInfo.processInfo.processIdentifier).mp4")
    defer { try? FileManager.default.removeItem(at: target) }
    var options = VideoRecorderOptions()
    options.encoder = outputs.encoder
    options.maximumFrameRate = outputs.mosaicFrameRate
    options.policy = .block
    let recorder = try VideoRecorder(path: target.path, options: options)
    let before = ProcessUsage.now().processorTime
    for frame in covered { recorder.append(frame) }
    recorder.finish()
    let used = ProcessUsage.now().processorTime - before
    let count = recorder.statistics.frames
    return count == 0 ? nil : used / Double(count)
  }

  /// The first frames of a file that come at a rate.
  private static func firstFrames(of file: String, rate: Double, count: Int) throws -> [VideoFrame] {
    let frames = Mutex<[VideoFrame]>([])
    var options = FrameSourceOptions()
    options.pacing = .offline
    let enough = DispatchSemaphore(value: 0)
    let source = FrameSource(
      camera: CameraName(sanitizing: "floor"), address: try SourceAddress(parsing: file), options: options,
      onStatus: { if $0.isFinal { enough.signal() } },
      consumer: { frame in
        let taken = frames.withLock { frames in
          let step = frames.last.map { frame.captureTime.seconds(since: $0.captureTime) } ?? .infinity
          if step >= 0.9 / rate, frames.count < count { frames.append(frame) }
          return frames.count
        }
        if taken == count { enough.signal() }
      })
    source.start()
    enough.wait()
    source.stop()
    return frames.withLock { $0 }
  }
}
