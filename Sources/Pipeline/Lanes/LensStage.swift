import Imaging
import Media
import Synchronization
import ThroughlineCore

/// Makes the frames of a camera with a wide lens straight before anybody else sees them, on the source's thread. Boxes,
/// pictures and recordings are all in the straight picture then.
///
/// A frame that cannot be made straight is dropped and counted: what was found in a straight picture would cover the wrong
/// places of a bent one.
final class LensStage: Sendable {
  struct Figures: Sendable {
    var dropped = 0
    var failure: String?
  }

  /// More than a lane, its queue, the coordinator's inbox and the output's queue hold of one camera.
  static let mostOutstanding = 192

  private let dewarper: Mutex<Dewarper>
  private let meter: LaneMeter?
  private let state = Mutex(Figures())

  /// - Parameters:
  ///   - isOffline: nothing is dropped, so that the number of pictures is bounded by what waits for whom.
  ///   - meter: where the processor time goes.
  init(lens: Lens, isOffline: Bool, meter: LaneMeter?) {
    let pool = PicturePool(
      maximumOutstanding: isOffline ? .max : Self.mostOutstanding, maximumIdle: isOffline ? 8 : 32)
    dewarper = Mutex(Dewarper(lens: lens, pool: pool))
    self.meter = meter
  }

  var figures: Figures { state.withLock { $0 } }

  /// The frame in its straight form; `nil` where there is none.
  func apply(_ frame: VideoFrame) -> VideoFrame? {
    do throws(ImagingError) {
      let picture = try dewarp(frame.picture)
      return VideoFrame(
        camera: frame.camera, number: frame.number, captureTime: frame.captureTime,
        arrivalTime: frame.arrivalTime, picture: picture, isDiscontinuity: frame.isDiscontinuity)
    } catch {
      state.withLock { figures in
        figures.dropped += 1
        figures.failure = figures.failure ?? "\(error)"
      }
      return nil
    }
  }

  private func dewarp(_ picture: Picture) throws(ImagingError) -> Picture {
    guard let meter else { return try attempt(picture).get() }
    return try meter.measure(.warp) { attempt(picture) }.get()
  }

  private func attempt(_ picture: Picture) -> Result<Picture, ImagingError> {
    dewarper.withLock { dewarper in
      do throws(ImagingError) { return .success(try dewarper.dewarp(picture)) } catch {
        return .failure(error)
      }
    }
  }
}
