/// Why a crop is not worth showing to the re-ID network.
public enum CropRefusal: String, Sendable, Codable, CaseIterable {
  /// The box was predicted, not seen in this frame.
  case predicted
  /// The person is too few pixels high.
  case tooSmall
  /// The box is too wide or too narrow for a standing or walking person.
  case wrongShape
  /// The picture's edge cuts too much of the person off.
  case truncated
  /// Another person stands in front.
  case overlapped
  /// The detector was not sure.
  case lowScore
  /// The crop has no sharp edges.
  case blurred
  /// The crop is too dark.
  case tooDark
  /// The crop is too bright.
  case tooBright
  /// The crop has hardly any contrast.
  case flat
  /// No single reason, but all together the quality is below the user's minimum.
  case belowMinimum
}

/// How much a crop is worth to the re-ID network.
public struct CropQuality: Sendable, Hashable {
  /// 0 (worthless) ... 1 (large, sharp, well lit, whole and alone).
  public var value: Double
  /// Why it is refused; empty where it is accepted.
  public var refusals: [CropRefusal]

  /// A quality by its parts.
  public init(value: Double, refusals: [CropRefusal] = []) {
    self.value = value
    self.refusals = refusals
  }

  /// Whether the crop may be shown to the network.
  public var isAccepted: Bool { refusals.isEmpty }
}
