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
      nameCurrent(name)
      work()
    }
    thread.name = name
    thread.stackSize = stackSize
    thread.start()
  }

  /// Names the calling thread for the kernel's tools, which show the first 15 bytes.
  private static func nameCurrent(_ name: String) {
    try? FileHandle(forWritingAtPath: "/proc/thread-self/comm")?.write(
      contentsOf: Data(name.utf8.prefix(15)))
  }

  /// Lets the calling thread have what the others of this process leave, for work whose result nobody waits for. On Linux
  /// a thread has a nice value of its own (setpriority(2)); ten more is about a tenth of the share.
  public static func yieldCurrent() {
    let nice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, min(19, nice + 10))
  }
}
