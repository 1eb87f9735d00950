import Foundation
import Privacy
import Synchronization
import ThroughlineCore
import Tracking

/// Writes MOT files, one per camera, from the coordinator's thread; needs no pixels.
final class MOTWriter: Sendable {
  // The files are used by one thread at a time: whoever holds the lock.
  private let files: Mutex<[CameraName: Box]>

  private struct Box: @unchecked Sendable {
    // Reached only through the mutex, so never by two threads at once.
    let file: MOTFile
  }

  private let gaps: GapFilling

  init(directory: String, cameras: [CameraName], filling gaps: GapFilling) throws(MOTFileError) {
    self.gaps = gaps
    var files: [CameraName: Box] = [:]
    do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) } catch
    {
      throw MOTFileError(path: directory, reason: error.localizedDescription)
    }
    for camera in cameras { files[camera] = Box(file: try MOTFile(path: "\(directory)/\(camera).txt")) }
    self.files = Mutex(files)
  }

  func write(_ result: LaneResult) {
    files.withLock {
      $0[result.frame.camera]?.file.write(
        frame: result.frame.number, time: result.frame.captureTime,
        isCut: result.frame.isDiscontinuity, tracks: result.tracks)
    }
  }

  /// Writes the files with final identities; what went wrong, one line each.
  func finish(_ identities: FinalIdentities) -> [String] {
    files.withLock { files in
      files.compactMap { camera, box in
        box.file.finish(filling: gaps) {
          identities.identity(of: TrackID(camera: camera, number: $0), at: $1)
        }
        return box.file.failure
      }
    }
  }
}
