import Inference

/// How the networks of a run stand against each other.
public struct NetworkScheduling: Sendable, Hashable {
  /// The scheduler's name of the person detector.
  public static let person = "person"
  /// The scheduler's name of the face detector.
  public static let face = "face"
  /// The scheduler's name of the re-ID network.
  public static let reid = "reid"
  /// All of them.
  public static let networks = [person, face, reid]

  /// One policy for each network.
  public var policies: [NetworkPolicy]
  /// So many seconds of waiting count as one level of priority.
  public var ageing: Double

  /// The usual order: faces first, since the persons of that frame have been found already and its other frames wait
  /// for nothing else; then persons, then embeddings. Nothing is given up.
  public init() {
    policies = Self.networks.map {
      NetworkPolicy(name: $0, priority: [Self.reid: 1, Self.person: 2][$0] ?? 3)
    }
    ageing = 0.1
  }
}
