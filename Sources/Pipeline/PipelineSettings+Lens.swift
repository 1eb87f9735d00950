import Configuration
import Imaging
import ThroughlineCore

extension PipelineSettings {
  /// The lens of a camera; `nil` where its pictures are taken as they are.
  static func lens(
    of camera: CameraName, in configuration: Configuration
  ) throws(PipelineError) -> Lens? {
    let name = configuration.text("lens.model", camera: camera) ?? "none"
    guard name != "none" else { return nil }
    func fail(_ reason: String) -> PipelineError { .setting("camera '\(camera)': \(reason)") }
    func number(_ key: String) -> Double? {
      let value = configuration.number("lens.\(key)", camera: camera)
      return value == 0 ? nil : value
    }
    let words = configuration.list("lens.coefficients", camera: camera)
    var coefficients: [Double] = []
    for word in words {
      guard let value = Double(word), value.isFinite else {
        throw fail("lens.coefficients holds '\(word)', which is no number")
      }
      coefficients.append(value)
    }
    let model: LensModel
    if name == "fisheye" {
      guard coefficients.count == 4 else {
        throw fail(
          "lens.coefficients needs four numbers for a fisheye, k1, k2, k3, k4; it has \(words.count)")
      }
      model = .fisheye(k1: coefficients[0], k2: coefficients[1], k3: coefficients[2], k4: coefficients[3])
    } else {
      guard coefficients.count == 4 || coefficients.count == 5 else {
        throw fail(
          "lens.coefficients needs four or five numbers for brown-conrady, k1, k2, p1, p2, k3; it has \(words.count)"
        )
      }
      model = .brownConrady(
        k1: coefficients[0], k2: coefficients[1], p1: coefficients[2], p2: coefficients[3],
        k3: coefficients.count == 5 ? coefficients[4] : 0)
    }
    guard let focalX = number("focal-x") else {
      throw fail("lens.model needs lens.focal-x, the focal length; see 'Lenses' in the documentation")
    }
    let unit = try configuration.text("lens.calibrated-size", camera: camera).map {
      text throws(PipelineError) in
      guard let size = calibratedSize(text) else {
        throw fail("lens.calibrated-size is '\(text)'; write WIDTHxHEIGHT, for example 1920x1080")
      }
      return Lens.Unit.pixels(size)
    }
    do {
      return try Lens(
        model: model, focalX: focalX, focalY: number("focal-y"), centerX: number("center-x"),
        centerY: number("center-y"), unit: unit ?? .shares,
        zoom: configuration.number("lens.zoom", camera: camera))
    } catch {
      throw fail("\(error) (lens.*)")
    }
  }

  private static func calibratedSize(_ text: String) -> PictureSize? {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sides.count == 2, sides.allSatisfy({ (16...32768).contains($0) }) else { return nil }
    return PictureSize(width: sides[0], height: sides[1])
  }
}
