import Foundation
import Store
import ThroughlineCore

extension GallerySnapshot {
  /// Writes all pictures of a person, best first, as JPEG files `IDENTITY-NUMBER.jpg` into a folder, which is made where
  /// it is missing; another process may hold the gallery meanwhile.
  ///
  /// Only what the anonymiser let out was ever kept, so that no face is open in them.
  ///
  /// - Returns: the pictures; those that are gone by now or damaged have no file.
  /// - Throws: `StoreError` where the gallery cannot be read; ``PipelineError`` where the folder cannot be written.
  public func writeCrops(
    of id: IdentityID, credential: GalleryCredential, into folder: String
  ) throws -> [GalleryCropReport] {
    let crops = GalleryCropReport.best(of: crops(of: id), limit: .max)
    let images = try GalleryStore.images(
      of: crops.map { ArchiveID($0.number) }, path: path, credential: credential)
    try OutputFolder.make(folder)
    return try crops.map { try $0.written(images[ArchiveID($0.number)], of: id, into: folder) }
  }
}

extension GalleryCropReport {
  /// Pictures by their quality, one of each camera first.
  static func best(of entries: [(id: ArchiveID, crop: StoredCrop)], limit: Int) -> [GalleryCropReport] {
    let ranked = entries.sorted { ($0.crop.quality, $0.id) > ($1.crop.quality, $1.id) }
    var seen: Set<CameraName> = []
    let first = ranked.filter { seen.insert($0.crop.camera).inserted }
    let chosen = Set(first.map(\.id))
    return (first + ranked.filter { !chosen.contains($0.id) }).prefix(limit).map(GalleryCropReport.init)
  }

  /// This with its file, where there is a picture to be written.
  func written(_ image: [UInt8]?, of id: IdentityID, into folder: String) throws(PipelineError)
    -> GalleryCropReport
  {
    guard let image else { return self }
    var written = self
    let file = "\(folder)/\(id)-\(number).jpg"
    try OutputFolder.write(Data(image), to: file)
    written.file = file
    return written
  }
}
