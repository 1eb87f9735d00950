import Foundation
import Imaging
import Inference
import Media
import Synchronization
import ThroughlineCore

/// Small grey frames with a bright rectangle where somebody is.
enum TestFrames {
  static let camera = CameraName(sanitizing: "cam")
  static let size = PictureSize(width: 160, height: 96)
  static let start = Timestamp(seconds: 1_600_000_000)

  static func picture(person: BoundingBox? = nil, luma: UInt8 = 90, noise seed: UInt64? = nil) throws
    -> Picture
  {
    let buffer = try PictureBuffer(size: size, matrix: .bt709Limited)
    let width = size.width
    let height = size.height
    var bytes = [UInt8](repeating: luma, count: width * height)
    if let seed {
      var random = SplitMix64(seed: seed)
      for index in bytes.indices { bytes[index] = UInt8(Int(luma) + Int.random(in: -3...3, using: &random)) }
    }
    if let person {
      for y in max(0, Int(person.minY))..<min(height, Int(person.maxY)) {
        for x in max(0, Int(person.minX))..<min(width, Int(person.maxX)) { bytes[y * width + x] = 200 }
      }
    }
    let chroma = [UInt8](repeating: 128, count: width * height / 4)
    let source = try OwnedPlanes(luma: bytes, chroma: chroma, size: size).picture()
    try buffer.copy(from: source)
    return buffer.freeze()
  }

  static func frame(_ number: Int, rate: Double = 30, picture: Picture, cut: Bool = false) -> VideoFrame {
    VideoFrame(
      camera: camera, number: UInt64(number), captureTime: start.advanced(bySeconds: Double(number) / rate),
      picture: picture, isDiscontinuity: cut)
  }

  /// Samples in memory of their own.
  private final class OwnedPlanes: Sendable {
    private let luma: [UInt8]
    private let chroma: [UInt8]
    private let size: PictureSize

    init(luma: [UInt8], chroma: [UInt8], size: PictureSize) {
      self.luma = luma
      self.chroma = chroma
      self.size = size
    }

    /// Arrays that belong to an object which lives as long as the picture keep their place.
    func picture() throws -> Picture {
      let keeper = PlaneKeeper(luma: luma, chroma: chroma)
      return try Picture(
        format: .i420, size: size,
        planes: [
          Plane(address: keeper.address, stride: size.width, width: size.width, height: size.height),
          Plane(
            address: keeper.address + luma.count, stride: size.width / 2, width: size.width / 2,
            height: size.height / 2),
          Plane(
            address: keeper.address + luma.count, stride: size.width / 2, width: size.width / 2,
            height: size.height / 2),
        ], matrix: .bt709Limited, owner: keeper)
    }
  }

  // Written once before it is shared and freed with the last picture.
  private final class PlaneKeeper: @unchecked Sendable {
    private let memory: UnsafeMutablePointer<UInt8>
    var address: UnsafePointer<UInt8> { UnsafePointer(memory) }

    init(luma: [UInt8], chroma: [UInt8]) {
      memory = .allocate(capacity: luma.count + chroma.count)
      memory.initialize(from: luma, count: luma.count)
      (memory + luma.count).initialize(from: chroma, count: chroma.count)
    }

    deinit { memory.deallocate() }
  }
}

/// A network that gives the same numbers every time.
struct ConstantNetwork: CompiledModel {
  let name = "constant"
  let input: TensorDescription
  let outputs: [TensorDescription]

  init(input: [Int], output: [Int]) {
    self.input = TensorDescription(name: "in", shape: input)
    outputs = [TensorDescription(name: "out", shape: output)]
  }

  func makeRequest() throws(InferenceError) -> any InferenceRequest { Request(self) }

  final class Request: InferenceRequest {
    let input: UnsafeMutableBufferPointer<Float>
    private let values: UnsafeMutableBufferPointer<Float>
    private let description: TensorDescription

    init(_ network: ConstantNetwork) {
      input = .allocate(capacity: network.input.elementCount ?? 0)
      input.initialize(repeating: 0)
      description = network.outputs[0]
      values = .allocate(capacity: network.outputs[0].elementCount ?? 0)
      for index in values.indices { values.initializeElement(at: index, to: Float(index % 7) + 1) }
    }

    deinit {
      input.deallocate()
      values.deallocate()
    }

    func run() throws(InferenceError) {}

    func output(_ index: Int) throws(InferenceError) -> TensorView {
      guard let view = TensorView(description: description, bytes: UnsafeRawBufferPointer(values)) else {
        throw .runFailed(model: "constant", reason: "too small")
      }
      return view
    }
  }
}
