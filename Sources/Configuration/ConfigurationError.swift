/// What is wrong with a configuration file or a flag; each is a usage error (exit code 2).
public enum ConfigurationError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read.
  case unreadable(path: String, reason: String)
  /// The file is no YAML.
  case syntax(path: String, line: Int, reason: String)
  /// A key that does not exist.
  case unknownKey(key: String, nearest: String?, place: ConfigurationOrigin)
  /// A flag that does not exist.
  case unknownFlag(flag: String, nearest: String?)
  /// A flag without its value.
  case missingValue(flag: String, allowed: String)
  /// A value that the key does not take.
  case valueRefused(key: String, value: String, allowed: String, unit: String?, place: ConfigurationOrigin)
  /// A mapping where a value belongs, or the reverse.
  case shape(key: String, expected: String, place: ConfigurationOrigin)
  /// A key that stands twice.
  case duplicate(key: String, first: ConfigurationOrigin, second: ConfigurationOrigin)
  /// A camera's name that is not allowed.
  case cameraName(text: String, place: ConfigurationOrigin)
  /// Two cameras of one name.
  case duplicateCamera(name: String, place: ConfigurationOrigin)
  /// A camera without a source.
  case missingSource(camera: String, place: ConfigurationOrigin)
  /// Nothing to read.
  case noSources

  /// One line: the place, the thing, the mend.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the configuration '\(path)': \(reason)"
    case .syntax(let path, let line, let reason): "\(path):\(line): not valid YAML: \(reason)"
    case .unknownKey(let key, let nearest, let place):
      "\(place): unknown key '\(key)'" + Self.suggestion(nearest)
        + "; 'throughline config show' lists all keys"
    case .unknownFlag(let flag, let nearest):
      "unknown flag '\(flag)'" + Self.suggestion(nearest) + "; 'throughline run --help' lists all flags"
    case .missingValue(let flag, let allowed): "\(flag) needs a value (\(allowed))"
    case .valueRefused(let key, let value, let allowed, let unit, let place):
      "\(place): '\(key)' cannot be '\(value)'; it takes \(allowed)" + (unit.map { " (\($0))" } ?? "")
    case .shape(let key, let expected, let place): "\(place): '\(key)' must be \(expected)"
    case .duplicate(let key, let first, let second):
      "\(second): '\(key)' stands here for the second time (first at \(first)); remove one"
    case .cameraName(let text, let place):
      "\(place): '\(text)' cannot name a camera; use up to 64 letters, digits, '-', '_' and '.'"
    case .duplicateCamera(let name, let place):
      "\(place): there are two cameras named '\(name)'; give each its own name, for example NAME=SOURCE"
    case .missingSource(let camera, let place):
      "\(place): camera '\(camera)' has no 'source'; add a file, an rtsp:// address or a /dev/video device"
    case .noSources:
      "no source given; name files, rtsp:// addresses or /dev/videoN, or use --config FILE with a 'cameras' section"
    }
  }

  private static func suggestion(_ nearest: String?) -> String {
    nearest.map { ", did you mean '\($0)'?" } ?? ""
  }
}
