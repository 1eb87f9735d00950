import Foundation
import ThroughlineCore

/// A way from one camera's view to another's that the owner of a site knows, with how long it takes.
public struct CameraTransition: Sendable, Hashable {
  /// The camera that people leave.
  public var from: CameraName
  /// Where in its picture; anywhere where `nil`. A name of ``AssociationSettings/regions``.
  public var exit: String?
  /// The camera that they come to.
  public var to: CameraName
  /// Where in its picture; anywhere where `nil`.
  public var entry: String?
  /// How long the way takes, in seconds.
  public var seconds: ClosedRange<Double>

  /// A way by its parts.
  public init(
    from: CameraName, exit: String? = nil, to: CameraName, entry: String? = nil, seconds: ClosedRange<Double>
  ) {
    self.from = from
    self.exit = exit
    self.to = to
    self.entry = entry
    self.seconds = seconds
  }

  /// The share of people who take as long as was said, and where it was said; the others linger or turn round.
  static let trust = 0.9
  /// Gaps between sightings of two different people lie anywhere, on a logarithmic scale, up to this many seconds.
  static let longestGap = 3600.0

  /// How much likelier a gap is for somebody who went this way than for somebody else, as a natural logarithm.
  ///
  /// - Parameter tolerance: by how many seconds the cameras' clocks may differ.
  func logRatio(gap: Double, tolerance: Double) -> Double {
    let low = max(0, seconds.lowerBound - tolerance) + 1
    let high = max(low * 1.05, seconds.upperBound + tolerance + 1)
    let isWithin = gap + 1 >= low && gap + 1 <= high
    let density = isWithin ? log(Self.longestGap) / log(high / low) : 0
    return log(Self.trust * density + (1 - Self.trust))
  }
}

/// A part of a camera's picture, such as a door, in shares of its width and height.
public struct PictureRegion: Sendable, Hashable {
  /// The left edge, 0...1.
  public var left: Double
  /// The upper edge, 0...1.
  public var top: Double
  /// The right edge, 0...1.
  public var right: Double
  /// The lower edge, 0...1.
  public var bottom: Double

  /// A region by its edges; `nil` where they are no rectangle within the picture.
  public init?(left: Double, top: Double, right: Double, bottom: Double) {
    guard left >= 0, top >= 0, right <= 1, bottom <= 1, left < right, top < bottom else { return nil }
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  /// Whether somebody stands there.
  ///
  /// - Parameter extent: the picture's size in the unit of the box.
  func contains(_ box: BoundingBox, extent: (width: Double, height: Double)) -> Bool {
    guard extent.width > 0, extent.height > 0 else { return false }
    let x = box.centerX / extent.width
    let y = box.maxY / extent.height
    return x >= left && x <= right && y >= top && y <= bottom + 0.01
  }
}

/// What the owner of a site has said about the ways between its cameras.
struct GivenTransitions: Sendable {
  let settings: AssociationSettings

  /// Where somebody was and is.
  struct Passage: Sendable {
    var from: CameraName
    /// The last box there; `nil` where it is no longer known.
    var exit: BoundingBox?
    var to: CameraName
    var entry: BoundingBox
    var gap: Double
  }

  /// How much likelier a passage is for one person than for two by what was said, as a natural logarithm; 0 where
  /// nothing was said about the way between the two cameras.
  func logRatio(
    _ passage: Passage, extents: (from: (width: Double, height: Double), to: (width: Double, height: Double))
  ) -> Double {
    let ways = settings.transitions.filter { $0.from == passage.from && $0.to == passage.to }
    guard !ways.isEmpty else { return 0 }
    let fitting = ways.filter { way in
      isAt(passage.exit, way.exit, camera: way.from, extent: extents.from)
        && isAt(passage.entry, way.entry, camera: way.to, extent: extents.to)
    }
    return fitting.map { $0.logRatio(gap: passage.gap, tolerance: settings.clockTolerance) }.max()
      ?? log(1 - CameraTransition.trust)
  }

  private func isAt(
    _ box: BoundingBox?, _ name: String?, camera: CameraName, extent: (width: Double, height: Double)
  ) -> Bool {
    guard let name, let box, let region = settings.regions[camera]?[name] else { return true }
    return region.contains(box, extent: extent)
  }
}
