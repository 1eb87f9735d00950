import Foundation
import ThroughlineCore

/// Why a text is no cache of observations.
public struct ObservationCacheError: Error, Hashable, CustomStringConvertible {
  /// What the text is called, for example its file name.
  public var source: String
  /// The line, counted from 1; 0 where no single line is to blame.
  public var line: Int
  /// What is wrong.
  public var problem: String

  /// One line: the thing and the mend.
  public var description: String {
    "\(source)\(line > 0 ? ", line \(line)" : ""): \(problem); write the cache anew with 'throughline run --cache FILE'"
  }
}

/// What was seen in one frame of one camera: detections, and an embedding of every person that could be embedded.
public struct ObservedFrame: Sendable, Hashable, Codable {
  /// One detection with what the re-ID network made of it.
  public struct Item: Sendable, Hashable, Codable {
    /// The detection in source pixels.
    public var detection: Detection
    /// The embedding's elements, normalised; `nil` for faces and crops that were not embedded.
    public var embedding: [Float]?
    /// The crop's quality, 0...1; `nil` without an embedding.
    public var quality: Double?
    /// The variance of the Laplacian on a 128x256 grey crop, where it was measured.
    public var sharpness: Double?

    /// An item by its parts.
    public init(
      detection: Detection, embedding: [Float]? = nil, quality: Double? = nil, sharpness: Double? = nil
    ) {
      self.detection = detection
      self.embedding = embedding
      self.quality = quality
      self.sharpness = sharpness
    }
  }

  /// The camera.
  public var camera: CameraName
  /// The frame, counted from 1 in its camera.
  public var number: Int
  /// Its capture time, written in nanoseconds.
  public var time: Timestamp
  /// The size of the picture in pixels.
  public var size: PictureSize
  /// What was detected.
  public var items: [Item]
  /// Whether the recording begins anew with this frame: a file that is played in a loop, a camera that came back.
  public var isCut: Bool

  /// A frame by its parts.
  public init(
    camera: CameraName, number: Int, time: Timestamp, size: PictureSize, items: [Item], isCut: Bool = false
  ) {
    self.isCut = isCut
    self.camera = camera
    self.number = number
    self.time = time
    self.size = size
    self.items = items
  }

  /// The detections and their embeddings, for a tracker. Vectors that are no embedding count as none.
  public var detectionFrame: DetectionFrame {
    DetectionFrame(
      number: number, time: time, detections: items.map(\.detection),
      appearances: items.map { $0.embedding.flatMap { try? Embedding(normalizing: $0) } })
  }

  private enum Key: String, CodingKey { case camera, frame, time, size, items, cut }
  private enum ItemKey: String, CodingKey { case box, kind, score, embedding, quality, sharpness }

  /// Reads one line's object; see ``ObservationCache``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    camera = try container.decode(CameraName.self, forKey: .camera)
    number = try container.decode(Int.self, forKey: .frame)
    time = Timestamp(nanoseconds: try container.decode(Int64.self, forKey: .time))
    let sides = try container.decode([Int].self, forKey: .size)
    guard sides.count == 2, number >= 1 else {
      throw DecodingError.dataCorruptedError(
        forKey: .size, in: container, debugDescription: "a frame from 1 and a size of two numbers are needed")
    }
    size = PictureSize(width: sides[0], height: sides[1])
    isCut = try container.decodeIfPresent(Bool.self, forKey: .cut) ?? false
    var list = try container.nestedUnkeyedContainer(forKey: .items)
    items = []
    while !list.isAtEnd {
      let item = try list.nestedContainer(keyedBy: ItemKey.self)
      let box = try item.decode([Double].self, forKey: .box)
      guard box.count == 4 else {
        throw DecodingError.dataCorruptedError(
          forKey: .box, in: item, debugDescription: "a box of four numbers is needed")
      }
      let detection = Detection(
        box: BoundingBox(x: box[0], y: box[1], width: box[2], height: box[3]),
        category: try item.decode(DetectionClass.self, forKey: .kind),
        score: try item.decode(Double.self, forKey: .score))
      let packed = try item.decodeIfPresent(String.self, forKey: .embedding)
      guard let embedding = Self.unpack(packed) else {
        throw DecodingError.dataCorruptedError(
          forKey: .embedding, in: item, debugDescription: "an embedding is base64 of little-endian floats")
      }
      items.append(
        Item(
          detection: detection, embedding: embedding.isEmpty ? nil : embedding,
          quality: try item.decodeIfPresent(Double.self, forKey: .quality),
          sharpness: try item.decodeIfPresent(Double.self, forKey: .sharpness)))
    }
  }

  /// Writes one line's object; see ``ObservationCache``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(camera, forKey: .camera)
    try container.encode(number, forKey: .frame)
    try container.encode(time.nanoseconds, forKey: .time)
    try container.encode([size.width, size.height], forKey: .size)
    if isCut { try container.encode(true, forKey: .cut) }
    var list = container.nestedUnkeyedContainer(forKey: .items)
    for item in items {
      var object = list.nestedContainer(keyedBy: ItemKey.self)
      let box = item.detection.box
      try object.encode(
        [box.x, box.y, box.width, box.height].map { ($0 * 1000).rounded() / 1000 }, forKey: .box)
      try object.encode(item.detection.category, forKey: .kind)
      try object.encode(item.detection.score, forKey: .score)
      try object.encodeIfPresent(item.embedding.map(Self.pack), forKey: .embedding)
      try object.encodeIfPresent(item.quality, forKey: .quality)
      try object.encodeIfPresent(item.sharpness, forKey: .sharpness)
    }
  }

  private static func pack(_ values: [Float]) -> String {
    var data = Data(capacity: values.count * 4)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    return data.base64EncodedString()
  }

  /// - Returns: no elements for no text; `nil` where the text is wrong.
  private static func unpack(_ text: String?) -> [Float]? {
    guard let text else { return [] }
    guard let data = Data(base64Encoded: text), data.count % 4 == 0 else { return nil }
    let bytes = [UInt8](data)
    let values = stride(from: 0, to: bytes.count, by: 4).map { index in
      Float(
        bitPattern: UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
          | UInt32(bytes[index + 3]) << 24)
    }
    return values.allSatisfy(\.isFinite) ? values : nil
  }
}

