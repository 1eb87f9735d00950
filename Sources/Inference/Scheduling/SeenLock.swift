import Foundation

/// A lock around a value, like `Synchronization.Mutex`, but one that the thread sanitizer sees.
///
/// The slow path of `Mutex` lies in a library that is not instrumented, so the sanitizer takes every contended access for
/// a race. The scheduler is contended by design and its tests run under the sanitizer.
///
/// `@unchecked Sendable`: `value` is private and touched only by `withLock`, between `lock()` and `unlock()`.
final class SeenLock<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  init(_ value: sending Value) { self.value = value }

  func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body(&value)
  }
}
