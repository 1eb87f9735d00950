import Testing

@testable import throughline

/// What a program holds while it waits for Ctrl-C.
@Suite struct SignalWatcherTests {
  private final class Held: Sendable {}

  /// A run that was let go of on the signals' queue took its runtime down while the program ended, which crashed.
  @Test func nothingIsHeldOnceItIsCancelled() {
    weak var held: Held?
    let watcher: SignalWatcher
    do {
      let run = Held()
      held = run
      watcher = SignalWatcher { _ = run }
    }
    #expect(held != nil)
    watcher.cancel()
    #expect(held == nil)
  }
}
