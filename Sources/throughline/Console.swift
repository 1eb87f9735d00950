import Foundation
import Synchronization

/// Why a command ends without having done its work.
struct CommandFailure: Error {
  /// One line that names the thing and the mend.
  var message: String
  /// Whether the command was not understood (exit code 2) or failed (exit code 1).
  var isUsage: Bool

  static func usage(_ message: String) -> CommandFailure { CommandFailure(message: message, isUsage: true) }

  static func failed(_ message: String) -> CommandFailure { CommandFailure(message: message, isUsage: false) }
}

/// What a person reads while the program works: standard error, so that standard output stays for results.
enum Console {
  private static let lock = Mutex(())

  /// Writes a line.
  static func write(_ line: String) {
    lock.withLock { _ in FileHandle.standardError.write(Data((line + "\n").utf8)) }
  }

  /// Writes without ending the line.
  static func writeRaw(_ text: String) {
    lock.withLock { _ in FileHandle.standardError.write(Data(text.utf8)) }
  }

  /// Writes an error: one line.
  static func error(_ message: String) {
    write("throughline: \(message.split(separator: "\n").joined(separator: " "))")
  }

  /// Whether a person is looking.
  static let isTerminal = isatty(STDERR_FILENO) == 1
}
