/// The arithmetic that a network may be computed in.
public enum InferencePrecision: String, Hashable, Sendable, CaseIterable {
  /// Single precision: the reference, the same figures on every processor.
  case float32 = "f32"
  /// bfloat16 where the processor has it (up to twice as fast there); single precision elsewhere, because a
  /// processor that has to imitate it takes two to three times as long.
  case bfloat16 = "bf16"
  /// Whatever the runtime thinks best.
  case automatic = "auto"
}

/// How a network is compiled.
public struct InferenceOptions: Hashable, Sendable {
  /// The device: `CPU`, `GPU`, `NPU`, `AUTO`.
  public var device: String
  /// Threads of all streams together; `nil` leaves the choice to the runtime.
  public var threads: Int?
  /// How many requests of this network run at the same time; `nil` means one.
  public var streams: Int?
  /// The arithmetic.
  public var precision: InferencePrecision
  /// A folder in which the runtime keeps compiled models, so that the next start is faster; `nil` for none.
  public var cacheDirectory: String?

  /// Options by their parts.
  public init(
    device: String = "CPU", threads: Int? = 1, streams: Int? = nil, precision: InferencePrecision = .float32,
    cacheDirectory: String? = nil
  ) {
    self.device = device
    self.threads = threads
    self.streams = streams
    self.precision = precision
    self.cacheDirectory = cacheDirectory
  }
}
