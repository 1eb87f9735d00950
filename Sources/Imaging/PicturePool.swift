import Synchronization
import ThroughlineCore

/// Gives out picture memory and takes it back when the last picture that points to it is gone, so that a steady
/// stream of frames allocates nothing.
///
/// Bounded twice: so many pictures may be out at once, and so many blocks are kept for the next ones.
public final class PicturePool: Sendable {
  private let blocks: Blocks

  /// An empty pool.
  ///
  /// - Parameters:
  ///   - maximumOutstanding: how many pictures may be in use at once.
  ///   - maximumIdle: how many blocks are kept for reuse.
  public init(maximumOutstanding: Int = 64, maximumIdle: Int = 4) {
    blocks = Blocks(maximumOutstanding: max(1, maximumOutstanding), maximumIdle: max(0, maximumIdle))
  }

  /// A picture to write into. Its content is undefined: it may show an earlier frame, so write all of it.
  ///
  /// - Throws: ``ImagingError/poolExhausted(limit:)`` where too many are out already,
  ///   ``ImagingError/unsupportedSize(width:height:)`` for an impossible size.
  public func buffer(size: PictureSize, matrix: ColorMatrix) throws(ImagingError) -> PictureBuffer {
    let layout = try PictureLayout(size: size)
    let block = try blocks.take(byteCount: layout.byteCount)
    return PictureBuffer(
      storage: PictureStorage(layout: layout, block: block, pool: blocks), matrix: matrix)
  }

  /// How many pictures are in use now.
  public var outstanding: Int { blocks.state.withLock { $0.outstanding } }
  /// How many blocks wait for reuse.
  public var idle: Int { blocks.state.withLock { $0.idle.count } }

  /// Outlives the pool as long as a picture is out.
  final class Blocks: Sendable {
    struct State {
      var idle: [MemoryBlock] = []
      var outstanding = 0
    }

    let state = Mutex(State())
    let maximumOutstanding: Int
    let maximumIdle: Int

    init(maximumOutstanding: Int, maximumIdle: Int) {
      self.maximumOutstanding = maximumOutstanding
      self.maximumIdle = maximumIdle
    }

    deinit {
      state.withLock { state in
        for block in state.idle { block.free() }
        state.idle.removeAll()
      }
    }

    func take(byteCount: Int) throws(ImagingError) -> MemoryBlock {
      let reused: Result<MemoryBlock?, ImagingError> = state.withLock { state in
        guard state.outstanding < maximumOutstanding else {
          return .failure(.poolExhausted(limit: maximumOutstanding))
        }
        state.outstanding += 1
        guard let index = state.idle.lastIndex(where: { $0.byteCount == byteCount }) else {
          return .success(nil)
        }
        return .success(state.idle.remove(at: index))
      }
      return try reused.get() ?? MemoryBlock(byteCount: byteCount)
    }

    func takeBack(_ block: MemoryBlock) {
      // The oldest block goes first, so that blocks of a size that is no longer asked for leave the pool.
      let surplus: MemoryBlock? = state.withLock { state in
        state.outstanding -= 1
        guard maximumIdle > 0 else { return block }
        state.idle.append(block)
        return state.idle.count > maximumIdle ? state.idle.removeFirst() : nil
      }
      surplus?.free()
    }
  }
}
