import Foundation
import Imaging
import Inference
import Models
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Detection

/// What the tests on real pictures need: pictures, a runtime and fetched models.
private enum Real {
  /// The folder of shared footage.
  static let shared = SharedData.folder?.path

  static let runtime = try? OpenVINORuntime(search: OpenVINOSearch())

  static func network(_ name: String, _ size: PictureSize? = nil) throws -> DetectionNetwork? {
    guard let runtime else { return nil }
    let entry = try ModelZoo.standard().entry(named: name)
    guard let path = try? ModelStore().path(of: entry) else { return nil }
    return try DetectionNetwork(entry: entry, path: path, runtime: runtime, inputSize: size)
  }

  static func picture(_ path: String) throws -> Picture? {
    guard let shared, let data = FileManager.default.contents(atPath: shared + "/" + path) else { return nil }
    return try JPEG.decode([UInt8](data))
  }

  static func skip(_ what: String) {
    print("SKIPPED: \(what): needs the shared footage, the OpenVINO runtime and the fetched model")
  }
}

@Suite(.serialized) struct RealPicturesTests {
  @Test func findsTheFacesOfAStreet() throws {
    guard let network = try Real.network("yunet-2023mar"),
      let picture = try Real.picture("data/faces/city.jpg")
    else { return Real.skip("the faces of a street") }
    let found = try DetectorFactory([network]).makeDetector().detect(picture).filter { $0.score > 0.5 }
    #expect(found.count >= 15)
    #expect(found.allSatisfy { $0.category == .face && $0.box.width < 80 && $0.box.maxX <= 800 })
  }

  @Test(arguments: [("ssd-mobilenet-v2-coco", 0.35, 0.5), ("yolox-nano", 0.3, 0.55)])
  func findsPersonsWhereTheyAre(name: String, score: Double, leastRecall: Double) throws {
    guard let shared = Real.shared, let network = try Real.network(name) else {
      return Real.skip("persons by \(name)")
    }
    let detector = try DetectorFactory([network]).makeDetector()
    var (truths, hits, extra) = (0, 0, 0)
    let labels = try FileManager.default.contentsOfDirectory(atPath: shared + "/data/detection/labels")
      .sorted()
    for label in labels.prefix(30) {
      let text = try String(contentsOfFile: "\(shared)/data/detection/labels/\(label)", encoding: .utf8)
      let image = "data/detection/images/\(label.dropLast(4)).jpg"
      guard let picture = try Real.picture(image) else { continue }
      var persons = text.split(separator: "\n").compactMap { line -> BoundingBox? in
        let numbers = line.split(separator: " ").compactMap { Double($0) }
        guard numbers.count == 5, numbers[0] == 0 else { return nil }
        let (width, height) = (Double(picture.size.width), Double(picture.size.height))
        let box = BoundingBox(
          centerX: numbers[1] * width, centerY: numbers[2] * height, width: numbers[3] * width,
          height: numbers[4] * height)
        return box
      }
      let small = persons.filter { $0.height < 60 }
      persons.removeAll { $0.height < 60 }
      truths += persons.count
      for detection in try detector.detect(picture) where detection.score >= score {
        if let index = persons.firstIndex(where: { $0.intersectionOverUnion(with: detection.box) >= 0.5 }) {
          persons.remove(at: index)
          hits += 1
        } else if !small.contains(where: { $0.intersectionOverUnion(with: detection.box) > 0.2 }) {
          extra += 1
        }
      }
    }
    print("\(name): \(hits) of \(truths) persons of 60 pixels or more, \(extra) others")
    #expect(truths > 10)
    #expect(Double(hits) >= leastRecall * Double(truths))
    #expect(extra <= truths)
  }

  @Test func measuresOneThread() throws {
    let networks = try ["ssd-mobilenet-v2-coco", "yolox-nano", "yunet-2023mar"].compactMap {
      try Real.network($0)
    }
    guard !networks.isEmpty else { return Real.skip("the time of a run") }
    for network in networks {
      let request = try network.model.makeRequest()
      try request.run()
      let runs = 10
      let before = processorSeconds()
      let elapsed = try ContinuousClock().measure { for _ in 0..<runs { try request.run() } }
      let busy = (processorSeconds() - before) / Double(runs)
      let wall = elapsed / .seconds(1) / Double(runs)
      print(
        "\(network.entry.name): \(milliseconds(wall)) ms a run, \(milliseconds(busy)) ms of them on a processor"
      )
      #expect(request.input.count == 3 * 384 * 640)
    }
  }

  /// The time that this process has spent on processors; unlike the clock it does not count other processes' share.
  private func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

  private func milliseconds(_ seconds: Double) -> Double { (seconds * 1e4).rounded() / 10 }

  @Test func aModelOfOtherShapesIsRefused() throws {
    guard let runtime = Real.runtime else { return Real.skip("a model of other shapes") }
    let zoo = try ModelZoo.standard()
    guard let path = try? ModelStore().path(of: try zoo.entry(named: "yunet-2023mar")) else {
      return Real.skip("a model of other shapes")
    }
    let entry = try zoo.entry(named: "ssd-mobilenet-v2-coco")
    let error = #expect(throws: InferenceError.self) {
      try DetectionNetwork(entry: entry, path: path, runtime: runtime)
    }
    #expect(error?.description.contains("another shape") == true)
  }
}
