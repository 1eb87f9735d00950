import Foundation
import ThroughlineCore

/// Vectors with a given share of a unit vector's squared length.
struct WorldAppearance: Sendable {
  let settings: AppearanceSettings
  private let common: [Float]
  private let cameras: [[Float]]
  private let people: [[Float]]
  private let views: [[[Float]]]
  private let real: [[Embedding]]

  init(world: WorldSettings, real: [[Embedding]], random: inout SplitMix64) {
    let settings = world.appearance
    self.settings = settings
    self.real = real
    let size = max(1, settings.dimension)
    let personSize = max(1, min(size, settings.personDimensions))
    common = Self.direction(size, length: settings.common, &random)
    cameras = (0..<world.cameraCount).map { _ in Self.direction(size, length: settings.camera, &random) }
    let uniform = Self.direction(personSize, length: 1, &random)
    people = (0..<world.personCount).map { index in
      var own = Self.direction(personSize, length: 1, &random)
      if Double(index) < world.uniformShare * Double(world.personCount) {
        let share = Float(world.appearance.uniformity.squareRoot())
        let rest = Float((1 - world.appearance.uniformity).squareRoot())
        own = zip(uniform, own).map { share * $0 + rest * $1 }
      }
      let scale = Float(world.appearance.person.squareRoot())
      return own.map { $0 * scale } + [Float](repeating: 0, count: size - personSize)
    }
    views = (0..<world.personCount).map { _ in
      (0..<4).map { _ in Self.direction(size, length: world.appearance.view, &random) }
    }
  }

  /// A random vector whose squared length is on average the given one.
  static func direction(_ size: Int, length: Double, _ random: inout SplitMix64) -> [Float] {
    let scale = (length / Double(size)).squareRoot()
    return (0..<size).map { _ in Float(random.nextGaussian() * scale) }
  }

  func trackOffset(_ random: inout SplitMix64) -> [Float] {
    real.isEmpty ? Self.direction(settings.dimension, length: settings.track, &random) : []
  }

  /// One look; `strain` (0...1) is how badly the person is visible, which adds noise.
  func embedding(
    person: Int, camera: Int, view: Int, track: [Float], strain: Double, random: inout SplitMix64
  ) -> Embedding? {
    if !real.isEmpty {
      let own = real[person % real.count]
      return own.isEmpty ? nil : own[Int.random(in: 0..<own.count, using: &random)]
    }
    let noise = settings.noise * exp(random.nextGaussian() * settings.noiseSpread) * (1 + 3 * strain)
    let scale = (noise / Double(settings.dimension)).squareRoot()
    var values = common
    for index in values.indices {
      values[index] += people[person][index] + cameras[camera][index] + views[person][view][index]
      values[index] += track[index] + Float(random.nextGaussian() * scale)
    }
    return try? Embedding(normalizing: values)
  }
}

/// A person who walks from field of view to field of view while present.
struct WorldPerson: Sendable {
  var visits: [ClosedRange<Double>]
  var speed: Double
  var height: Double
  var x = 0.0
  var y = 0.0
  var targetX = 0.0
  var targetY = 0.0
  var place = 0
  var dwellUntil = 0.0
  var heading = 0
  var isPlaced = false

  func isPresent(at time: Double) -> Bool { visits.contains { $0.contains(time) } }
}
