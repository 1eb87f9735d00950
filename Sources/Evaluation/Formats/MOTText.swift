import Foundation
import ThroughlineCore

/// Why a text is no MOT file.
public struct MOTTextError: Error, Hashable, CustomStringConvertible {
  /// What the text is called, for example its file name.
  public var source: String
  /// The line, counted from 1.
  public var line: Int
  /// What is wrong with it.
  public var problem: String

  /// One line: the thing and the mend.
  public var description: String {
    "\(source), line \(line): \(problem); a line is 'frame,id,left,top,width,height,score' with frames from 1, more columns may follow"
  }
}

/// One box in a MOT file.
public struct MOTEntry: Sendable, Hashable, Codable {
  /// The frame, counted from 1.
  public var frame: Int
  /// The person's number; -1 in files of detections.
  public var id: Int
  /// The box in pixels, as written. (MATLAB's counting of pixels from 1 is not undone: it moves truth and result alike.)
  public var box: BoundingBox
  /// The seventh column: a detection's score, or in ground truth 0 for "not to be evaluated". 1 where missing.
  public var score: Double
  /// The eighth column in ground truth of MOT16 and later: 1 is a pedestrian. -1 where missing.
  public var category: Int
  /// The ninth column in ground truth of MOT16 and later: the visible share. 1 where missing.
  public var visibility: Double

  /// An entry by its parts.
  public init(
    frame: Int, id: Int, box: BoundingBox, score: Double = 1, category: Int = -1, visibility: Double = 1
  ) {
    self.frame = frame
    self.id = id
    self.box = box
    self.score = score
    self.category = category
    self.visibility = visibility
  }
}

/// The MOTChallenge text format for ground truth, detections and results.
///
/// Columns are separated by commas or white space. Empty lines and lines that begin with `#` are left out. A frame
/// without a line is a frame in which nobody is; a missing, empty or non-numeric value in the first six columns, a
/// frame before 1, a number that is not finite, a negative size, and one id twice in a frame are errors.
public enum MOTText {
  /// What a text is expected to hold.
  public enum Content: Sendable {
    /// Ground truth or results: an id occurs once in a frame.
    case tracks
    /// Detections: ids are meaningless, mostly -1.
    case detections
  }

  /// The highest frame number that is believed, some 100 days at 100 frames a second.
  public static let largestFrame = 1_000_000_000

  /// Reads a text.
  ///
  /// - Parameters:
  ///   - text: the file's text.
  ///   - source: what to call it in errors.
  ///   - content: what to expect.
  /// - Returns: the entries in the order of the text.
  public static func parse(
    _ text: String, source: String, content: Content = .tracks
  ) throws(MOTTextError) -> [MOTEntry] {
    var entries: [MOTEntry] = []
    var seen = Set<[Int]>()
    var number = 0
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let fields = split(line)
      guard let first = fields.first, first.first != UInt8(ascii: "#") else { continue }
      let entry: MOTEntry
      do { entry = try Self.entry(fields) } catch {
        throw MOTTextError(source: source, line: number, problem: error.problem)
      }
      if content == .tracks, !seen.insert([entry.frame, entry.id]).inserted {
        throw MOTTextError(
          source: source, line: number, problem: "id \(entry.id) is twice in frame \(entry.frame)")
      }
      entries.append(entry)
    }
    return entries
  }

  /// Writes entries, one a line: `frame,id,left,top,width,height,score,-1,-1,-1`, boxes with two decimals.
  public static func text(_ entries: [MOTEntry]) -> String {
    var result = ""
    for entry in entries {
      let box = entry.box
      result +=
        "\(entry.frame),\(entry.id),\(decimal(box.x)),\(decimal(box.y)),\(decimal(box.width)),\(decimal(box.height)),\(decimal(entry.score, places: 4)),-1,-1,-1\n"
    }
    return result
  }

  private struct Problem: Error { var problem: String }

  private static func split(_ line: Substring.UTF8View) -> [Substring.UTF8View] {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var trimmed = line
    while let last = trimmed.last, isSpace(last) { trimmed.removeLast() }
    while let first = trimmed.first, isSpace(first) { trimmed.removeFirst() }
    guard !trimmed.isEmpty else { return [] }
    if trimmed.contains(UInt8(ascii: ",")) {
      return trimmed.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }
    return trimmed.split(whereSeparator: isSpace)
  }

  private static func entry(_ fields: [Substring.UTF8View]) throws(Problem) -> MOTEntry {
    guard fields.count >= 6 else {
      throw Problem(problem: "\(fields.count) columns where at least 6 are needed")
    }
    let names = ["frame", "id", "left", "top", "width", "height", "score", "class", "visibility"]
    var values: [Double] = []
    for (index, field) in fields.prefix(9).enumerated() {
      let text = String(Substring(field)).trimmingCharacters(in: .whitespaces)
      guard let value = Double(text), value.isFinite else {
        throw Problem(
          problem: text.isEmpty
            ? "the \(names[index]) is missing" : "'\(text.prefix(40))' is no \(names[index])")
      }
      values.append(value)
    }
    guard let frame = Int(exactly: values[0]), frame >= 1, frame <= largestFrame else {
      throw Problem(problem: "frame \(fields[0].trimmed) where frames count from 1")
    }
    guard let id = Int(exactly: values[1]) else {
      throw Problem(problem: "'\(fields[1].trimmed)' is no id; ids are whole numbers")
    }
    guard values[4] >= 0, values[5] >= 0 else { throw Problem(problem: "a box of negative size") }
    return MOTEntry(
      frame: frame, id: id,
      box: BoundingBox(x: values[2], y: values[3], width: values[4], height: values[5]),
      score: values.count > 6 ? values[6] : 1,
      category: values.count > 7 ? Int(exactly: values[7]) ?? -1 : -1,
      visibility: values.count > 8 ? values[8] : 1)
  }

  private static func decimal(_ value: Double, places: Int = 2) -> String {
    guard value.isFinite else { return "0" }
    return String(format: "%.\(places)f", value)
  }
}

extension Substring.UTF8View {
  fileprivate var trimmed: String { String(Substring(self)).trimmingCharacters(in: .whitespaces) }
}
