import CKernels
import Gallery

/// Computes dot products with the C kernel, which is compiled for several instruction sets and chosen at load time. Its
/// twin is `VectorScanner`.
public struct KernelScanner: SimilarityScanner {
  /// The scanner to use.
  public static let best = KernelScanner()

  /// A scanner; it has no state.
  public init() {}

  /// See `SimilarityScanner.scan`.
  public func scan(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<Int8>,
    results: UnsafeMutableBufferPointer<Int32>
  ) {
    guard let queryBase = query.baseAddress, let rowBase = rows.baseAddress,
      let resultBase = results.baseAddress, query.count <= 65_536,
      rows.count >= results.count * query.count
    else { return }
    ck_dot_scan_int8(queryBase, rowBase, results.count, query.count, resultBase)
  }

  /// See `SimilarityScanner.scanHalves`.
  public func scanHalves(
    query: UnsafeBufferPointer<Int8>, rows: UnsafeBufferPointer<UInt8>,
    results: UnsafeMutableBufferPointer<Int32>
  ) {
    guard let queryBase = query.baseAddress, let rowBase = rows.baseAddress,
      let resultBase = results.baseAddress, query.count <= 65_536, query.count % 128 == 0,
      rows.count >= results.count * query.count / 2
    else { return }
    ck_dot_scan_nibbles(queryBase, rowBase, results.count, query.count, resultBase)
  }
}
