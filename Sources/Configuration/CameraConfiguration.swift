import ThroughlineCore

/// One camera as it was configured.
public struct CameraConfiguration: Sendable, Hashable {
  /// The camera's name.
  public var name: CameraName
  /// Where its pictures come from: a file, a folder, `rtsp://...` or `/dev/videoN`.
  public var source: String
  /// The values that differ for this camera, by key.
  public var overrides: [String: ConfigurationEntry]
  /// Where the camera was named.
  public var origin: ConfigurationOrigin

  /// A camera by its parts.
  public init(
    name: CameraName, source: String, overrides: [String: ConfigurationEntry] = [:],
    origin: ConfigurationOrigin
  ) {
    self.name = name
    self.source = source
    self.overrides = overrides
    self.origin = origin
  }
}

/// A value in force and where it came from.
public struct ConfigurationEntry: Sendable, Hashable {
  /// The value.
  public var value: ConfigurationValue
  /// Where it came from.
  public var origin: ConfigurationOrigin

  /// An entry by its parts.
  public init(value: ConfigurationValue, origin: ConfigurationOrigin) {
    self.value = value
    self.origin = origin
  }
}
