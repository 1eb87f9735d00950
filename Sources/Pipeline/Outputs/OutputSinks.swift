import Foundation
import Logging
import Media
import Privacy
import Synchronization
import ThroughlineCore

/// Opens the outputs that take pictures.
enum OutputSinks {
  static func make(
    _ settings: PipelineSettings, thumbnails: ThumbnailSink?, crops: GalleryCrops?, logger: Logger,
    windowClosed: @escaping @Sendable () -> Void
  ) throws -> [any FrameSink] {
    var sinks: [any FrameSink] = thumbnails.map { [$0] } ?? []
    if let crops { sinks.append(crops) }
    let outputs = settings.outputs
    if let directory = outputs.recordDirectory {
      do {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      } catch {
        throw PipelineError.output(
          "cannot write recordings into '\(directory)': \(error.localizedDescription); choose another directory with --record"
        )
      }
      if outputs.recordsCameras {
        sinks.append(try CameraRecordings(directory: directory, settings: settings, logger: logger))
      }
    }
    var targets: [MosaicSink.Target] = []
    if outputs.recordsMosaic, let directory = outputs.recordDirectory {
      targets.append(try mosaicRecording(directory: directory, settings: settings, logger: logger))
    }
    if outputs.display { targets.append(try window(logger: logger, closed: windowClosed)) }
    if !targets.isEmpty {
      sinks.append(
        MosaicSink(
          cameras: settings.cameras.map(\.name), size: outputs.mosaicSize, frameRate: outputs.mosaicFrameRate,
          isOffline: settings.isOffline, targets: targets))
    }
    return sinks
  }

  /// The window with the mosaic.
  private static func window(
    logger: Logger, closed: @escaping @Sendable () -> Void
  ) throws(MediaOutputError) -> MosaicSink.Target {
    let window = try DisplayWindow { end in
      switch end {
      case .closed: break
      case .closedByUser: closed()
      case .failed(let problem): logger.error("\(problem)")
      }
    }
    return MosaicSink.Target(
      take: { window.show($0) },
      finish: {
        window.close()
        return []
      })
  }

  /// The recorded files and whose they are.
  static func recordings(_ settings: PipelineSettings) -> [(path: String, camera: CameraName)] {
    let outputs = settings.outputs
    guard let directory = outputs.recordDirectory else { return [] }
    var files: [(path: String, camera: CameraName)] = []
    if outputs.recordsMosaic { files.append(("\(directory)/mosaic.mp4", CameraName(sanitizing: "mosaic"))) }
    if outputs.recordsCameras { files += settings.cameras.map { ("\(directory)/\($0.name).mp4", $0.name) } }
    return files
  }

  /// What is said at a run's start about files that are going to be deleted; `nil` where none is.
  static func deletionNotice(_ settings: PipelineSettings) -> String? {
    let files = recordings(settings).map(\.path)
    guard settings.gallery.file != nil, !files.isEmpty else { return nil }
    let hours = settings.gallery.retention[.recording] / 3600
    let duration = hours == hours.rounded() ? String(Int(hours)) : String((hours * 10).rounded() / 10)
    return "\(files.joined(separator: ", ")) will be deleted \(duration) hours after the recording ends, as "
      + "retention.recording says; without --gallery recordings stay"
  }

  /// Where results are, for the summary.
  static func written(_ settings: PipelineSettings, isGalleryWritten: Bool) -> [String] {
    let outputs = settings.outputs
    var paths: [String] = []
    paths += recordings(settings).map(\.path)
    if let events = outputs.events, events != "-" { paths.append(events) }
    if let report = outputs.report { paths.append(report) }
    if let summary = outputs.summary { paths.append(summary) }
    if let directory = outputs.motDirectory {
      paths += settings.cameras.map { "\(directory)/\($0.name).txt" }
    }
    if isGalleryWritten, let gallery = settings.gallery.file { paths.append(gallery) }
    return paths
  }
}
