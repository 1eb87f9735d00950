/// One plane of samples in memory, to be read. It does not own the memory: whoever hands it out keeps it alive.
public struct Plane {
  /// The first sample of the first row.
  public let address: UnsafePointer<UInt8>
  /// Bytes from one row to the next.
  public let stride: Int
  /// Bytes of a row that carry samples; in the chroma plane of NV12 two for every pair.
  public let width: Int
  /// Rows.
  public let height: Int

  /// A plane by its parts.
  public init(address: UnsafePointer<UInt8>, stride: Int, width: Int, height: Int) {
    self.address = address
    self.stride = stride
    self.width = width
    self.height = height
  }

  /// The part of the plane that begins at a byte of a row.
  func part(x: Int, y: Int, width: Int, height: Int) -> Plane {
    Plane(address: address + y * stride + x, stride: stride, width: width, height: height)
  }
}

/// One plane of samples in memory, to be written. It does not own the memory.
public struct MutablePlane {
  /// The first sample of the first row.
  public let address: UnsafeMutablePointer<UInt8>
  /// Bytes from one row to the next.
  public let stride: Int
  /// Samples per row.
  public let width: Int
  /// Rows.
  public let height: Int

  /// A plane by its parts.
  public init(address: UnsafeMutablePointer<UInt8>, stride: Int, width: Int, height: Int) {
    self.address = address
    self.stride = stride
    self.width = width
    self.height = height
  }

  /// The same memory, to be read.
  public var readable: Plane {
    Plane(address: UnsafePointer(address), stride: stride, width: width, height: height)
  }

  func part(x: Int, y: Int, width: Int, height: Int) -> MutablePlane {
    MutablePlane(address: address + y * stride + x, stride: stride, width: width, height: height)
  }

  func fill(_ value: UInt8) {
    for row in 0..<height { (address + row * stride).update(repeating: value, count: width) }
  }
}
