import Dispatch
import Foundation
import Synchronization

/// Calls back on Ctrl-C and on the wish of the system to end; a second signal ends the program at once.
final class SignalWatcher {
  /// What is called, until it is cancelled.
  private final class Action: Sendable {
    private let body: Mutex<(@Sendable () -> Void)?>

    init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

    func callAsFunction() { body.withLock { $0?() } }

    func forget() { body.withLock { $0 = nil } }
  }

  private let action: Action
  private let sources: [any DispatchSourceSignal]

  init(_ act: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "signals")
    let action = Action(act)
    self.action = action
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        action()
        signal(number, SIG_DFL)
      }
      source.resume()
      return source
    }
  }

  /// Calls nothing any more, and holds nothing that was called when this returns: the queue lets go of its handlers some
  /// time later, and a whole run that was let go of there, its runtime with it, would be taken down while the program
  /// ends.
  func cancel() {
    action.forget()
    for source in sources { source.cancel() }
  }
}
