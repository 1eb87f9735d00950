import Evaluation
import Foundation
import ThroughlineCore

/// Reads what `run --cache` wrote.
enum CacheFiles {
  /// The frames of every camera, and the network that made the embeddings.
  struct Contents {
    var cameras: [CameraName: [ObservedFrame]] = [:]
    var network: String?
  }

  /// Reads files, and all `.jsonl` files of directories.
  ///
  /// - Throws: ``CommandFailure`` for what cannot be read, what is no cache, a camera in two files, and files of two
  ///   networks.
  static func read(_ paths: [String]) throws -> Contents {
    var contents = Contents()
    for path in try paths.flatMap(files) {
      let data: Data
      do { data = try Data(contentsOf: URL(filePath: path)) } catch {
        throw CommandFailure.failed("cannot read '\(path)': \(error.localizedDescription)")
      }
      if let network = ObservationCache.network(of: data)?.network {
        if let known = contents.network, known != network {
          throw CommandFailure.failed(
            "'\(path)' has embeddings of \(network), the files before it of \(known); replay one network at a time"
          )
        }
        contents.network = network
      }
      let cameras: [CameraName: [ObservedFrame]]
      do { cameras = try ObservationCache.parse(data, source: path) } catch {
        throw CommandFailure.failed("\(error)")
      }
      for (camera, frames) in cameras {
        guard contents.cameras.updateValue(frames, forKey: camera) == nil else {
          throw CommandFailure.failed(
            "the camera '\(camera)' is in two of the caches; give each camera its own name when you write them"
          )
        }
      }
    }
    guard !contents.cameras.isEmpty else {
      throw CommandFailure.failed("there is no frame in \(paths.joined(separator: ", "))")
    }
    return contents
  }

  private static func files(_ path: String) throws -> [String] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
    else {
      return [path]
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.filter { $0.hasSuffix(".jsonl") }.sorted()
    guard !found.isEmpty else {
      throw CommandFailure.failed(
        "the directory '\(path)' has no .jsonl file; write one with 'throughline run --cache'")
    }
    return found.map { URL(filePath: path).appending(path: $0).path }
  }
}
