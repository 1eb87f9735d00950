import CGStreamer
import Imaging

/// Picture files.
public enum ImageFile {
  /// Reads a picture file of any kind that GStreamer can decode (PNG, JPEG, BMP, WebP and more), upright where the
  /// file says how it was held. Of a video the first frame is read.
  ///
  /// - Throws: ``SourceProblem`` where the file is missing or holds no picture.
  public static func read(_ path: String) throws(SourceProblem) -> Picture {
    let address = SourceAddress.file(path)
    if let problem = SourceProblem.before(opening: address) { throw problem }
    let session: SourceSession
    do throws(MissingElement) {
      session = try SourceSession(address, options: FrameSourceOptions(), usesUDP: false)
    } catch {
      throw .missing(error, source: address)
    }
    defer { session.end() }
    func none(_ reason: String) -> SourceProblem {
      SourceProblem(
        .notVideo, source: path, message: "is no picture that can be read (\(reason)); use a PNG or JPEG file"
      )
    }
    let deadline = StopSignal.uptime + 10
    while StopSignal.uptime < deadline {
      switch session.next(waitingAtMost: 0.05) {
      case .frame(let picture, _, _, _): return picture
      case .unusable: throw none("its size or format is not supported")
      case .nothing: continue
      case .end: throw none("it holds no picture")
      case .failure(let failure): throw none(failure.line)
      case .missingPlugin(let detail, let name):
        throw .missingPlugin(name: name, detail: detail, source: address)
      }
    }
    throw none("nothing came of it")
  }
}
