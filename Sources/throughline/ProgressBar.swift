import Foundation
import Synchronization

/// A progress bar on standard error: one line that is redrawn on a terminal, a line every few seconds elsewhere.
final class ProgressBar: Sendable {
  private struct State {
    var lastDrawn = -Double.infinity
    var isOpen = false
    var knowsTheEnd = false
  }

  private let title: String
  private let began = ProcessInfo.processInfo.systemUptime
  private let state = Mutex(State())

  init(title: String) { self.title = title }

  /// Shows how far the work is: `fraction` 0...1, or `nil` where the end is not known.
  func show(fraction: Double?, note: String = "") {
    let now = ProcessInfo.processInfo.systemUptime
    state.withLock { state in
      guard now - state.lastDrawn >= (Console.isTerminal ? 0.1 : 5) else { return }
      // Nobody needs a bar for what is done in the blink of an eye.
      guard now - began > 0.5 else { return }
      state.lastDrawn = now
      state.isOpen = true
      state.knowsTheEnd = fraction != nil
      draw(fraction: fraction, note: note, end: !Console.isTerminal)
    }
  }

  /// Ends the bar; what was drawn stays as the last line.
  func finish(note: String) {
    state.withLock { state in
      guard state.isOpen else { return }
      draw(fraction: state.knowsTheEnd ? 1 : nil, note: note, end: true)
      state.isOpen = false
    }
  }

  private func draw(fraction: Double?, note: String, end: Bool) {
    let width = 24
    var line = title
    if let fraction {
      let share = min(max(fraction, 0), 1)
      let filled = Int(share * Double(width))
      line +=
        " [" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled) + "]"
      line += String(format: " %3.0f %%", share * 100)
    }
    if !note.isEmpty { line += "  " + note }
    Console.writeRaw((Console.isTerminal ? "\r\u{1B}[K" : "") + line + (end ? "\n" : ""))
  }
}
