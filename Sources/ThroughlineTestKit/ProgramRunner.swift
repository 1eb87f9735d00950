import Foundation
import Synchronization

/// Runs the built program as a person would, and keeps what it said.
public struct ProgramRunner: Sendable {
  /// What came of a run.
  public struct Result: Sendable {
    /// The exit code; -1 where the program was ended by a signal or by the time limit.
    public var exitCode: Int32
    /// Standard output.
    public var output: String
    /// Standard error.
    public var errors: String
    /// How long it took, in seconds.
    public var seconds: Double
  }

  /// A program that runs.
  public final class Running: Sendable {
    private let process: Mutex<Process>
    private let output: Collector
    private let errors: Collector
    private let began = ProcessInfo.processInfo.systemUptime

    init(process: sending Process, output: Collector, errors: Collector) {
      self.process = Mutex(process)
      self.output = output
      self.errors = errors
    }

    /// The process's number.
    public var processIdentifier: Int32 { process.withLock { $0.processIdentifier } }

    /// Whether it still runs.
    public var isRunning: Bool { process.withLock { $0.isRunning } }

    /// What it has said on standard error so far.
    public var errorsSoFar: String { errors.text }

    /// What it has said on standard output so far.
    public var outputSoFar: String { output.text }

    /// Sends a signal.
    public func signal(_ number: Int32) { kill(processIdentifier, number) }

    /// Waits for the end, at most so many seconds; then the program is killed.
    public func wait(atMost seconds: Double = 120) -> Result {
      let deadline = ProcessInfo.processInfo.systemUptime + seconds
      while isRunning, ProcessInfo.processInfo.systemUptime < deadline { usleep(10_000) }
      let isLate = isRunning
      if isLate { signal(SIGKILL) }
      while isRunning { usleep(10_000) }
      output.waitForEnd()
      errors.waitForEnd()
      let (status, reason) = process.withLock { ($0.terminationStatus, $0.terminationReason) }
      return Result(
        exitCode: isLate || reason == .uncaughtSignal ? -1 : status, output: output.text, errors: errors.text,
        seconds: ProcessInfo.processInfo.systemUptime - began)
    }
  }

  /// Reads a pipe on a thread of its own, so that a program that says much never waits for its reader.
  final class Collector: Sendable {
    private let bytes = Mutex(Data())
    private let done = DispatchGroup()

    init(_ handle: sending FileHandle) {
      done.enter()
      let descriptor = dup(handle.fileDescriptor)
      let thread = Thread { [self] in
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
          guard count > 0 else { break }
          let chunk = Data(buffer[..<count])
          bytes.withLock { $0 += chunk }
        }
        close(descriptor)
        done.leave()
      }
      thread.start()
    }

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    func waitForEnd() { _ = done.wait(timeout: .now() + 10) }
  }

  /// The program's file.
  public let path: String

  /// The `throughline` of this build; `nil` where it was not built.
  public static let built: ProgramRunner? = {
    // The test bundle lies beside the programs of the same build.
    let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let named = ProcessInfo.processInfo.environment["THROUGHLINE_PROGRAM"]
    for candidate in [named, folder.appending(path: "throughline").path].compactMap({ $0 })
    where FileManager.default.isExecutableFile(atPath: candidate) {
      return ProgramRunner(path: candidate)
    }
    return nil
  }()

  /// A program by its file.
  public init(path: String) { self.path = path }

  /// Starts the program.
  public func start(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil
  ) throws -> Running {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let collectors = (Collector(output.fileHandleForReading), Collector(errors.fileHandleForReading))
    return Running(process: process, output: collectors.0, errors: collectors.1)
  }

  /// Runs the program to its end.
  public func run(
    _ arguments: [String], environment: [String: String] = [:], directory: String? = nil,
    atMost seconds: Double = 120
  ) throws -> Result {
    try start(arguments, environment: environment, directory: directory).wait(atMost: seconds)
  }
}
