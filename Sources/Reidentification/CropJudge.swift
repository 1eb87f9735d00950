import Foundation
import Imaging
import ThroughlineCore

/// Judges crops: first by what costs nothing (the box and its neighbours), then by their pixels.
public struct CropJudge: Sendable, Hashable {
  /// The lowest accepted quality, 0...1.
  public var minimum: Double
  /// The smallest accepted height of a person in pixels.
  public var minimumHeight: Double
  /// Accepted height divided by width.
  public var ratios: ClosedRange<Double>
  /// The share of a person that others in front may cover.
  public var maximumOverlap: Double
  /// The lowest accepted score of the detection.
  public var minimumScore: Double

  /// A judge by its rules.
  public init(
    minimum: Double = 0.25, minimumHeight: Double = 48, ratios: ClosedRange<Double> = 1.1...5.5,
    maximumOverlap: Double = 0.45, minimumScore: Double = 0.3
  ) {
    self.minimum = minimum
    self.minimumHeight = minimumHeight
    self.ratios = ratios
    self.maximumOverlap = maximumOverlap
    self.minimumScore = minimumScore
  }

  /// Judges a person's box without looking at pixels.
  ///
  /// - Parameters:
  ///   - track: the person.
  ///   - others: the boxes of the other persons in the same frame, in pixels.
  ///   - size: the picture's size.
  /// - Returns: the quality as far as the box tells; the pixels can only lower it.
  public func judge(_ track: Track, among others: [BoundingBox], in size: PictureSize) -> CropQuality {
    judge(track.box, score: track.score, isObserved: track.isObserved, among: others, in: size)
  }

  /// The same for a box that no track has taken up.
  public func judge(
    _ box: BoundingBox, score: Double, isObserved: Bool, among others: [BoundingBox], in size: PictureSize
  ) -> CropQuality {
    guard isObserved, box.isValid else { return CropQuality(value: 0, refusals: [.predicted]) }
    var refusals: [CropRefusal] = []
    if box.height < minimumHeight { refusals.append(.tooSmall) }
    if !ratios.contains(box.height / box.width) { refusals.append(.wrongShape) }
    if score < minimumScore { refusals.append(.lowScore) }
    let inside = box.coverage(by: size.bounds)
    if inside < 0.85 { refusals.append(.truncated) }
    let covered = others.reduce(0.0) { sum, other in
      // Feet lower in the picture are nearer to the camera: that person stands in front.
      sum + box.coverage(by: other) * (other.maxY > box.maxY ? 1 : 0.4)
    }
    if covered > maximumOverlap { refusals.append(.overlapped) }
    let value =
      sizeFactor(box.height) * (0.5 + 0.5 * score) * pow(max(0, 1 - covered), 1.5)
      * edgeFactor(box, in: size)
    return CropQuality(value: min(max(value, 0), 1), refusals: refusals)
  }

  /// Lowers a box's quality by what its pixels show.
  public func judge(_ quality: CropQuality, measures: CropMeasures) -> CropQuality {
    var refusals = quality.refusals
    if measures.sharpness < 12 { refusals.append(.blurred) }
    if measures.brightness < 22 { refusals.append(.tooDark) }
    if measures.brightness > 238 { refusals.append(.tooBright) }
    if measures.contrast < 10 { refusals.append(.flat) }
    let sharp = 0.4 + 0.6 * measures.sharpness / (measures.sharpness + 120)
    let lit = min(1, measures.brightness / 60) * min(1, (255 - measures.brightness) / 50)
    let value = min(max(quality.value * sharp * (0.5 + 0.5 * max(0, lit)), 0), 1)
    if refusals.isEmpty, value < minimum { refusals.append(.belowMinimum) }
    return CropQuality(value: value, refusals: refusals)
  }

  /// People of 192 pixels count in full, those of 64 pixels a good half, smaller ones less.
  private func sizeFactor(_ height: Double) -> Double {
    min(1, 0.55 + 0.45 * (height - 64) / 128)
  }

  private func edgeFactor(_ box: BoundingBox, in size: PictureSize) -> Double {
    let slackX = Double(size.width) * 0.005
    let slackY = Double(size.height) * 0.005
    var factor = 1.0
    if box.minX < slackX || box.maxX > Double(size.width) - slackX { factor *= 0.6 }
    if box.minY < slackY { factor *= 0.6 }
    if box.maxY > Double(size.height) - slackY { factor *= 0.75 }
    return factor
  }
}
