import Foundation
import ThroughlineCore

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
/// in source pixels, id = identity.
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
  func write(frame: UInt64, time: Timestamp, tracks: [Track]) {
    for track in tracks where track.isObserved {
      let box = track.box
      buffer += Data(
        "\(time.nanoseconds),\(frame),\(track.id.number),\(Self.text(box.x)),\(Self.text(box.y)),\(Self.text(box.width)),\(Self.text(box.height)),\(Self.text(track.score)),-1,-1,-1\n"
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
  /// - Parameter identity: who a track finally is at a moment, by the track's number.
  func finish(identity: (UInt64, Timestamp) -> IdentityID?) {
    flush()
    try? partial?.close()
    partial = nil
    do {
      let text = try String(contentsOfFile: partialPath, encoding: .utf8)
      var result = ""
      var taken: Set<String> = []
      for line in text.split(separator: "\n") {
        let fields = line.split(separator: ",", maxSplits: 3)
        guard fields.count == 4, let time = Int64(fields[0]), let number = UInt64(fields[2]),
          let identity = identity(number, Timestamp(nanoseconds: time)),
          // A format in which one person is in one place at once has no room for a second line.
          taken.insert("\(fields[1]),\(identity)").inserted
        else { continue }
        result += "\(fields[1]),\(identity),\(fields[3])\n"
      }
      try result.write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.removeItem(atPath: partialPath)
    } catch {
      failure = failure ?? "\(path): \(error.localizedDescription)"
    }
  }
}
