import Glibc

/// The processor time of the calling thread.
public enum ThreadClock {
  /// Seconds of processor time that this thread has used so far.
  public static func processorTime() -> Double {
    var time = timespec()
    guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
