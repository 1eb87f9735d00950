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

  func finish() -> [String] {
    recorders.values.compactMap { recorder in
      recorder.finish()
      return recorder.problem.map { "\($0)" }
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
        return recorder.problem.map { ["\($0)"] } ?? []
      })
  }
}
