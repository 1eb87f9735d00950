import Evaluation
import Foundation

/// A folder of labelled crops, as queries and gallery.
struct CropFolder {
  struct Crop {
    var path: String
    var label: CropLabel
  }

  var name: String
  var queries: [Crop]
  var gallery: [Crop]

  init(_ folder: String) throws {
    name = URL(filePath: folder).lastPathComponent
    let manager = FileManager.default
    guard manager.fileExists(atPath: folder) else {
      throw CommandFailure.failed("'\(folder)': there is no such folder; --data needs one with crops")
    }
    if manager.fileExists(atPath: folder + "/query") {
      queries = try Self.crops(in: folder + "/query")
      let gallery = ["bounding_box_test", "gallery"].map { folder + "/" + $0 }.first {
        manager.fileExists(atPath: $0)
      }
      guard let gallery else {
        throw CommandFailure.failed(
          "'\(folder)' has query/ but neither bounding_box_test/ nor gallery/ beside it")
      }
      self.gallery = try Self.crops(in: gallery)
    } else {
      let all = try Self.crops(in: folder)
      let cameras = Set(all.map(\.label.camera)).sorted()
      guard cameras.count > 1 else {
        throw CommandFailure.failed(
          "'\(folder)' has crops of one camera only; people are known again between cameras, so two are needed"
        )
      }
      queries = all.filter { $0.label.camera == cameras[0] }
      gallery = all.filter { $0.label.camera != cameras[0] }
    }
  }

  private static func crops(in folder: String) throws -> [Crop] {
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    let pictures = files.filter(PictureReading.isPicture)
    guard !pictures.isEmpty else {
      throw CommandFailure.failed("'\(folder)' holds no crop (.jpg, .png or .bmp)")
    }
    guard let naming = CropNaming.detect(pictures) else {
      throw CommandFailure.failed(
        "'\(folder)': '\(pictures[0])' is named neither as in Market-1501 (0001_c1s1_000001_00.jpg) nor as in CUHK01 or CUHK03"
      )
    }
    return pictures.compactMap { name in
      naming.label(of: name).map { Crop(path: "\(folder)/\(name)", label: $0) }
    }
  }
}
