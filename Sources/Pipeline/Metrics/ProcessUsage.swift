import CAllocator
import Foundation

/// What this process has used so far, as the kernel counts it.
public struct ProcessUsage: Sendable, Hashable {
  /// Processor time of all threads, ended ones too, in seconds.
  public var processorTime = 0.0
  /// Resident memory, in bytes.
  public var memory = 0
  /// The most resident memory so far, in bytes.
  public var peakMemory = 0
  /// Resident memory that shows a part of a file (programs, libraries, models), in bytes; it is in ``memory``, too.
  public var fileMemory = 0
  /// Threads.
  public var threads = 0
  /// Open files, sockets and pipes.
  public var files = 0

  /// Asks for the processor time only: cheap.
  public static func now() -> ProcessUsage {
    var usage = ProcessUsage()
    var time = timespec()
    if clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 {
      usage.processorTime = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
    return usage
  }

  /// Asks for everything.
  public static func complete() -> ProcessUsage {
    var usage = now()
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    for line in status.split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard words.count > 1, let number = Int(words[1]) else { continue }
      switch words[0] {
      case "VmRSS:": usage.memory = number << 10
      case "VmHWM:": usage.peakMemory = number << 10
      case "RssFile:": usage.fileMemory = number << 10
      case "Threads:": usage.threads = number
      default: break
      }
    }
    usage.files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    return usage
  }
}

/// What the allocator of the C library has given out and what it keeps: tells memory that is in use from memory that lies
/// in pieces between what is in use.
public struct AllocatorUse: Sendable, Hashable, Codable {
  /// Memory that parts of this process hold, in bytes.
  public var used: Int
  /// Memory that was freed and is kept for later, in bytes; not all of it need be resident.
  public var kept: Int

  /// Asks the allocator, which looks at all its free pieces while it is locked: some milliseconds at most, so not for
  /// every frame. Both figures are 0 where it does not tell.
  public static func now() -> AllocatorUse {
    let memory = callocator_memory_now()
    return AllocatorUse(used: Int(clamping: memory.used), kept: Int(clamping: memory.kept))
  }
}

/// Processor time by the names of threads, sampled, so that threads which have ended are counted as well.
public final class ThreadUsage {
  /// The name under which the main thread is counted.
  static let main = "main thread"
  /// The name under which threads are counted that still have the process's own name: libraries that do not name
  /// theirs. Of those that run with the cameras, OpenVINO is the one.
  static let unnamed = "unnamed"
  private var seconds: [Int: (name: String, time: Double)] = [:]
  private var before: [Int: Double] = [:]

  /// Begins to count now.
  public init() {
    sample()
    before = seconds.mapValues(\.time)
  }

  /// Looks at all threads; call it more often than threads come and go.
  public func sample() {
    let own = (try? String(contentsOfFile: "/proc/self/comm", encoding: .utf8))?.split(separator: "\n").first
    let process = Int(ProcessInfo.processInfo.processIdentifier)
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
      guard let number = Int(entry),
        let text = try? String(contentsOfFile: "/proc/self/task/\(entry)/stat", encoding: .utf8),
        let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
      else { continue }
      let fields = text[text.index(after: close)...].split(separator: " ")
      // Fields 14 and 15 of stat(5), counted from the state, which is field 3.
      guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
        continue
      }
      let comm = text[text.index(after: open)..<close]
      let name = number == process ? Self.main : comm == own ? Self.unnamed : String(comm)
      seconds[number] = (name, (user + system) / ticks)
    }
  }

  /// Seconds since the beginning by thread name.
  public var byName: [String: Double] {
    var result: [String: Double] = [:]
    for (number, entry) in seconds {
      result[entry.name, default: 0] += max(0, entry.time - (before[number] ?? 0))
    }
    return result
  }
}
