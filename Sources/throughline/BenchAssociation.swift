import ArgumentParser
import Association
import Foundation
import Gallery
import Pipeline
import ThroughlineCore

/// How long it takes to decide who a track is in a large gallery.
struct BenchAssociation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "association",
    abstract: "Time the decision who a track is among many identities, on one thread.",
    discussion: """
      A gallery is filled with made-up identities; then people of it come one after another, each with two looks. What is \
      timed is the whole update with the look that decides: search, scoring, assignment, records and events.
      """)

  @Option(help: "How many identities the gallery has.") var identities = 100_000
  @Option(help: "How many elements an embedding has.") var dimension = 512
  @Option(help: "How many people come.") var queries = 300
  @Option(help: "The seed of the embeddings.") var seed: UInt64 = 1
  @Flag(help: "Write JSON.") var json = false

  /// What was measured.
  private struct Report: Encodable {
    var identities: Int
    var dimension: Int
    var queries: Int
    var recognised: Int
    var medianMilliseconds: Double
    var p99Milliseconds: Double
    var longestMilliseconds: Double
  }

  func validate() throws {
    guard (1...1_000_000).contains(identities), (8...4096).contains(dimension),
      (1...100_000).contains(queries)
    else {
      throw ValidationError("identities 1 to 1000000, dimension 8 to 4096, queries 1 to 100000")
    }
  }

  func run() throws {
    var random = SplitMix64(seed: seed)
    let network = EmbeddingNetwork(name: "bench", version: "1", dimension: dimension)
    let camera = CameraName(sanitizing: "bench")
    let begin = Timestamp(seconds: 1_700_000_000)
    var people: [(id: IdentityID, embedding: Embedding)] = []
    var settings = AssociationSettings()
    // As in a run: looks back are solved on a thread of their own.
    settings.reviewsAside = true
    // Nobody else keeps the gallery, or the first change would copy it.
    var associator = try Associator(
      network: network, settings: settings,
      gallery: filledGallery(network: network, camera: camera, begin: begin, people: &people, random: &random)
    )
    var milliseconds: [Double] = []
    var recognised = 0
    let clock = ProgressBar(title: "people come")
    for number in 0..<queries {
      let person = people[number % people.count]
      let id = TrackID(camera: camera, number: UInt64(number + 1))
      let box = BoundingBox(x: 100, y: 100, width: 80, height: 200)
      for (step, offset) in [0, 0.5, 1.0].enumerated() {
        let time = begin.advanced(bySeconds: 60 + 2 * Double(number) + offset)
        let isOver = step == 2
        let track = Track(
          id: id, state: isOver ? .ended : .tracked, box: box, isObserved: !isOver, score: 0.9,
          firstSeen: time,
          lastSeen: time)
        var looks: [TrackID: Look] = [:]
        if !isOver {
          let noise = Float(0.5 / Double(dimension).squareRoot())
          looks[id] = Look(
            embedding: try Embedding(
              normalizing: person.embedding.values.map { $0 + noise * Float(random.nextGaussian()) }),
            time: time, quality: 0.9, box: box)
        }
        let start = DispatchTime.now().uptimeNanoseconds
        let update = try associator.update(camera: camera, at: time, tracks: [track], looks: looks)
        if step == 1 {
          milliseconds.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
          if update.assignments[id]?.identity == person.id { recognised += 1 }
        }
      }
      clock.show(fraction: Double(number) / Double(queries))
    }
    clock.finish(note: "\(queries) people")
    milliseconds.sort()
    let report = Report(
      identities: identities, dimension: dimension, queries: queries, recognised: recognised,
      medianMilliseconds: milliseconds[milliseconds.count / 2],
      p99Milliseconds: milliseconds[min(milliseconds.count - 1, milliseconds.count * 99 / 100)],
      longestMilliseconds: milliseconds.last ?? 0)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(
        String(
          format:
            "%d identities x %d, one thread: a decision takes %.2f ms (median), %.2f ms (p99), %.2f ms (longest); %d of %d recognised",
          identities, dimension, report.medianMilliseconds, report.p99Milliseconds,
          report.longestMilliseconds,
          recognised, queries))
    }
  }

  private func filledGallery(
    network: EmbeddingNetwork, camera: CameraName, begin: Timestamp,
    people: inout [(id: IdentityID, embedding: Embedding)], random: inout SplitMix64
  ) throws -> Gallery {
    let bar = ProgressBar(title: "filling the gallery")
    var limits = GalleryLimits()
    limits.maximumIdentities = max(limits.maximumIdentities, 2 * identities)
    var gallery = Gallery(limits: limits, scanner: KernelScanner.best)
    try gallery.setNetwork(network)
    for number in 0..<identities {
      let embedding = try Embedding(normalizing: (0..<dimension).map { _ in Float(random.nextGaussian()) })
      let id = gallery.createIdentity(at: begin)
      _ = try gallery.addPrototype(
        Prototype(embedding: embedding, camera: camera, time: begin, quality: 0.9), track: nil, to: id,
        trusted: true)
      if number % max(1, identities / queries) == 0 { people.append((id, embedding)) }
      if number % 1000 == 0 {
        _ = gallery.drainChanges()
        bar.show(fraction: Double(number) / Double(identities))
      }
    }
    bar.finish(note: "\(identities) identities")
    return gallery
  }
}
