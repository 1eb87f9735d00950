import Gallery
import Store
import ThroughlineCore

/// The gallery of a run: a file where one is named, otherwise memory.
enum GalleryFile {
  /// Opens what the settings name.
  static func open(
    _ settings: PipelineSettings, network: EmbeddingNetwork
  ) throws -> (store: GalleryStore?, contents: GalleryContents) {
    guard let path = settings.galleryFile else { return (nil, GalleryContents()) }
    do {
      let key = settings.galleryKeyFile ?? path + ".key"
      let store = try GalleryStore(path: path, credential: .file(path: key))
      return (store, store.contents)
    } catch {
      throw PipelineError.output("\(error)")
    }
  }
}
