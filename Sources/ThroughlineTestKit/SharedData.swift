import Foundation

/// Real footage and weights that lie beside the project where it is developed, and nowhere else.
///
/// A test that needs them says so with `.enabled(if: SharedData.isThere)` and is skipped elsewhere; the reason is
/// printed once.
public enum SharedData {
  /// The folder, from the environment (`THROUGHLINE_SHARED`) or beside the package; `nil` where there is none.
  public static let folder: URL? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["THROUGHLINE_SHARED"].map { URL(filePath: $0) }
    for candidate in [named, package.deletingLastPathComponent().appending(path: "shared")].compactMap({ $0 })
    {
      if FileManager.default.fileExists(atPath: candidate.appending(path: "data").path) { return candidate }
    }
    FileHandle.standardError.write(
      Data(
        "SKIPPED: tests on real footage, since there is no shared folder; set THROUGHLINE_SHARED to one\n"
          .utf8))
    return nil
  }()

  /// Whether the folder is there.
  public static var isThere: Bool { folder != nil }

  /// A file below the folder; `nil` where it is not there.
  public static func file(_ path: String) -> String? {
    guard let file = folder?.appending(path: path).path, FileManager.default.fileExists(atPath: file) else {
      return nil
    }
    return file
  }
}
