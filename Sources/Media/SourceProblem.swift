/// Why a source gives no (more) frames.
public struct SourceProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// There is no such file or device.
    case missing
    /// The file is a folder.
    case directory
    /// The file or device may not be read, or is in use.
    case unreadable
    /// The file is empty, or is no video.
    case notVideo
    /// The video has no frame.
    case noFrames
    /// The file ends before its own header says so, or is damaged; the frames before that were delivered.
    case truncated
    /// Nobody listens at the address.
    case refused
    /// The camera did not answer in time.
    case timedOut
    /// The host's name is not known, or there is no way to it.
    case unreachable
    /// The camera wants another user name or password.
    case unauthorised
    /// The camera does not know the path.
    case notFound
    /// The camera sends no frames although it is connected.
    case stalled
    /// The camera ended the connection.
    case closed
    /// The certificate of the camera was not accepted.
    case untrusted
    /// The camera's clock is wrong, so that times are those of arrival; its frames come all the same.
    case wrongClock
    /// A part of GStreamer is not installed.
    case missingPlugin
    /// The stream is of a kind that cannot be read.
    case unsupported
    /// Anything else, in GStreamer's words.
    case other
  }

  /// What kind of problem it is.
  public var kind: Kind
  /// The source, without a password.
  public var source: String
  /// What is wrong and what mends it.
  public var message: String

  /// A problem by its parts.
  public init(_ kind: Kind, source: String, message: String) {
    self.kind = kind
    self.source = source
    self.message = message
  }

  /// One line: the source, what is wrong, what mends it.
  public var description: String { "\(source): \(message)" }
}
