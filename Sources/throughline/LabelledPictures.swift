import Foundation
import ThroughlineCore

/// A folder of pictures with boxes in YOLO's form: `images/NAME.jpg` and `labels/NAME.txt`, whose lines are class (0
/// person, 1 face), centre, width and height as fractions of the picture. A picture without a file of labels shows
/// nobody.
struct LabelledPictures {
  struct Picture {
    var path: String
    fileprivate var boxes: [BoundingBox]

    /// The true boxes in pixels.
    func boxes(in size: PictureSize) -> [BoundingBox] {
      let (width, height) = (Double(size.width), Double(size.height))
      return boxes.map {
        BoundingBox(x: $0.x * width, y: $0.y * height, width: $0.width * width, height: $0.height * height)
      }
    }
  }

  let category: DetectionClass
  let pictures: [Picture]

  var truthCount: Int { pictures.reduce(0) { $0 + $1.boxes.count } }

  /// Whether a folder has that form.
  static func isOne(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/images")
      && FileManager.default.fileExists(atPath: folder + "/labels")
  }

  /// Reads the labels of a folder's pictures, without those of some paths.
  init(_ folder: String, category: DetectionClass, excluding excluded: Set<String> = []) throws {
    self.category = category
    let number = category == .person ? 0 : 1
    let paths = try PictureReading.pictures(below: [folder + "/images"])
    pictures = try paths.filter { !excluded.contains($0) }.map { path in
      let name = (URL(filePath: path).lastPathComponent as NSString).deletingPathExtension
      let labels = "\(folder)/labels/\(name).txt"
      guard let data = FileManager.default.contents(atPath: labels) else {
        return Picture(path: path, boxes: [])
      }
      var boxes: [BoundingBox] = []
      for (index, line) in String(decoding: data, as: UTF8.self).split(separator: "\n").enumerated() {
        let fields = line.split(whereSeparator: \.isWhitespace)
        let values = fields.dropFirst().prefix(4).compactMap { Double($0) }
        guard let kind = fields.first.flatMap({ Int($0) }), values.count == 4,
          values.allSatisfy({ (0...1).contains($0) })
        else {
          throw CommandFailure.failed(
            "\(labels):\(index + 1): expected a class and four fractions of 0 to 1, found '\(line.prefix(60))'"
          )
        }
        guard kind == number else { continue }
        boxes.append(
          BoundingBox(
            centerX: values[0], centerY: values[1], width: values[2], height: values[3]))
      }
      return Picture(path: path, boxes: boxes)
    }
  }
}
