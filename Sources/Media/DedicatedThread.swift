import Foundation

/// Starts threads that belong to one piece of work, under a name that the kernel's tools show as well.
public enum DedicatedThread {
  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: what it does; the kernel shows the first 15 bytes of it.
  ///   - stackSize: in bytes.
  ///   - work: what it does.
  public static func start(_ name: String, stackSize: Int = 1 << 20, _ work: @escaping @Sendable () -> Void) {
    let thread = Thread {
      // Foundation keeps the name to itself where it is set before the thread runs.
      try? FileHandle(forWritingAtPath: "/proc/thread-self/comm")?.write(
        contentsOf: Data(name.utf8.prefix(15)))
      work()
    }
    thread.name = name
    thread.stackSize = stackSize
    thread.start()
  }
}
