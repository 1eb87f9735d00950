import Foundation
import ThroughlineCore
import Tracking

/// Why a MOT file cannot be written.
public struct MOTFileError: Error, Hashable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What the system says.
  public var reason: String

  /// One line: the thing and the mend.
  public var description: String {
    "cannot write the MOT file '\(path)': \(reason); choose another directory with --mot"
  }
}

/// One camera's persons as a MOT text file: `frame,id,left,top,width,height,score,-1,-1,-1`, frames from 1, boxes
/// in source pixels, id = identity. Boxes of frames in which a person was not seen for a short while are filled in and have a 0
/// in the ninth column, the visible share.
///
/// An identity may be corrected until the run ends, so lines are first written with track numbers and times to
/// `NAME.txt.partial`, and once more with identities at the end. Tracks that never got an identity are left out.
/// Belongs to one thread.
final class MOTFile {
  private let path: String
  private var partial: FileHandle?
  private var buffer = Data()
  private(set) var failure: String?

  private var partialPath: String { path + ".partial" }

  init(path: String) throws(MOTFileError) {
    self.path = path
    guard FileManager.default.createFile(atPath: path + ".partial", contents: nil),
      let handle = FileHandle(forWritingAtPath: path + ".partial")
    else { throw MOTFileError(path: path, reason: String(cString: strerror(errno)).lowercased()) }
    partial = handle
  }

  /// Notes the persons seen in one frame.
  ///
  /// - Parameter isCut: whether the pictures before have nothing to do with this one, so that no gap is filled across it.
  func write(frame: UInt64, time: Timestamp, isCut: Bool = false, tracks: [Track]) {
    if isCut { buffer += Data("\(Self.cut)\n".utf8) }
    for track in tracks where track.isObserved {
      buffer += Data(
        "\(time.nanoseconds),\(frame),\(track.id.number),\(Self.text(track.box)),\(Self.text(track.score)),-1,-1,-1\n"
          .utf8)
    }
    if buffer.count > 1 << 16 { flush() }
  }

  private static func text(_ value: Double) -> String {
    let hundredths = Int((min(max(value, -1e9), 1e9) * 100).rounded())
    let sign = hundredths < 0 ? "-" : ""
    let digits = String(abs(hundredths) % 100)
    return "\(sign)\(abs(hundredths) / 100).\(digits.count < 2 ? "0" + digits : digits)"
  }

  private func flush() {
    do { try partial?.write(contentsOf: buffer) } catch {
      failure = failure ?? "\(path): \(error.localizedDescription)"
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes the file with identities and removes the partial one.
  ///
  /// - Parameters:
  ///   - gaps: which gaps are filled.
  ///   - identity: who a track finally is at a moment, by the track's number.
  func finish(filling gaps: GapFilling, identity: (UInt64, Timestamp) -> IdentityID?) {
    flush()
    try? partial?.close()
    partial = nil
    do {
      let text = try String(contentsOfFile: partialPath, encoding: .utf8)
      let lines = Self.lines(of: text, filling: gaps, identity: identity)
      try lines.map { "\($0.frame),\($0.identity),\($0.rest)\n" }.joined()
        .write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.removeItem(atPath: partialPath)
    } catch {
      failure = failure ?? "\(path): \(error.localizedDescription)"
    }
  }

  private static let cut = "cut"

  private struct Line {
    var frame: Int
    var identity: IdentityID
    var rest: String
  }

  /// The lines of the file from those of the partial one, in order.
  private static func lines(
    of text: String, filling gaps: GapFilling, identity: (UInt64, Timestamp) -> IdentityID?
  ) -> [Line] {
    var lines: [Line] = []
    var latest: [IdentityID: GapFilling.Observation] = [:]
    for line in text.split(separator: "\n") {
      if line == cut { latest.removeAll() }
      let fields = line.split(separator: ",")
      guard fields.count > 7, let nanoseconds = Int64(fields[0]), let frame = Int(fields[1]),
        let number = UInt64(fields[2]), let box = box(fields[3..<7]),
        let identity = identity(number, Timestamp(nanoseconds: nanoseconds)),
        // A format in which one person is in one place at once has no room for a second line.
        latest[identity]?.frame != frame
      else { continue }
      let observation = GapFilling.Observation(
        frame: frame, time: Timestamp(nanoseconds: nanoseconds), box: box)
      if let before = latest[identity] {
        lines += gaps.boxes(between: before, and: observation).map {
          Line(frame: $0.frame, identity: identity, rest: "\(Self.text($0.box)),\(fields[7]),-1,0,-1")
        }
      }
      lines.append(
        Line(frame: frame, identity: identity, rest: fields[3...].joined(separator: ",")))
      latest[identity] = observation
    }
    return lines.sorted { ($0.frame, $0.identity) < ($1.frame, $1.identity) }
  }

  private static func box(_ fields: ArraySlice<Substring>) -> BoundingBox? {
    let numbers = fields.compactMap { Double($0) }
    guard numbers.count == 4 else { return nil }
    return BoundingBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }

  private static func text(_ box: BoundingBox) -> String {
    "\(text(box.x)),\(text(box.y)),\(text(box.width)),\(text(box.height))"
  }
}
