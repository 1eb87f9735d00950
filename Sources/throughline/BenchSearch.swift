import ArgumentParser
import Foundation
import Gallery
import Pipeline
import ThroughlineCore

/// How fast the gallery's vector index finds the nearest.
struct BenchSearch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Time exact search for the nearest vectors, on one thread.",
    discussion: """
      The vectors are made from a seed, in clusters as embeddings are, or read from a file of 32-bit floats, row after \
      row, so that another program can be timed on the same ones (Benchmarks/peers/vectors.py does that).
      """)

  @Option(help: "How many vectors.") var count = 100_000
  @Option(help: "How many elements each has.") var dimension = 512
  @Option(help: "How many queries.") var queries = 100
  @Option(help: "How many nearest ones.") var limit = 10
  @Option(help: "The seed of the vectors.") var seed: UInt64 = 1
  @Option(help: ArgumentHelp("Read the vectors from this file.", valueName: "file")) var vectors: String?
  @Option(help: ArgumentHelp("Read the queries from this file.", valueName: "file")) var queryVectors: String?
  @Option(
    help: ArgumentHelp(
      "Write the numbers of the nearest, 32-bit, row after row, to this file.", valueName: "file"))
  var results: String?
  @Flag(help: "Use the plain Swift twin instead of the C kernel.") var twin = false
  @Flag(help: "Write JSON.") var json = false

  /// What was measured.
  private struct Report: Encodable {
    var count: Int
    var dimension: Int
    var queries: Int
    var limit: Int
    var scanner: String
    var medianMilliseconds: Double
    var p99Milliseconds: Double
    var bytesPerVector: Double
    var indexMegabytes: Double
    var buildSeconds: Double
  }

  func validate() throws {
    guard (1...10_000_000).contains(count), (1...4096).contains(dimension), (1...100_000).contains(queries),
      (1...1000).contains(limit)
    else {
      throw ValidationError("count 1 to 10000000, dimension 1 to 4096, queries 1 to 100000, limit 1 to 1000")
    }
    if (vectors == nil) != (queryVectors == nil) {
      throw ValidationError("give both --vectors and --query-vectors, or neither")
    }
  }

  func run() throws {
    let bar = ProgressBar(title: "building the index")
    let began = ProcessInfo.processInfo.systemUptime
    var index = VectorIndex<IdentityID>()
    var random = SplitMix64(seed: seed)
    var source = try vectors.map { try VectorFile($0, dimension: dimension) }
    let centres = source == nil ? try (0..<max(1, count / 100)).map { _ in try unit(&random) } : []
    let total = source?.count ?? count
    for number in 0..<total {
      let vector = try source?.next() ?? near(centres[number % centres.count], &random)
      index.set(IdentityID(UInt64(number)), to: vector)
      if number % 1000 == 0 { bar.show(fraction: Double(number) / Double(total)) }
    }
    bar.finish(note: "\(total) vectors")
    let buildSeconds = ProcessInfo.processInfo.systemUptime - began
    var looked: [Embedding] = []
    if let queryVectors {
      var file = try VectorFile(queryVectors, dimension: dimension)
      for _ in 0..<file.count { looked.append(try file.next()) }
    } else {
      looked = try (0..<queries).map { _ in
        try near(centres[Int.random(in: 0..<centres.count, using: &random)], &random)
      }
    }
    var milliseconds: [Double] = []
    var found: [UInt32] = []
    let clock = ProgressBar(title: "searching")
    for (number, query) in looked.enumerated() {
      let start = DispatchTime.now().uptimeNanoseconds
      let nearest =
        twin
        ? index.nearest(to: query, limit: limit, scanner: VectorScanner())
        : index.nearest(to: query, limit: limit, scanner: KernelScanner.best)
      milliseconds.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
      found += nearest.map { UInt32(truncatingIfNeeded: $0.key.rawValue) }
      clock.show(fraction: Double(number) / Double(looked.count))
    }
    clock.finish(note: "\(looked.count) queries")
    if let results {
      let bytes = found.withUnsafeBytes { Data($0) }
      do { try bytes.write(to: URL(filePath: results)) } catch {
        throw CommandFailure.failed("cannot write '\(results)': \(error.localizedDescription)")
      }
    }
    milliseconds.sort()
    let report = Report(
      count: total, dimension: dimension, queries: looked.count, limit: limit,
      scanner: twin ? "Swift" : "C kernel", medianMilliseconds: milliseconds[milliseconds.count / 2],
      p99Milliseconds: milliseconds[min(milliseconds.count - 1, milliseconds.count * 99 / 100)],
      bytesPerVector: Double(index.byteCount) / Double(max(1, index.count)),
      indexMegabytes: Double(index.byteCount) / 1e6, buildSeconds: buildSeconds)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(
        String(
          format: "%d x %d, exact top %d, one thread, %@: median %.2f ms, p99 %.2f ms, %.0f MB", total,
          dimension,
          limit, report.scanner, report.medianMilliseconds, report.p99Milliseconds, report.indexMegabytes))
    }
  }

  private func unit(_ random: inout SplitMix64) throws -> Embedding {
    try Embedding(normalizing: (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) })
  }

  private func near(_ centre: Embedding, _ random: inout SplitMix64) throws -> Embedding {
    let noise = try unit(&random)
    return try Embedding(normalizing: zip(centre.values, noise.values).map { $0 + 0.7 * $1 })
  }
}

/// Vectors in a file of 32-bit floats.
private struct VectorFile {
  private let data: Data
  private let dimension: Int
  private var row = 0

  init(_ path: String, dimension: Int) throws {
    do { data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped) } catch {
      throw CommandFailure.failed("cannot read '\(path)': \(error.localizedDescription)")
    }
    guard data.count >= dimension * 4, data.count % (dimension * 4) == 0 else {
      throw CommandFailure.failed(
        "'\(path)' holds \(data.count) bytes, which are no rows of \(dimension) floats")
    }
    self.dimension = dimension
  }

  var count: Int { data.count / (dimension * 4) }

  mutating func next() throws -> Embedding {
    let start = row * dimension * 4
    row += 1
    let values = data.withUnsafeBytes { bytes in
      (0..<dimension).map { bytes.loadUnaligned(fromByteOffset: start + 4 * $0, as: Float.self) }
    }
    do { return try Embedding(normalizing: values) } catch {
      throw CommandFailure.failed("vector \(row): \(error)")
    }
  }
}
