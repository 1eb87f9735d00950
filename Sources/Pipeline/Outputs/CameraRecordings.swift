import Logging
import Media
import Privacy
import ThroughlineCore

/// One recording per camera.
final class CameraRecordings: FrameSink {
  private let recorders: [CameraName: VideoRecorder]

  init(directory: String, settings: PipelineSettings, logger: Logger) throws(MediaOutputError) {
    var recorders: [CameraName: VideoRecorder] = [:]
    for camera in settings.cameras {
      var options = VideoRecorderOptions()
      options.encoder = settings.outputs.encoder
      options.policy = settings.isOffline ? .block : .dropOldest
      if !settings.isOffline { options.maximumFrameRate = settings.outputs.mosaicFrameRate }
      recorders[camera.name] = try VideoRecorder(path: "\(directory)/\(camera.name).mp4", options: options) {
        problem in
        logger.error("\(problem)")
      }
    }
    self.recorders = recorders
  }

  func take(_ frame: AnonymizedFrame, persons: [ShownPerson]) { recorders[frame.camera]?.append(frame) }

  func end(_ camera: CameraName) { recorders[camera]?.finish() }

  /// What a camera's recording has so far.
  func figures(of camera: CameraName) -> RunFigures.Recording? {
    recorders[camera].map {
      let statistics = $0.statistics
      return RunFigures.Recording(frames: Int(statistics.frames), dropped: Int(statistics.dropped))
    }
  }

  var isBehind: Bool { recorders.values.contains { $0.isBehind } }

  func finish() -> [String] {
    recorders.values.sorted { $0.path < $1.path }.compactMap { recorder in
      recorder.finish()
      return recorder.problem.map { "\($0)" } ?? recorder.missingFrames
    }
  }
}

extension OutputSinks {
  /// The recording of the mosaic.
  static func mosaicRecording(
    directory: String, settings: PipelineSettings, logger: Logger
  ) throws(MediaOutputError) -> MosaicSink.Target {
    var options = VideoRecorderOptions()
    options.size = settings.outputs.mosaicSize
    options.frameRate = settings.outputs.mosaicFrameRate
    options.encoder = settings.outputs.encoder
    options.policy = settings.isOffline ? .block : .dropOldest
    let recorder = try VideoRecorder(path: "\(directory)/mosaic.mp4", options: options) { problem in
      logger.error("\(problem)")
    }
    return MosaicSink.Target(
      take: { recorder.append($0) },
      finish: {
        recorder.finish()
        return (recorder.problem.map { "\($0)" } ?? recorder.missingFrames).map { [$0] } ?? []
      }, isBehind: { recorder.isBehind })
  }
}

extension VideoRecorder {
  /// A line about frames that are not in the recording because the encoder was late; `nil` where none is missing.
  var missingFrames: String? { Self.missingFrames(in: path, statistics) }

  static func missingFrames(in path: String, _ statistics: VideoRecorderStatistics) -> String? {
    guard statistics.dropped > 0 else { return nil }
    let due = statistics.frames + statistics.dropped
    return
      "\(path): \(statistics.dropped) of \(due) frames are missing, since the processor left the encoder too "
      + "little; lower output.frame-rate, or record fewer cameras"
  }
}
