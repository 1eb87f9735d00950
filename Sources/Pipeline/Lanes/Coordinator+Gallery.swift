import Association
import Foundation
import Gallery
import Store
import Synchronization
import ThroughlineCore

/// Requests about the gallery are worked on between two frames, on the coordinator's thread.
extension Coordinator: GalleryHost {
  /// A coordinator that is this late is not coming any more.
  private static let patience = DispatchTimeInterval.seconds(60)

  func currentGallery() throws -> Gallery { try ask { .success($0.gallery) } }

  func edit<Value: Sendable>(
    _ body: @escaping @Sendable (inout Gallery) throws(GalleryError) -> Value
  ) throws -> Value {
    try requireEditable()
    return try ask { work in
      do throws(GalleryError) { return .success(try work.correct(body)) } catch { return .failure(error) }
    }
  }

  func forget(
    _ id: IdentityID, in store: @escaping @Sendable () throws -> ForgetReceipt
  ) throws -> ForgetReceipt {
    try requireEditable()
    return try ask { work in
      do {
        // What the run knows of the person reaches the store first, so that the receipt counts it.
        work.hand()
        let receipt = try store()
        work.forget(id)
        return .success(receipt)
      } catch { return .failure(error) }
    }
  }

  func note(_ event: AssociationEvent, at time: Timestamp) {
    // Where the run is ending, the correction is made all the same, and shows in the gallery itself.
    try? ask { work in
      work.note(event, at: time)
      return .success(())
    }
  }

  /// At the end of a recording everybody is decided once more, so that a correction before that would not last.
  private func requireEditable() throws(PipelineError) {
    guard isOrdered else { return }
    throw .output(
      "a run with --offline holds the gallery and decides everybody at its end; correct it when the run has ended"
    )
  }

  private func ask<Value: Sendable>(
    _ body: @escaping @Sendable (inout CoordinatorWork) -> Result<Value, any Error>
  ) throws -> Value {
    let outcome = Mutex<Result<Value, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    let isTaken = take(
      .request { work in
        let result = body(&work)
        outcome.withLock { $0 = result }
        done.signal()
      })
    guard isTaken, done.wait(timeout: .now() + Self.patience) == .success,
      let result = outcome.withLock({ $0 })
    else { throw PipelineError.output("the run that holds the gallery is ending; try again") }
    return try result.get()
  }
}
