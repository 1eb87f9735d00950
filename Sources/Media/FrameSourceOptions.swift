import Foundation
import ThroughlineCore

/// How a source is read.
public struct FrameSourceOptions: Sendable {
  /// How fast a file is read. Cameras always come in real time.
  public enum Pacing: Sendable, Hashable {
    /// As a camera would deliver it. The consumer must not block.
    case realTime
    /// As fast as the consumer takes the frames; nothing is dropped.
    case offline
  }

  /// How RTSP pictures travel.
  public enum Transport: String, Sendable, Hashable, CaseIterable {
    /// TCP first, then UDP where the camera refuses it.
    case auto
    /// Within the RTSP connection.
    case tcp
    /// In packets of their own.
    case udp
  }

  /// How fast a file is read.
  public var pacing = Pacing.realTime
  /// How often a file is played, at least once.
  public var loopCount = 1
  /// The rate at which a file was recorded, where the file says something else.
  public var recordedFrameRate: Double?
  /// When the first frame of a file was taken. `nil`: offline 2020-01-01T00:00:00Z, so that results can be had again;
  /// in real time the moment of the first frame.
  public var startTime: Timestamp?
  /// How RTSP pictures travel.
  public var transport = Transport.auto
  /// The user name, before the one in the address; an empty one counts as none.
  public var user: String?
  /// The password, before the one in the address; an empty one counts as none.
  public var password: String?
  /// Whether the certificate of an `rtsps://` camera must be one that this machine trusts.
  public var verifiesCertificate = true
  /// A PEM file with the only certificates that are trusted, the camera's own or that of the authority that signed it;
  /// `nil` for those of the machine.
  public var certificateFile: String?
  /// How long packets of a camera wait for their predecessors, in seconds.
  public var jitterDelay = 0.1
  /// Whether a camera's own clock, as its RTCP sender reports tell it, says when its pictures were taken.
  public var usesSenderClock = true
  /// A camera's clock that differs from this machine's by more than so many seconds is not believed.
  public var clockTolerance = 5.0
  /// A camera that is silent for so many seconds is stalled and connected again.
  public var readTimeout = 5.0
  /// How many seconds the first frame of a connection may take.
  public var connectionTimeout = 10.0
  /// The delays between attempts to connect.
  public var backoff = ReconnectBackoff()
  /// After so many failures without a single frame a camera is given up; `nil`: never.
  public var maximumInitialAttempts: Int?
  /// The decoder's threads.
  public var decoderThreads = 1
  /// The wall clock.
  public var now: @Sendable () -> Timestamp = { Timestamp(seconds: Date().timeIntervalSince1970) }

  /// The usual settings.
  public init() {}

  func user(for address: RTSPAddress) -> String? { user.flatMap { $0.isEmpty ? nil : $0 } ?? address.user }

  func password(for address: RTSPAddress) -> String? {
    password.flatMap { $0.isEmpty ? nil : $0 } ?? address.password
  }

  /// The start of files that are read offline and have no other: 2020-01-01T00:00:00Z.
  public static let offlineEpoch = Timestamp(nanoseconds: 1_577_836_800_000_000_000)
}
