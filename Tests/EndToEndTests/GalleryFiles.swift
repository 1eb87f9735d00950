import Foundation
import GRDB
import Gallery
import Store
import ThroughlineCore
import ThroughlineTestKit

/// Another program that holds a file's write lock.
struct FileLocker {
  private let database: DatabaseQueue

  init(_ path: String) throws {
    var configuration = GRDB.Configuration()
    configuration.allowsUnsafeTransactions = true
    database = try DatabaseQueue(path: path, configuration: configuration)
    try database.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
  }

  func release() throws {
    try database.inDatabase { try $0.execute(sql: "ROLLBACK") }
    try database.close()
  }
}

/// A gallery file made without footage, and the program that is asked about it.
struct GalleryFiles {
  let folder: TemporaryFolder
  var path: String { folder.file("g.db") }
  var key: String { folder.file("g.key") }

  init(people: Int = 3, dimension: Int = 32) throws {
    folder = try TemporaryFolder()
    try Self.make(folder.file("g.db"), key: folder.file("g.key"), people: people, dimension: dimension)
  }

  static func make(_ path: String, key: String, people: Int, dimension: Int) throws {
    var gallery = Gallery()
    try gallery.setNetwork(EmbeddingNetwork(name: "test", version: "1", dimension: dimension))
    let now = Timestamp(seconds: Date().timeIntervalSince1970)
    let camera = CameraName(sanitizing: "door")
    for number in 1...people {
      let id = gallery.createIdentity(at: now)
      var random = SplitMix64(seed: UInt64(number))
      let track = TrackID(camera: camera, number: UInt64(number))
      _ = try gallery.addPrototype(
        Prototype(
          embedding: try Embedding(
            normalizing: (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }),
          camera: camera,
          time: now, quality: 1), track: track, to: id)
      for stay in 0..<2 {
        let begin = now.advanced(bySeconds: Double(number * 100 + stay * 30))
        let opened = try gallery.openSighting(
          of: id, track: TrackID(camera: camera, number: UInt64(number * 10 + stay)), begin: begin,
          end: begin.advanced(bySeconds: 10), confidence: 0.9, explanation: "similar to \(number)")
        try gallery.extendSighting(opened, of: id, to: begin.advanced(bySeconds: 10), closing: true)
      }
    }
    let store = try GalleryStore(path: path, credential: .file(path: key))
    store.append(gallery.drainChanges())
    try store.close()
  }

  /// Runs `throughline gallery WORDS --gallery FILE --key-file FILE`.
  func gallery(
    _ words: [String], key: String? = nil, environment: [String: String] = [:]
  ) throws -> ProgramRunner.Result {
    var first = words
    let command = first.removeFirst()
    return try Programs.throughline.run(
      ["gallery", command, "--gallery", path, "--key-file", key ?? self.key] + first,
      environment: ["XDG_CONFIG_HOME": folder.file("config")].merging(environment) { $1 })
  }

  func bytes() throws -> Data { try Data(contentsOf: URL(filePath: path)) }
}
