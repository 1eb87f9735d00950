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

  /// The crops that nobody can be asked for or found in: their names do not follow the folder's naming.
  var unnamed: [String] = []

  /// Whether some person of the queries is in the gallery from another camera.
  var hasMatches: Bool {
    let cameras = Dictionary(grouping: gallery, by: \.label.person).mapValues { Set($0.map(\.label.camera)) }
    return queries.contains { query in
      query.label.person > 0
        && !(cameras[query.label.person] ?? []).subtracting([query.label.camera]).isEmpty
    }
  }

  /// Lists a folder's crops, without those of some paths.
  init(_ folder: String, excluding excluded: Set<String> = []) throws {
    name = URL(filePath: folder).lastPathComponent
    let manager = FileManager.default
    guard manager.fileExists(atPath: folder) else {
      throw CommandFailure.failed("'\(folder)': there is no such folder; --data needs one with crops")
    }
    if manager.fileExists(atPath: folder + "/query") {
      var unnamed: [String] = []
      queries = try Self.crops(in: folder + "/query", &unnamed)
      let gallery = ["bounding_box_test", "gallery"].map { folder + "/" + $0 }.first {
        manager.fileExists(atPath: $0)
      }
      guard let gallery else {
        throw CommandFailure.failed(
          "'\(folder)' has query/ but neither bounding_box_test/ nor gallery/ beside it")
      }
      self.gallery = try Self.crops(in: gallery, &unnamed)
      self.unnamed = unnamed
    } else {
      var unnamed: [String] = []
      let all = try Self.crops(in: folder, &unnamed)
      self.unnamed = unnamed
      let cameras = Set(all.map(\.label.camera)).sorted()
      guard cameras.count > 1 else {
        throw CommandFailure.failed(
          "'\(folder)' has crops of one camera only; people are known again between cameras, so two are needed"
        )
      }
      queries = all.filter { $0.label.camera == cameras[0] }
      gallery = all.filter { $0.label.camera != cameras[0] }
    }
    queries.removeAll { excluded.contains($0.path) }
    gallery.removeAll { excluded.contains($0.path) }
  }

  private static func crops(in folder: String, _ unnamed: inout [String]) throws -> [Crop] {
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
      let path = "\(folder)/\(name)"
      guard let label = naming.label(of: name) else {
        unnamed.append(path)
        return nil
      }
      return Crop(path: path, label: label)
    }
  }
}
