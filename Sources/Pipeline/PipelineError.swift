/// Why a run cannot begin. A run that has begun ends only by itself or by its user.
public enum PipelineError: Error, CustomStringConvertible {
  /// A setting cannot be met: a usage error.
  case setting(String)
  /// Something that the run needs is not there.
  case missing(String)
  /// An output cannot be opened.
  case output(String)

  /// One line: the thing and the mend.
  public var description: String {
    switch self {
    case .setting(let text), .missing(let text), .output(let text): text
    }
  }

  /// Whether the user's words are at fault (exit code 2) rather than the machine (exit code 1).
  public var isUsage: Bool { if case .setting = self { true } else { false } }
}
