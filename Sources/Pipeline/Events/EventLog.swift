import Foundation
import Synchronization
import ThroughlineCore

#if canImport(Glibc)
  import Glibc
#endif

/// Why an event log cannot be written.
public enum EventLogError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be opened for writing.
  case cannotOpen(path: String, reason: String)

  /// One line: the thing and the mend.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason):
      "cannot write the event log '\(path)': \(reason); choose another file with --events"
    }
  }
}

/// Writes events as JSON Lines to a file or to standard output.
///
/// A line is written whole or not at all as far as the system allows, and handed to the system at once, so
/// that what was written survives the program. When writing fails (a full disk), the log says so once,
/// counts what it drops and goes on when there is room again; the cameras never wait for it.
public final class EventLog: Sendable {
  private struct State {
    var descriptor: Int32
    var pending: [UInt8] = []
    var line = EventLine()
    var failure: String?
    var dropped = 0
    var written = 0
  }

  /// What is written and what was lost so far.
  public struct Figures: Sendable, Hashable {
    /// Lines written.
    public var written: Int
    /// Lines lost because they could not be written.
    public var dropped: Int
    /// Why lines are lost at present.
    public var failure: String?
  }

  private let state: Mutex<State>
  private let closesDescriptor: Bool

  /// Opens a log; `-` is standard output.
  ///
  /// - Throws: ``EventLogError``.
  public init(path: String) throws(EventLogError) {
    if path == "-" {
      state = Mutex(State(descriptor: STDOUT_FILENO))
      closesDescriptor = false
      return
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)).lowercased())
    }
    state = Mutex(State(descriptor: descriptor))
    closesDescriptor = true
  }

  /// Writes one event.
  public func write(_ event: EventRecord) {
    state.withLock { state in
      guard state.line.write(event) else { return }
      Self.append(&state)
    }
  }

  /// What is written and what was lost so far.
  public var figures: Figures {
    state.withLock { Figures(written: $0.written, dropped: $0.dropped, failure: $0.failure) }
  }

  /// Hands everything to the system and closes the file; later events are dropped.
  public func close() {
    state.withLock { state in
      guard state.descriptor >= 0 else { return }
      if closesDescriptor {
        fsync(state.descriptor)
        Glibc.close(state.descriptor)
      }
      state.descriptor = -1
    }
  }

  /// A line that was begun must be finished before the next one, or the file would hold half a line in its middle.
  private static func append(_ state: inout State) {
    guard state.descriptor >= 0 else {
      state.dropped += 1
      return
    }
    if !state.pending.isEmpty, !drain(&state) {
      state.dropped += 1
      return
    }
    state.pending.append(contentsOf: state.line.bytes)
    if drain(&state) {
      state.written += 1
      state.failure = nil
    } else if state.pending.count == state.line.bytes.count {
      state.pending.removeAll(keepingCapacity: true)
      state.dropped += 1
    } else {
      state.written += 1
    }
  }

  private static func drain(_ state: inout State) -> Bool {
    var done = 0
    defer { state.pending.removeFirst(done) }
    while done < state.pending.count {
      let count = state.pending[done...].withUnsafeBytes {
        Glibc.write(state.descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        state.failure = String(cString: strerror(errno)).lowercased()
        return false
      }
    }
    return true
  }

  deinit { close() }
}
