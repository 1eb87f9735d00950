/// Memory for intermediate results that grows to what was needed most and is then reused.
final class ScratchMemory {
  private var address: UnsafeMutableRawPointer?
  private var capacity = 0

  deinit { address?.deallocate() }

  /// At least so many bytes, aligned to 64, with 64 to spare; earlier content is lost.
  func bytes(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let needed = max(count, 1) + 64
    if let address, capacity >= needed { return address.assumingMemoryBound(to: UInt8.self) }
    address?.deallocate()
    let grown = UnsafeMutableRawPointer.allocate(byteCount: needed, alignment: 64)
    address = grown
    capacity = needed
    return grown.assumingMemoryBound(to: UInt8.self)
  }
}
