import Foundation

/// Where the OpenVINO library is looked for, in this order:
///
/// 1. the setting, a file or a folder;
/// 2. the environment variable `THROUGHLINE_OPENVINO`, a file or a folder;
/// 3. the cache directory, `openvino-VERSION/openvino/libs`, newest version first;
/// 4. the folders in which Intel's own packages put it.
///
/// A setting or a variable that names a place without the library is not passed over: what was asked for is not
/// there, and that is said.
public struct OpenVINOSearch: Sendable {
  /// One place to look at.
  public struct Place: Sendable, Hashable, CustomStringConvertible {
    /// What made us look there, for example `THROUGHLINE_OPENVINO`.
    public var origin: String
    /// The file or folder.
    public var path: String
    /// Whether nothing else is looked at when the library is not here.
    public var isBinding: Bool

    /// `THROUGHLINE_OPENVINO=/opt/openvino`.
    public var description: String { origin.isEmpty ? path : "\(origin)=\(path)" }
  }

  /// The places in order.
  public let places: [Place]

  /// A search by the user's setting, the environment and the cache directory.
  ///
  /// - Parameters:
  ///   - setting: the configured file or folder, if any.
  ///   - environment: the process's environment variables.
  ///   - cacheDirectory: the prefix; `nil` takes the standard one.
  public init(
    setting: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment,
    cacheDirectory: String? = nil
  ) {
    let prefix = cacheDirectory ?? CacheDirectory.standard(environment: environment)
    if let setting, !setting.isEmpty {
      places = [Place(origin: "setting", path: setting, isBinding: true)]
    } else if let variable = environment["THROUGHLINE_OPENVINO"], !variable.isEmpty {
      places = [Place(origin: "THROUGHLINE_OPENVINO", path: variable, isBinding: true)]
    } else {
      let cached = Self.cachedVersions(in: prefix)
      let folders = cached.isEmpty ? [prefix + "/openvino-*/openvino/libs"] : cached
      places =
        folders.map { Place(origin: "", path: $0, isBinding: false) }
        + [
          "/opt/intel/openvino/runtime/lib/intel64", "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu", "/usr/local/lib",
        ].map { Place(origin: "", path: $0, isBinding: false) }
    }
  }

  /// The library's file, or `nil` where it is in none of the places.
  public func find() -> String? {
    for place in places {
      if let path = Self.library(at: place.path) { return path }
      if place.isBinding { return nil }
    }
    return nil
  }

  /// The folders of the versions in the cache, newest first.
  static func cachedVersions(in prefix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: prefix)) ?? []
    return names.filter { $0.hasPrefix("openvino-") }
      .sorted { versionNumbers($1).lexicographicallyPrecedes(versionNumbers($0)) }
      .map { "\(prefix)/\($0)/openvino/libs" }
  }

  /// The library in a folder (or in the `libs`, `openvino/libs` or `runtime/lib/intel64` below it), or the file
  /// itself; of several versions in one folder the newest.
  static func library(at path: String) -> String? {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
    guard isDirectory.boolValue else { return path }
    for folder in [path, path + "/libs", path + "/openvino/libs", path + "/runtime/lib/intel64"] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      let newest = names.filter { $0.hasPrefix("libopenvino_c.so") }
        .max { versionNumbers($0).lexicographicallyPrecedes(versionNumbers($1)) }
      if let newest { return folder + "/" + newest }
    }
    return nil
  }

  /// The numbers in a name, for comparing versions: `openvino-2026.4.1` gives 2026, 4, 1.
  static func versionNumbers(_ name: String) -> [Int] {
    name.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).compactMap { Int($0) }
  }
}
