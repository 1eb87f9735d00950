import Evaluation
import Foundation
import Pipeline
import Synchronization
import ThroughlineCore

/// Writes what `run --cache` keeps: one line a frame, all cameras in one file, or one file per camera in a directory.
///
/// Called by the cameras' threads; a lock keeps their lines whole.
final class CacheWriter: Sendable {
  private struct State {
    var files: [CameraName: FileHandle]
    var failure: String?
  }

  private let path: String
  private let state: Mutex<State>

  /// Opens the files anew.
  ///
  /// - Parameters:
  ///   - path: a directory where there is one of this name or it ends with a slash, a file otherwise.
  ///   - cameras: the cameras of the run.
  ///   - network: whose embeddings are written.
  /// - Throws: ``CommandFailure`` where a file cannot be opened.
  init(path: String, cameras: [CameraName], network: ObservationCache.Network) throws {
    self.path = path
    var isDirectory: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    let hasOneEach = isThere ? isDirectory.boolValue : path.hasSuffix("/")
    if hasOneEach, !isThere {
      do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
        throw CommandFailure.failed(
          "cannot make the directory '\(path)': \(error.localizedDescription); choose another with --cache")
      }
    }
    var files: [CameraName: FileHandle] = [:]
    if hasOneEach {
      let folder = URL(filePath: path, directoryHint: .isDirectory)
      for camera in cameras {
        files[camera] = try Self.open(folder.appending(path: "\(camera).jsonl").path, network)
      }
    } else {
      let file = try Self.open(path, network)
      for camera in cameras { files[camera] = file }
    }
    state = Mutex(State(files: files))
  }

  private static func open(_ path: String, _ network: ObservationCache.Network) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else {
      throw CommandFailure.failed(
        "cannot write '\(path)': \(String(cString: strerror(errno)).lowercased()); choose another file with --cache"
      )
    }
    do { try file.write(contentsOf: ObservationCache.header(network)) } catch {
      throw CommandFailure.failed("cannot write '\(path)': \(error.localizedDescription)")
    }
    return file
  }

  /// Writes one frame; after a failure nothing more is written.
  func write(_ observation: FrameObservation) {
    let frame = ObservedFrame(
      camera: observation.camera, number: Int(clamping: observation.number), time: observation.time,
      size: observation.size,
      items: observation.crops.map {
        ObservedFrame.Item(
          detection: $0.detection, embedding: $0.embedding?.values, quality: $0.quality,
          sharpness: $0.sharpness)
      }, isCut: observation.isCut)
    let line: Data
    do { line = try ObservationCache.line(frame) } catch {
      state.withLock { $0.failure = $0.failure ?? "\(path): \(error)" }
      return
    }
    state.withLock { state in
      guard state.failure == nil else { return }
      do { try state.files[observation.camera]?.write(contentsOf: line) } catch {
        state.failure = "the cache '\(path)' is incomplete: \(error.localizedDescription)"
      }
    }
  }

  /// Closes the files.
  ///
  /// - Returns: what went wrong, in one line.
  func finish() -> String? {
    state.withLock { state in
      for file in state.files.values { try? file.close() }
      state.files = [:]
      return state.failure
    }
  }
}
