import Dispatch
import Foundation

/// Calls back on Ctrl-C and on the wish of the system to end; a second signal ends the program at once.
final class SignalWatcher {
  private let sources: [any DispatchSourceSignal]

  init(_ act: @escaping @Sendable () -> Void) {
    let queue = DispatchQueue(label: "signals")
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        act()
        signal(number, SIG_DFL)
      }
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }
}
