import Testing

@testable import Inference

@Suite struct TensorDescriptionTests {
  @Test(arguments: [
    ([1, 3, 384, 640], 737_280 as Int?), ([], 1), ([0, 4], 0), ([-1, 3], nil), ([Int.max, 3], nil),
  ])
  func countsElements(shape: [Int], expected: Int?) {
    #expect(TensorDescription(name: "x", shape: shape).elementCount == expected)
  }

  @Test func describesItself() {
    #expect(TensorDescription(name: "images", shape: [1, -1, 4]).description == "images 1x?x4 float32")
    #expect(TensorDescription(name: "n", shape: [], elementType: .other(7)).description == "n scalar type 7")
  }

  @Test func viewRefusesTooFewBytesAndMisalignedMemory() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 20, alignment: 16)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    let bytes = UnsafeRawBufferPointer(memory)
    let four = TensorDescription(name: "x", shape: [2, 2])
    #expect(TensorView(description: four, bytes: bytes)?.floats?.count == 4)
    #expect(TensorView(description: four, bytes: UnsafeRawBufferPointer(rebasing: bytes[0..<15])) == nil)
    #expect(TensorView(description: four, bytes: UnsafeRawBufferPointer(rebasing: bytes[1..<18])) == nil)
    #expect(TensorView(description: TensorDescription(name: "x", shape: [-1]), bytes: bytes) == nil)
    let integers = TensorDescription(name: "x", shape: [2], elementType: .int64)
    #expect(TensorView(description: integers, bytes: bytes)?.floats == nil)
    #expect(TensorView(description: integers, bytes: bytes)?.integers?.count == 2)
  }
}