/// Detections and embeddings of a recording, made once and replayed, so that trackers and associators are compared
/// on identical input in seconds.
///
/// A text of one JSON object a line, one line a frame, the cameras' lines mixed in any way but each camera's in
/// order:
///
///     {"camera":"view1","frame":1,"time":0,"size":[768,576],"items":[{"box":[499,158,31,75.2],"kind":"person",
///      "score":0.91,"embedding":"…","quality":0.52,"sharpness":310}]}
///
/// A first line may say whose embeddings they are: `{"network":"throughline-reid-s","version":"1"}`.
///
/// `time` is in nanoseconds since 1970, `box` is left, top, width, height in source pixels, `embedding` is base64 of
/// little-endian 32-bit floats. `"cut":true` marks a frame with which the recording begins anew. Every frame is written, also one in which nothing was detected.
public enum ObservationCache {
  /// One frame as a line, with the line feed.
  public static func line(_ frame: ObservedFrame) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(frame) + Data("\n".utf8)
  }

  /// Which network made the embeddings of a cache.
  public struct Network: Sendable, Hashable, Codable {
    /// The network's name in the zoo.
    public var network: String
    /// What distinguishes weights and precision under that name.
    public var version: String

    /// A network by its parts.
    public init(network: String, version: String) {
      self.network = network
      self.version = version
    }
  }

  /// The first line of a cache, with the line feed.
  public static func header(_ network: Network) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(network) + Data("\n".utf8)
  }

  /// Which network made a cache's embeddings; `nil` where the cache does not say.
  public static func network(of text: Data) -> Network? {
    let line = text.prefix { $0 != UInt8(ascii: "\n") }
    return try? JSONDecoder().decode(Network.self, from: Data(line))
  }

  /// Reads a cache.
  ///
  /// - Returns: the frames of each camera in order.
  /// - Throws: ``ObservationCacheError`` with the line's number: no JSON, a value missing, a frame of one camera
  ///   twice or out of order, embeddings of different lengths.
  public static func parse(
    _ text: Data, source: String
  ) throws(ObservationCacheError) -> [CameraName: [ObservedFrame]] {
    let decoder = JSONDecoder()
    var cameras: [CameraName: [ObservedFrame]] = [:]
    var dimension: Int?
    var number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      if line.isEmpty || number == 1 && network(of: Data(line)) != nil { continue }
      func fail(_ problem: String) -> ObservationCacheError {
        ObservationCacheError(source: source, line: number, problem: problem)
      }
      let frame: ObservedFrame
      do { frame = try decoder.decode(ObservedFrame.self, from: Data(line)) } catch {
        throw fail("no frame of a cache (\(Self.reason(error)))")
      }
      if let last = cameras[frame.camera]?.last, last.number >= frame.number {
        throw fail("frame \(frame.number) of '\(frame.camera)' after its frame \(last.number)")
      }
      for item in frame.items {
        guard let count = item.embedding?.count else { continue }
        if let dimension, dimension != count {
          throw fail("an embedding of \(count) elements where the earlier ones have \(dimension)")
        }
        dimension = count
      }
      cameras[frame.camera, default: []].append(frame)
    }
    return cameras
  }

  private static func reason(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case .dataCorrupted(let context): context.debugDescription
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "'\(context.codingPath.last?.stringValue ?? "line")' has the wrong type"
    default: "it is no JSON"
    }
  }
}
