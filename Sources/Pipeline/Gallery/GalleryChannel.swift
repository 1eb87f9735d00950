import Association
import Foundation
import Gallery
import Media
import Store
import Synchronization
import ThroughlineCore

/// How a run takes requests about the gallery that it holds: by a socket beside the gallery's file that only the same user
/// can open, one request after the other, on a thread of its own.
final class GalleryChannel: Sendable {
  /// What goes back.
  private struct Answer: Codable {
    var reply: GalleryReply?
    var error: String?
    var isUsage = false
  }

  /// The longest that a command waits for its answer, in seconds: a rotation of a large gallery takes its time.
  private static let patience = 600.0

  private let path: String
  private let descriptor: Int32
  private let isClosed = Mutex(false)
  private let ended = DispatchSemaphore(value: 0)

  /// The socket of a gallery.
  static func socket(of gallery: String) -> String { gallery + ".socket" }

  /// Begins to take requests.
  ///
  /// - Returns: `nil` where the folder does not allow it; the run goes on without.
  init?(gallery: String, perform: @escaping @Sendable (GalleryRequest) throws -> GalleryReply) {
    path = Self.socket(of: gallery)
    guard let descriptor = LocalSocket.listen(at: path) else { return nil }
    self.descriptor = descriptor
    DedicatedThread.start("gallery requests", stackSize: 4 << 20) { [self] in
      while !isClosed.withLock({ $0 }) {
        guard let connection = LocalSocket.accept(descriptor, seconds: 0.2) else { continue }
        if let line = LocalSocket.readLine(connection) {
          LocalSocket.write(Self.answer(line, perform), to: connection)
        }
        Glibc.close(connection)
      }
      ended.signal()
    }
  }

  /// Takes no more requests; one that is being worked on is finished first.
  func close() {
    isClosed.withLock { $0 = true }
    ended.wait()
    Glibc.close(descriptor)
    unlink(path)
  }

  private static func answer(
    _ line: Data, _ perform: (GalleryRequest) throws -> GalleryReply
  ) -> Data {
    var answer = Answer()
    do {
      let request = try JSONDecoder().decode(GalleryRequest.self, from: line)
      answer.reply = try perform(request)
    } catch let error as DecodingError {
      answer.error = "the request was not understood; use the same version as the run (\(error))"
    } catch {
      answer.error = "\(error)"
      answer.isUsage = (error as? PipelineError)?.isUsage ?? false
    }
    return (try? JSONEncoder().encode(answer)) ?? Data("{}".utf8)
  }

  /// Asks the run that holds a gallery.
  ///
  /// - Returns: `nil` where nobody takes requests.
  /// - Throws: ``PipelineError`` with what the run said.
  static func ask(_ request: GalleryRequest, gallery: String) throws -> GalleryReply? {
    let line = try JSONEncoder().encode(request)
    guard let data = LocalSocket.ask(line, at: socket(of: gallery), waitingAtMost: patience) else {
      return nil
    }
    let answer: Answer
    do { answer = try JSONDecoder().decode(Answer.self, from: data) } catch {
      throw PipelineError.output(
        "\(gallery): the run that holds it gave an answer of another version; use the same program")
    }
    if let reply = answer.reply { return reply }
    let message = answer.error ?? "\(gallery): the run that holds it gave no answer; try again"
    throw answer.isUsage ? PipelineError.setting(message) : PipelineError.output(message)
  }
}

/// A run that holds a gallery: whoever corrects it does so in the run's memory.
protocol GalleryHost: Sendable {
  /// The gallery as it is now.
  func currentGallery() throws -> Gallery
  /// Changes it, between two frames.
  func edit<Value: Sendable>(
    _ body: @escaping @Sendable (inout Gallery) throws(GalleryError) -> Value
  ) throws -> Value
  /// Erases a person from the store and from the run's memory at once.
  func forget(
    _ id: IdentityID, in store: @escaping @Sendable () throws -> ForgetReceipt
  ) throws -> ForgetReceipt
  /// Tells of what was done.
  func note(_ event: AssociationEvent, at time: Timestamp)
}
