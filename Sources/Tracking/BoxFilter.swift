import ThroughlineCore

/// Position and speed of one number under a constant-velocity model (R. Kalman, 1960), in continuous time: a
/// prediction over a time is the same as several over its parts, whatever the frame interval.
struct AxisFilter: Sendable, Hashable {
  var position: Double
  var velocity = 0.0
  private var positionVariance: Double
  private var covariance = 0.0
  private var velocityVariance: Double

  init(position: Double, deviation: Double, velocityDeviation: Double) {
    self.position = position
    positionVariance = deviation * deviation
    velocityVariance = velocityDeviation * velocityDeviation
  }

  /// White noise in acceleration (density `acceleration`) and in displacement (density `displacement`).
  mutating func predict(seconds: Double, displacement: Double, acceleration: Double) {
    let squared = seconds * seconds
    position += velocity * seconds
    positionVariance +=
      2 * seconds * covariance + squared * velocityVariance + displacement * seconds
      + acceleration * squared * seconds / 3
    covariance += seconds * velocityVariance + acceleration * squared / 2
    velocityVariance += acceleration * seconds
  }

  mutating func correct(measured: Double, variance: Double) {
    let total = positionVariance + variance
    guard total > 0 else { return }
    let positionGain = positionVariance / total
    let velocityGain = covariance / total
    let innovation = measured - position
    position += positionGain * innovation
    velocity += velocityGain * innovation
    velocityVariance -= velocityGain * covariance
    covariance *= 1 - positionGain
    positionVariance *= 1 - positionGain
  }
}

/// The motion of a person's box: centre and size, each number with its own speed.
///
/// With the diagonal noise that trackers of this class use (BoT-SORT: N. Aharon et al., 2022), the eight-number
/// filter falls apart into four of two numbers each, exactly.
struct BoxFilter: Sendable, Hashable {
  private var centerX: AxisFilter
  private var centerY: AxisFilter
  private var width: AxisFilter
  private var height: AxisFilter

  /// - Parameter box: the first observation, in pixels; must be valid.
  init(box: BoundingBox, settings: TrackerSettings) {
    let scale = box.height
    let deviation = 2 * settings.measurementNoise * scale
    func axis(_ position: Double, speed: Double) -> AxisFilter {
      AxisFilter(position: position, deviation: deviation, velocityDeviation: speed * scale)
    }
    centerX = axis(box.centerX, speed: 1)
    centerY = axis(box.centerY, speed: 0.6)
    width = axis(box.width, speed: 0.2)
    height = axis(box.height, speed: 0.2)
  }

  /// The box as believed now; never thinner or lower than one pixel.
  var box: BoundingBox {
    BoundingBox(
      centerX: centerX.position, centerY: centerY.position, width: max(1, width.position),
      height: max(1, height.position))
  }

  /// The centre's speed in pixels per second.
  var velocity: (x: Double, y: Double) { (centerX.velocity, centerY.velocity) }

  mutating func predict(seconds: Double, settings: TrackerSettings) {
    guard seconds > 0 else { return }
    let scale = max(1, height.position)
    let displacement = settings.displacementNoise * settings.displacementNoise * scale * scale
    let acceleration = settings.accelerationNoise * settings.accelerationNoise * scale * scale
    centerX.predict(seconds: seconds, displacement: displacement, acceleration: acceleration)
    centerY.predict(seconds: seconds, displacement: displacement, acceleration: acceleration)
    width.predict(seconds: seconds, displacement: displacement, acceleration: acceleration * 0.04)
    height.predict(seconds: seconds, displacement: displacement, acceleration: acceleration * 0.04)
  }

  mutating func correct(box: BoundingBox, noiseFactor: Double, settings: TrackerSettings) {
    let deviation = settings.measurementNoise * box.height * noiseFactor
    let variance = deviation * deviation
    centerX.correct(measured: box.centerX, variance: variance)
    centerY.correct(measured: box.centerY, variance: variance)
    width.correct(measured: box.width, variance: variance * 2)
    height.correct(measured: box.height, variance: variance * 2)
  }

  /// A box that is not seen keeps its size: growing or shrinking it further is guesswork.
  mutating func freezeSize() {
    width.velocity = 0
    height.velocity = 0
  }

  /// Slows the predicted motion of a person who is not seen.
  mutating func slowDown(factor: Double) {
    centerX.velocity *= factor
    centerY.velocity *= factor
  }

  /// Moves the box with the picture when the camera moved.
  mutating func shift(x: Double, y: Double) {
    centerX.position += x
    centerY.position += y
  }
}
