import Detection
import Foundation
import Imaging
import Media
import Privacy
import Reidentification
import ThroughlineCore

/// Photos that somebody hands in.
public enum PhotoFile {
  /// Reads a photo: JPEG directly, which knows more kinds of it than video decoders do, everything else by way of these.
  ///
  /// - Throws: `SourceProblem` where the file is missing or holds no picture; ``PipelineError`` for a folder.
  public static func read(_ path: String) throws -> Picture {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw PipelineError.output("\(path): is a folder; name a photo in it")
    }
    if let data = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped),
      data.starts(with: [0xFF, 0xD8])
    {
      do { return try JPEG.decode([UInt8](data)) } catch {
        guard case .unsupportedSize = error else { return try ImageFile.read(path) }
        throw PipelineError.output("\(path): \(error)")
      }
    }
    return try ImageFile.read(path)
  }
}

/// Finds the persons in a photo and makes their embeddings, for searching and enrolling. Belongs to one thread.
public final class PersonFinder {
  /// A person in a photo.
  public struct Person: Sendable, Codable {
    /// Counted from 1, from left to right.
    public var number: Int
    /// Where, in pixels.
    public var box: EventRecord.Box
    /// The detector's score; 1 where the whole photo was taken as one person.
    public var score: Double
    /// How good the crop is for the re-ID network, 0...1.
    public var quality: Double
  }

  private let anonymizer: PhotoAnonymizer
  private let embedder: Embedder
  /// The network of all embeddings.
  public let network: EmbeddingNetwork

  /// The height in pixels from which a photo in which nobody was found may be a crop of one person.
  private static let smallestCrop = 64
  /// From which score on somebody counts as a person.
  private static let personScore = 0.4

  /// A finder on compiled networks.
  ///
  /// - Parameter strong: looks for faces that the pipeline's detector misses, in what is written.
  public init(_ networks: PipelineNetworks, strong: StrongFaceDetector) throws {
    anonymizer = try PhotoAnonymizer(networks, strong: strong)
    embedder = try networks.embedder.makeEmbedder()
    network = networks.embedder.network
  }

  /// The persons in a photo.
  ///
  /// A photo that is a crop already, higher than wide, of 64 pixels or more and with nobody found in it, counts as one
  /// person as a whole.
  public func persons(in photo: Picture) throws -> [Person] {
    try scene(of: photo).persons
  }

  private func scene(of photo: Picture) throws -> (detections: [Detection], persons: [Person]) {
    let detections = try anonymizer.detections(in: photo)
    var found = detections.filter { $0.category == .person && $0.score >= Self.personScore }
      .sorted { ($0.box.minX, $0.box.minY) < ($1.box.minX, $1.box.minY) }
    let ratio = Double(photo.size.height) / Double(photo.size.width)
    if found.isEmpty, (1.4...4).contains(ratio), photo.size.height >= Self.smallestCrop {
      found = [Detection(box: photo.size.bounds, category: .person, score: 1)]
    }
    let judge = CropJudge()
    let camera = CameraName(sanitizing: "photo")
    let persons = try found.enumerated().map { index, detection -> Person in
      let track = Track(
        id: TrackID(camera: camera, number: UInt64(index + 1)), state: .tracked, box: detection.box,
        isObserved: true, score: detection.score, firstSeen: Timestamp(seconds: 0),
        lastSeen: Timestamp(seconds: 0))
      let others = found.enumerated().filter { $0.offset != index }.map(\.element.box)
      let quality = judge.judge(
        judge.judge(track, among: others, in: photo.size),
        measures: try embedder.measure(photo, box: detection.box))
      return Person(
        number: index + 1, box: .init(detection.box), score: detection.score, quality: quality.value)
    }
    return (detections, persons)
  }

  /// A person's embedding.
  public func embedding(of person: Person, in photo: Picture) throws -> Embedding {
    try embedder.embed(photo, box: person.box.box)
  }

  /// The photo with all faces covered and the persons' numbers, fit to be shown.
  public func preview(of photo: Picture) throws -> AnonymizedPicture {
    let (_, persons) = try scene(of: photo)
    return try covered(
      photo, annotations: persons.map { Annotation(box: $0.box.box, label: "\($0.number)", color: $0.number) }
    ).still
  }

  /// A person's part of the photo with all faces covered, for the gallery.
  public func crop(of person: Person, in photo: Picture) throws -> [UInt8] {
    guard let crop = try covered(photo, annotations: []).crop(person.box.box) else { return [] }
    return try crop.scaled(toFit: GalleryCrops.size).jpeg(quality: GalleryCrops.quality)
  }

  private func covered(_ photo: Picture, annotations: [Annotation]) throws -> AnonymizedFrame {
    let (detections, persons) = try scene(of: photo)
    // Who was taken as a whole was not detected, and is covered all the same.
    let extra = persons.filter { person in
      !detections.contains { $0.category == .person && $0.box == person.box.box }
    }.map { Detection(box: $0.box.box, category: .person, score: 1) }
    return try anonymizer.cover(photo, detections: detections + extra, annotations: annotations)
  }
}
