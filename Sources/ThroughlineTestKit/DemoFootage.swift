import Foundation

/// The demonstration's footage in the user's cache: four synchronised cameras of one room (see
/// `scripts/fetch-demo-footage`), 100 frames each.
public enum DemoFootage {
  /// The files of the four cameras; `nil` where they were not fetched.
  public static let cameras: [String]? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
    let files = (1...4).map { "\(cache)/throughline/footage/pose2sim-0.10.49/cam0\($0).mp4" }
    if files.allSatisfy({ FileManager.default.fileExists(atPath: $0) }) { return files }
    FileHandle.standardError.write(
      Data("SKIPPED: tests on the demonstration's footage; scripts/fetch-demo-footage brings it\n".utf8))
    return nil
  }()

  /// Whether the footage is there.
  public static var isThere: Bool { cameras != nil }
}
