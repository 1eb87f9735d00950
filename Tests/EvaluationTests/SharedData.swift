import Foundation
import ThroughlineTestKit

typealias SharedData = ThroughlineTestKit.SharedData

extension SharedData {
  static func text(_ path: String) -> String? {
    guard let folder else { return nil }
    return try? String(contentsOf: folder.appendingPathComponent("data/" + path), encoding: .utf8)
  }

  static func skip(_ what: String) {
    print("SKIPPED: \(what): no shared data; set THROUGHLINE_SHARED to the folder that holds data/")
  }

  /// Unpacks a gzipped tar archive of the shared data into a fresh folder.
  static func unpack(_ path: String) throws -> URL? {
    guard let folder else { return nil }
    let archive = folder.appendingPathComponent("data/" + path)
    guard FileManager.default.fileExists(atPath: archive.path) else { return nil }
    let target = FileManager.default.temporaryDirectory.appendingPathComponent(
      "throughline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/bin/tar")
    tar.arguments = ["xzf", archive.path, "-C", target.path]
    try tar.run()
    tar.waitUntilExit()
    return tar.terminationStatus == 0 ? target : nil
  }
}
