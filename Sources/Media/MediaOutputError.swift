import CGStreamer
import Foundation

/// Why an output (a recording, a window, a server) cannot go on.
public struct MediaOutputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Kind: String, Sendable, Hashable {
    /// The place cannot be written to.
    case unwritable
    /// No room is left.
    case diskFull
    /// A part of GStreamer is not installed.
    case missingPlugin
    /// There is no display, or it cannot be used.
    case noDisplay
    /// The address or port cannot be taken.
    case unusableAddress
    /// Anything else, in GStreamer's words.
    case other
  }

  /// What kind of problem it is.
  public var kind: Kind
  /// The output: a path, an address, `the window`.
  public var output: String
  /// What is wrong and what mends it.
  public var message: String

  /// A problem by its parts.
  public init(_ kind: Kind, output: String, message: String) {
    self.kind = kind
    self.output = output
    self.message = message
  }

  /// One line: the output, what is wrong, what mends it.
  public var description: String { "\(output): \(message)" }

  static func missing(_ element: MissingElement, output: String) -> MediaOutputError {
    MediaOutputError(.missingPlugin, output: output, message: element.message)
  }

  /// What an error of a pipeline that writes a file means.
  static func recording(_ path: String, _ failure: PipelineFailure) -> MediaOutputError {
    if failure.isResource(GST_RESOURCE_ERROR_NO_SPACE_LEFT) || failure.detail.contains("No space left") {
      return MediaOutputError(
        .diskFull, output: path,
        message:
          "the disk is full, the recording ends here; what was recorded so far can be played, make room")
    }
    if failure.isResource(GST_RESOURCE_ERROR_OPEN_WRITE) || failure.isResource(GST_RESOURCE_ERROR_WRITE) {
      return MediaOutputError(
        .unwritable, output: path, message: "cannot be written (\(failure.line)); the recording ends here")
    }
    return MediaOutputError(.other, output: path, message: "the recording ends here: \(failure.line)")
  }
}
