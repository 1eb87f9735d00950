import Dispatch
import Foundation
import Testing

@testable import Inference

/// The runtime where this machine has one; says loudly what is missing otherwise.
private let runtime: OpenVINORuntime? = {
  do {
    return try OpenVINORuntime(search: OpenVINOSearch())
  } catch {
    print("SKIPPED: the tests of the OpenVINO runtime: \(error)")
    return nil
  }
}()

@Suite(.enabled(if: runtime != nil, "no OpenVINO runtime on this machine"))
struct OpenVINORuntimeTests {
  private func compile(
    _ path: String, _ shape: [Int]? = nil, _ options: InferenceOptions = InferenceOptions()
  ) throws -> any CompiledModel {
    try #require(runtime).compile(modelAt: path, inputShape: shape, options: options)
  }

  @Test func runsANetwork() throws {
    let path = try TinyNetwork.file(shape: [1, 2, 3])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try compile(path)
    #expect(model.input == TensorDescription(name: "x", shape: [1, 2, 3]))
    #expect(model.outputs.count == 2)
    let (half, negative) = (try model.outputIndex(named: "half"), try model.outputIndex(named: "negative"))
    let request = try model.makeRequest()
    #expect(Array(request.input) == Array(repeating: 0, count: 6))
    for round in 1...3 {
      for index in 0..<6 { request.input[index] = Float(index * round) }
      try request.run()
      #expect(Array(try request.floats(half)) == (0..<6).map { Float($0 * round) / 2 })
      #expect(Array(try request.floats(negative)) == (0..<6).map { -Float($0 * round) / 2 })
      #expect(try request.output(half).description.shape == [1, 2, 3])
    }
    #expect(throws: InferenceError.self) { try request.output(2) }
    #expect(throws: InferenceError.self) { try model.outputIndex(named: "third") }
  }

  @Test func reshapesBeforeCompiling() throws {
    let path = try TinyNetwork.file(shape: [-1, 3, -1])
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try compile(path, [2, 3, 5]).input.shape == [2, 3, 5])
    #expect(try compile(path, [2, 3, 5]).outputs[0].shape == [2, 3, 5])
    for wrong in [[2, 3], [2, 3, 0], [1 << 40, 1 << 40, 4]] {
      #expect(throws: InferenceError.self) { try compile(path, wrong) }
    }
    #expect(throws: InferenceError.self, "an open size that nobody gives") { try compile(path) }
  }

  @Test func anOpenBatchBecomesOne() throws {
    let path = try TinyNetwork.file(shape: [-1, 4])
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(try compile(path).input.shape == [1, 4])
  }

  @Test(arguments: InferencePrecision.allCases)
  func everyPrecisionRunsOnEveryProcessor(precision: InferencePrecision) throws {
    let path = try TinyNetwork.file(shape: [1, 4])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try compile(path, nil, InferenceOptions(precision: precision))
    let request = try model.makeRequest()
    request.input.update(repeating: 3)
    try request.run()
    #expect(Array(try request.floats(try model.outputIndex(named: "half"))) == [1.5, 1.5, 1.5, 1.5])
    #expect(try OpenVINOLibrary.load(path: #require(runtime).path).capabilities(of: "CPU").contains("FP32"))
  }

  @Test func refusesWhatItCannotRunInOneLine() throws {
    let integers = try TinyNetwork.file(shape: [1, 4], inputType: 7)
    let rubbish = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).onnx")
      .path
    try Data("this is no network".utf8).write(to: URL(fileURLWithPath: rubbish))
    let good = try TinyNetwork.file(shape: [1, 4])
    defer { for path in [integers, rubbish, good] { try? FileManager.default.removeItem(atPath: path) } }
    let cases: [(String, InferenceOptions)] = [
      ("/nowhere/model.onnx", InferenceOptions()), (rubbish, InferenceOptions()),
      (integers, InferenceOptions()),
      (good, InferenceOptions(device: "TOASTER")), (good, InferenceOptions(device: "")),
    ]
    for (path, options) in cases {
      let error = #expect(throws: InferenceError.self, "\(path) \(options)") {
        try compile(path, nil, options)
      }
      #expect(error?.description.contains("\n") == false)
    }
  }

  @Test func requestsOfSeveralThreadsDoNotMix() throws {
    let path = try TinyNetwork.file(shape: [1, 64])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = try compile(path, nil, InferenceOptions(threads: 2, streams: 2))
    let half = try model.outputIndex(named: "half")
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      do {
        let request = try model.makeRequest()
        for round in 0..<50 {
          request.input.update(repeating: Float(thread * 1000 + round))
          try request.run()
          let sum = try request.floats(half).reduce(0, +)
          #expect(sum == 32 * Float(thread * 1000 + round))
        }
      } catch {
        Issue.record(error)
      }
    }
  }
}
