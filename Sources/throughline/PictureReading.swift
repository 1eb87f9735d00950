import Foundation
import Imaging
import Media

/// Reading of picture files by the commands that measure networks.
enum PictureReading {
  private static let endings = [".jpg", ".jpeg", ".png", ".bmp"]

  /// Whether a file's name is that of a picture.
  static func isPicture(_ name: String) -> Bool {
    endings.contains { name.lowercased().hasSuffix($0) }
  }

  /// A picture's pixels.
  static func picture(_ path: String) throws -> Picture {
    do {
      if path.lowercased().hasSuffix(".png") || path.lowercased().hasSuffix(".bmp") {
        return try ImageFile.read(path)
      }
      return try JPEG.decode([UInt8](try Data(contentsOf: URL(filePath: path))))
    } catch { throw CommandFailure.failed("'\(path)' is no picture that can be read: \(error)") }
  }

  /// The pictures below folders, at most three folders deep, in a fixed order.
  static func pictures(below folders: [String]) throws -> [String] {
    var result: [String] = []
    for folder in folders {
      var isDirectory: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder, isDirectory: &isDirectory), isDirectory.boolValue
      else { throw CommandFailure.failed("'\(folder)': there is no such folder; name one with pictures") }
      let found = (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? [])
        .filter { isPicture($0) && $0.split(separator: "/").count <= 3 }
      guard !found.isEmpty else {
        throw CommandFailure.failed("'\(folder)' holds no picture (.jpg, .png or .bmp)")
      }
      result += found.sorted().map { "\(folder)/\($0)" }
    }
    return result
  }

  /// So many elements, evenly spread over all.
  static func spread<Element>(_ elements: [Element], count: Int) -> [Element] {
    guard count < elements.count, count > 0 else { return elements }
    return (0..<count).map { elements[$0 * elements.count / count] }
  }
}
