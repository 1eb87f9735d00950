import Foundation

/// Quantises models with NNCF, which exists for Python only: the program prepares the inputs, a virtual environment in
/// the cache does the work and writes OpenVINO IR, and nothing of it runs with the cameras.
///
/// All calls block; none belongs on the cooperative thread pool.
public struct ModelCompiler: Sendable {
  /// The packages of the virtual environment. The IR has to be read by the runtime of the zoo: the same version.
  static let packages = ["nncf==3.4.0", "openvino==2026.4.1"]

  /// What NNCF is to do.
  public struct Options: Sendable, Hashable {
    /// How activations are mapped to 8 bits.
    public enum Preset: String, Sendable, CaseIterable {
      /// Symmetric weights, asymmetric activations: more exact.
      case mixed
      /// Both symmetric: faster on processors without an asymmetric product.
      case performance
    }

    /// How activations are mapped.
    public var preset = Preset.mixed
    /// Whether biases are corrected layer after layer, each on the quantised network before it: slow, more exact.
    public var hasAccurateBias = false
    /// Regular expressions; layers whose name matches one stay as they are.
    public var ignored: [String] = []
    /// An interpreter that has the packages already; `nil` makes a virtual environment.
    public var python: String?

    /// NNCF's own choices.
    public init() {}
  }

  /// How far the work is.
  public enum Progress: Sendable, Hashable {
    /// Another process compiles the same model or prepares the environment; this one waits.
    case waiting
    /// Packages are being installed; so many bytes lie there already.
    case installing(bytes: Int)
    /// The network is looking at inputs; some are looked at more than once.
    case quantising(looks: Int, inputs: Int)
  }

  /// Inputs as the network takes them, written one after the other to a file: float32, channels before rows.
  public struct Calibration: Sendable, Hashable {
    /// The file.
    public var path: String
    /// How many inputs it holds.
    public var count: Int

    /// A file of inputs.
    public init(path: String, count: Int) {
      self.path = path
      self.count = count
    }
  }

  private let store: ModelStore

  /// A compiler for a store's models.
  public init(store: ModelStore) { self.store = store }

  /// An empty folder for one compilation; on the same file system as the models, and removed by the next one.
  public func makeWorkFolder(for name: String) throws(ModelStoreError) -> String {
    let folder = "\(store.directory)/staging/compile-\(name)"
    try? FileManager.default.removeItem(atPath: folder)
    try store.makeFolder(folder)
    return folder
  }

  /// Quantises a model to INT8.
  ///
  /// - Parameters:
  ///   - entry: the model.
  ///   - modelPath: its file.
  ///   - output: the name of the result without ending.
  ///   - workFolder: what ``makeWorkFolder(for:)`` gave.
  ///   - progress: called from this thread a few times a second.
  /// - Returns: a folder below the work folder and the names of the files in it.
  public func quantise(
    _ entry: ModelEntry, modelPath: String, output: String, calibration: Calibration, options: Options,
    workFolder: String, progress: (Progress) -> Void
  ) throws(ModelStoreError) -> (folder: String, files: [String]) {
    guard let input = entry.input else {
      throw .compilationFailed(name: entry.name, reason: "it is no network")
    }
    let interpreter: String
    if let python = options.python {
      interpreter = python
    } else {
      interpreter = try environment(workFolder: workFolder, progress: progress)
    }
    guard FileManager.default.isExecutableFile(atPath: interpreter) else {
      throw .fileSystem(path: interpreter, reason: "is no program; --python needs a Python interpreter")
    }
    let result = workFolder + "/result"
    try store.makeFolder(result)
    let python = try PythonTool(workFolder: workFolder, environment: store.environment)
    var arguments = [modelPath, "\(result)/\(output).xml", calibration.path, String(calibration.count)]
    arguments += input.shape.dropFirst().map(String.init)
    arguments += ["--preset", options.preset.rawValue]
    if options.hasAccurateBias { arguments.append("--accurate-bias") }
    for pattern in options.ignored { arguments += ["--ignore", pattern] }
    let outcome = try python.runScript("quantise.py", arguments, interpreter: interpreter) {
      progress(.quantising(looks: Self.looks(in: python.currentOutput), inputs: calibration.count))
    }
    guard outcome.status == 0 else {
      throw .compilationFailed(name: entry.name, reason: outcome.lastLine)
    }
    return (result, ["\(output).xml", "\(output).bin"])
  }

  /// The interpreter of the virtual environment, which is made where it is not whole.
  private func environment(
    workFolder: String, progress: (Progress) -> Void
  ) throws(ModelStoreError) -> String {
    let folder = store.directory + "/compiler"
    let interpreter = folder + "/bin/python3"
    let lock = try store.lock(on: "compiler") { progress(.waiting) }
    defer { withExtendedLifetime(lock) {} }
    let marker = folder + "/packages.txt"
    let wanted = Self.packages.joined(separator: "\n")
    if let found = try? String(contentsOfFile: marker, encoding: .utf8), found == wanted {
      return interpreter
    }
    try? FileManager.default.removeItem(atPath: folder)
    let python = try PythonTool(workFolder: workFolder, environment: store.environment)
    progress(.installing(bytes: 0))
    guard try python.run(["-m", "venv", folder]).status == 0 else { throw .virtualEnvironmentMissing }
    let outcome = try python.run(
      ["-m", "pip", "install", "--quiet", "--retries", "2"] + Self.packages, interpreter: interpreter
    ) { progress(.installing(bytes: FileTools.byteCount(below: folder))) }
    guard outcome.status == 0 else {
      throw .compilerUnavailable(reason: PythonTool.networkTrouble(outcome) ?? outcome.lastLine)
    }
    try FileTools.attempt(marker) { try wanted.write(toFile: marker, atomically: true, encoding: .utf8) }
    return interpreter
  }

  /// The largest N of the script's lines `progress N`.
  static func looks(in text: String) -> Int {
    for line in text.split(separator: "\n").reversed() where line.hasPrefix("progress ") {
      if let count = Int(line.dropFirst("progress ".count)) { return count }
    }
    return 0
  }
}
