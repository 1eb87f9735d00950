import ArgumentParser
import Evaluation
import Foundation
import Imaging
import Inference
import Media
import Models
import Pipeline
import Reidentification
import ThroughlineCore

/// How well re-ID networks know people again.
struct EvaluateReidentification: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reid", abstract: "Measure re-ID networks on folders of labelled crops: R1, R5, R10, mAP.",
    discussion: """
      A folder in Market naming with query/ and bounding_box_test/ (or gallery/) is measured by the Market-1501 \
      protocol: crops of the same person from the same camera and junk do not count. A flat folder in CUHK01's or \
      CUHK03's naming uses camera 1 as queries and camera 2 as gallery.
      """)

  @OptionGroup var place: ModelsCommand.Place
  @Option(help: ArgumentHelp("A folder of crops; may be given several times.", valueName: "dir")) var data:
    [String]
  @Option(parsing: .upToNextOption, help: "The networks; without any, all that are on this machine.")
  var model: [String] = []
  @Flag(help: "Measure once more with k-reciprocal re-ranking (slow on large galleries).") var rerank = false
  @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file")) var json: String?

  /// One row of the table.
  struct Score: Codable {
    var model: String
    var data: String
    var metrics: ReidentificationMetrics
    var reranked: ReidentificationMetrics?
    var millisecondsPerCrop: Double
  }

  func run() throws {
    let loader = try place.loader()
    var names = model
    if names.isEmpty {
      names = loader.zoo.entries.filter { $0.task == .reid && loader.store.isPresent($0) }.map(\.name)
    }
    guard !names.isEmpty else {
      throw CommandFailure.failed(
        "no re-ID network is on this machine; 'throughline models fetch --default' brings one")
    }
    let sets = try data.map(CropFolder.init)
    var scores: [Score] = []
    do {
      let runtime = try loader.runtime(library: nil)
      for name in names {
        let located = try loader.locate(name, for: .reid)
        let compiled = try runtime.compile(
          modelAt: located.path, inputShape: located.entry.input?.shape, options: InferenceOptions(threads: 1)
        )
        guard let input = located.entry.input else { continue }
        let embedder = try EmbedderFactory(
          model: compiled, specification: .init(input), name: name, version: located.entry.version
        ).makeEmbedder()
        for set in sets { scores.append(try measure(name, on: set, with: embedder)) }
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as PipelineError {
      throw CommandFailure(message: "\(error)", isUsage: error.isUsage)
    } catch { throw CommandFailure.failed("\(error)") }
    print(scores)
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      do { try encoder.encode(scores).write(to: URL(filePath: json)) } catch {
        throw CommandFailure.failed("cannot write '\(json)': \(error.localizedDescription)")
      }
    }
  }

  private func measure(_ name: String, on set: CropFolder, with embedder: Embedder) throws -> Score {
    let bar = ProgressBar(title: name)
    let count = set.queries.count + set.gallery.count
    var done = 0
    var seconds = 0.0
    func embed(_ crops: [CropFolder.Crop]) throws -> [Embedding] {
      try crops.map { crop in
        let picture = try CropFolder.picture(crop.path)
        let began = ProcessInfo.processInfo.systemUptime
        let embedding = try embedder.embed(picture, box: picture.size.bounds)
        seconds += ProcessInfo.processInfo.systemUptime - began
        done += 1
        bar.show(fraction: Double(done) / Double(count), note: set.name)
        return embedding
      }
    }
    let queries = try embed(set.queries)
    let gallery = try embed(set.gallery)
    bar.finish(note: set.name)
    let queryLabels = set.queries.map(\.label)
    let galleryLabels = set.gallery.map(\.label)
    var score = Score(
      model: name, data: set.name,
      metrics: try ReidentificationMetrics(
        queries: queries, queryLabels: queryLabels, gallery: gallery, galleryLabels: galleryLabels),
      millisecondsPerCrop: seconds / Double(max(1, count)) * 1000)
    if rerank {
      let distances = try KReciprocalReranking().distances(queries: queries, gallery: gallery)
      score.reranked = try ReidentificationMetrics(
        distances: distances, queries: queryLabels, gallery: galleryLabels)
    }
    return score
  }

  private func print(_ scores: [Score]) {
    func percent(_ value: Double) -> String { String(format: "%6.1f", value * 100) }
    let names = scores.map(\.model.count).max() ?? 0
    let sets = scores.map(\.data.count).max() ?? 0
    func pad(_ text: String, _ width: Int) -> String {
      text.padding(toLength: width, withPad: " ", startingAt: 0)
    }
    Swift.print(
      pad("", names), pad("", sets),
      "    R1     R5    R10    mAP  ms/crop" + (rerank ? "  R1 and mAP re-ranked" : ""))
    for score in scores {
      let metrics = score.metrics
      var line =
        "\(pad(score.model, names)) \(pad(score.data, sets)) \(percent(metrics.rank1)) \(percent(metrics.rank5)) "
        + "\(percent(metrics.rank10)) \(percent(metrics.meanAveragePrecision)) "
        + String(format: "%8.2f", score.millisecondsPerCrop)
      if let reranked = score.reranked {
        line += "  \(percent(reranked.rank1)) \(percent(reranked.meanAveragePrecision))"
      }
      Swift.print(line)
    }
  }
}

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
    let endings = [".jpg", ".jpeg", ".png", ".bmp"]
    let pictures = files.filter { file in endings.contains { file.lowercased().hasSuffix($0) } }
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

  /// A crop's pixels.
  static func picture(_ path: String) throws -> Picture {
    do {
      if path.lowercased().hasSuffix(".png") || path.lowercased().hasSuffix(".bmp") {
        return try ImageFile.read(path)
      }
      return try JPEG.decode([UInt8](try Data(contentsOf: URL(filePath: path))))
    } catch { throw CommandFailure.failed("'\(path)' is no picture that can be read: \(error)") }
  }
}
