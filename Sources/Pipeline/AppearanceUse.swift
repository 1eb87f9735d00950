/// When the tracker of a camera compares what people look like, besides where they are.
public enum AppearanceUse: String, Sendable, CaseIterable {
  /// Never: motion alone.
  case never
  /// Where motion leaves a doubt; see `Tracker.wantsAppearance(_:at:)`.
  case ambiguous
  /// In every frame, whatever it costs.
  case always
}
