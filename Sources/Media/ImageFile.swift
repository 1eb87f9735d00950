import CGStreamer
import Foundation
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
    if hasSixteenBitColors(path) {
      throw SourceProblem(
        .notVideo, source: path,
        message: "is a PNG file with 16 bits a colour, which would be read with wrong colours; save it with 8"
      )
    }
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

  /// Whether this is a PNG file with 16 bits a channel and colours, of which GStreamer's decoder makes an all-red picture: the
  /// header's bit depth and colour type (W3C, "Portable Network Graphics Specification", 2023, section 11.2.1).
  private static func hasSixteenBitColors(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path), let header = try? file.read(upToCount: 26),
      header.count == 26, header.starts(with: [0x89, 0x50, 0x4E, 0x47])
    else { return false }
    return header[header.startIndex + 24] == 16 && header[header.startIndex + 25] & 2 != 0
  }
}
