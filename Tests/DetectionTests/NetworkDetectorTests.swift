import Imaging
import Inference
import Models
import Synchronization
import Testing
import ThroughlineCore

@testable import Detection

/// A network without arithmetic: hands out fixed outputs and remembers what it was shown.
private final class FakeModel: CompiledModel {
  let name = "fake.onnx"
  let input: TensorDescription
  let outputs: [TensorDescription]
  let values: [[Float]]
  let inputSums = Mutex<[Double]>([])

  init(input: [Int], outputs: [(name: String, shape: [Int], values: [Float])]) {
    self.input = TensorDescription(name: "images", shape: input)
    self.outputs = outputs.map { TensorDescription(name: $0.name, shape: $0.shape) }
    values = outputs.map(\.values)
  }

  func outputIndex(named name: String) throws(InferenceError) -> Int {
    if let index = outputs.firstIndex(where: { $0.name == name }) { return index }
    throw .unexpectedShape(model: self.name, tensor: "outputs", expected: name, found: "none")
  }

  func makeRequest() throws(InferenceError) -> any InferenceRequest { FakeRequest(self) }
}

private final class FakeRequest: InferenceRequest {
  let model: FakeModel
  let input: UnsafeMutableBufferPointer<Float>
  private let buffers: [UnsafeMutableBufferPointer<Float>]

  init(_ model: FakeModel) {
    self.model = model
    input = .allocate(capacity: model.input.elementCount ?? 0)
    input.initialize(repeating: -1)
    buffers = model.values.map { values in
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
      _ = buffer.initialize(from: values)
      return buffer
    }
  }

  deinit {
    input.deallocate()
    buffers.forEach { $0.deallocate() }
  }

  func run() throws(InferenceError) {
    let sum = input.reduce(0) { $0 + Double($1) }
    model.inputSums.withLock { $0.append(sum) }
  }

  func output(_ index: Int) throws(InferenceError) -> TensorView {
    guard
      let view = TensorView(description: model.outputs[index], bytes: UnsafeRawBufferPointer(buffers[index]))
    else { throw .runFailed(model: model.name, reason: "too few values") }
    return view
  }
}

@Suite struct NetworkDetectorTests {
  private let size = PictureSize(width: 64, height: 32)

  private func entry(
    _ task: ModelTask = .person, decoder: ModelDecoder = .boxes, size: PictureSize? = nil, fill: UInt8 = 114
  ) -> ModelEntry {
    ModelEntry(
      name: "fake", task: task, summary: "", source: .repository, files: [], codeLicence: "",
      weightsLicence: "",
      trainingData: "",
      input: ModelInput(size: size ?? self.size, order: .bgr, fit: .letterbox(fill: fill)), decoder: decoder)
  }

  private func boxesModel(_ rows: [Float]) -> FakeModel {
    FakeModel(input: [1, 3, 32, 64], outputs: [("boxes", [1, rows.count / 5, 5], rows)])
  }

  private func greyPicture(_ size: PictureSize) throws -> Picture {
    let buffer = try PictureBuffer(size: size)
    buffer.fill(YUVColor(y: 60, u: 128, v: 128))
    return buffer.freeze()
  }

  @Test func boxesComeBackInSourcePixels() throws {
    // A picture of 128x128 becomes 32x32 in the middle of 64x32: scale 1/4, 16 pixels from the left.
    let model = boxesModel([20, 8, 28, 24, 0.9, 21, 8, 29, 24, 0.8, 40, 0, 60, 30, 0.4, 0, 0, 10, 10, 0.95])
    let network = try DetectionNetwork(entry: entry(), model: model)
    let detector = try DetectorFactory([network]).makeDetector()
    let found = try detector.detect(try greyPicture(PictureSize(width: 128, height: 128)))
    #expect(found.count == 2, "the second is suppressed, the last lies in the border: \(found)")
    #expect(found[0].box == BoundingBox(left: 16, top: 32, right: 48, bottom: 96))
    #expect(found[0].category == .person)
    #expect(abs(found[0].score - 0.9) < 1e-6)
    #expect(found[1].box == BoundingBox(left: 96, top: 0, right: 128, bottom: 120), "clipped to the picture")
  }

  @Test func scoreFloorAndCountAreKept() throws {
    var rows: [Float] = []
    for index in 0..<20 {
      let left = Float(index * 3)
      rows += [left, 0, left + 2, 30, 0.05 + 0.02 * Float(index)]
    }
    let settings = DetectorSettings(scoreFloor: 0.2, overlap: 0.5, maximumCount: 5, minimumSide: 1)
    let network = try DetectionNetwork(entry: entry(), model: boxesModel(rows), settings: settings)
    let found = try DetectorFactory([network]).makeDetector().detect(try greyPicture(size))
    #expect(found.count == 5)
    #expect(found.allSatisfy { $0.score >= 0.2 })
    #expect(found.map(\.score) == found.map(\.score).sorted(by: >))
  }

  @Test(arguments: [UInt8(114), 0])
  func networksWithTheSameInputSeeTheSameTensor(fill: UInt8) throws {
    let persons = boxesModel([18, 1, 30, 30, 0.9])
    let faces = boxesModel([20, 2, 28, 10, 0.9])
    let detector = try DetectorFactory([
      try DetectionNetwork(entry: entry(), model: persons),
      try DetectionNetwork(entry: entry(.face, fill: fill), model: faces),
    ]).makeDetector()
    let picture = try greyPicture(PictureSize(width: 64, height: 64))
    let found = try detector.detect(picture)
    #expect(Set(found.map(\.category)) == [.person, .face])
    let sums = (persons.inputSums.withLock { $0 }, faces.inputSums.withLock { $0 })
    #expect((sums.0 == sums.1) == (fill == 114))
    #expect(try detector.detect(picture, only: [.face]).map(\.category) == [.face])
    #expect(persons.inputSums.withLock { $0.count } == 1, "persons were not asked for")
  }

  @Test func modelsThatDoNotFitTheirEntryAreRefusedInOneLine() throws {
    let cases: [(ModelEntry, FakeModel)] = [
      (entry(size: PictureSize(width: 32, height: 32)), boxesModel([0, 0, 0, 0, 0])),
      (entry(), FakeModel(input: [1, 3, 32, 64], outputs: [("boxes", [1, 4], [0, 0, 0, 0])])),
      (entry(), FakeModel(input: [1, 3, 32, 64], outputs: [])),
      (entry(decoder: .yolox), boxesModel([0, 0, 0, 0, 0])),
      (entry(.face, decoder: .yunet), boxesModel([0, 0, 0, 0, 0])),
      (entry(.reid, decoder: .embedding), boxesModel([0, 0, 0, 0, 0])),
    ]
    for (entry, model) in cases {
      let error = #expect(throws: InferenceError.self) { try DetectionNetwork(entry: entry, model: model) }
      #expect(error?.description.contains("\n") == false)
      #expect(error?.description.contains("shape") == true)
    }
  }
}
