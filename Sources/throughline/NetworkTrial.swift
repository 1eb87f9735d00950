import Detection
import Evaluation
import Foundation
import Imaging
import Inference
import Models
import Pipeline
import Reidentification
import Synchronization
import ThroughlineCore

/// A model on this machine whose speed and accuracy are measured.
struct NetworkTrial {
  let model: LocatedModel
  let runtime: OpenVINORuntime

  var name: String { model.entry.name }

  /// The lengths of the files that a runtime reads, in bytes.
  var byteCount: Int {
    let stem = (model.path as NSString).deletingPathExtension
    return [model.path, stem + ".bin"].reduce(0) { sum, path in
      guard path == model.path || model.path.hasSuffix(".xml") else { return sum }
      let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
      return sum + (size?.intValue ?? 0)
    }
  }

  func compiled(threads: Int = 1) throws(InferenceError) -> any CompiledModel {
    try runtime.compile(
      modelAt: model.path, inputShape: model.entry.input?.shape,
      options: InferenceOptions(threads: threads, streams: threads))
  }

  func embedder() throws -> Embedder {
    guard let input = model.entry.input else { throw CommandFailure.failed("'\(name)' is no network") }
    return try EmbedderFactory(
      model: try compiled(), specification: .init(input), name: name, version: model.entry.version
    ).makeEmbedder()
  }

  func detector() throws -> NetworkDetector {
    let network = try DetectionNetwork(entry: model.entry, model: try compiled())
    return try DetectorFactory([network]).makeDetector()
  }

  // MARK: Speed

  /// Times of single runs on one thread.
  struct Latency: Codable {
    /// The median, in milliseconds.
    var p50: Double
    /// What 95 of 100 runs do not exceed, in milliseconds.
    var p95: Double
  }

  /// The network alone, one thread, on noise: what a processor needs does not depend on the picture.
  func latency(seconds: Double) throws -> Latency {
    let request = try compiled().makeRequest()
    Self.fillWithNoise(request.input)
    try request.run()
    var times: [Double] = []
    let deadline = ProcessInfo.processInfo.systemUptime + seconds
    while times.count < 10 || ProcessInfo.processInfo.systemUptime < deadline {
      let began = ProcessInfo.processInfo.systemUptime
      try request.run()
      times.append((ProcessInfo.processInfo.systemUptime - began) * 1000)
    }
    times.sort()
    return Latency(p50: times[times.count / 2], p95: times[min(times.count - 1, times.count * 95 / 100)])
  }

  /// Runs a second with so many threads, each with a request of its own.
  func throughput(threads: Int, seconds: Double) throws -> Double {
    let compiled = try compiled(threads: threads)
    let count = Mutex(0)
    let failure = Mutex<String?>(nil)
    let began = ProcessInfo.processInfo.systemUptime
    let deadline = began + seconds
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<threads {
      Thread.detachNewThread {
        defer { done.signal() }
        do {
          let request = try compiled.makeRequest()
          Self.fillWithNoise(request.input)
          repeat {
            try request.run()
            count.withLock { $0 += 1 }
          } while ProcessInfo.processInfo.systemUptime < deadline
        } catch { failure.withLock { $0 = "\(error)" } }
      }
    }
    for _ in 0..<threads { done.wait() }
    if let problem = failure.withLock({ $0 }) { throw CommandFailure.failed(problem) }
    return Double(count.withLock { $0 }) / (ProcessInfo.processInfo.systemUptime - began)
  }

  private static func fillWithNoise(_ input: UnsafeMutableBufferPointer<Float>) {
    var generator = SplitMix64(seed: 1)
    for index in input.indices { input[index] = Float(generator.next() >> 40) / Float(1 << 24) }
  }

  // MARK: Accuracy

  /// Whether a folder's form is that of data for networks of this kind: crops for a re-ID network, pictures with boxes
  /// for a detector.
  func takes(_ folder: String) -> Bool { LabelledPictures.isOne(folder) == (model.entry.task != .reid) }

  /// Whether pictures of a folder, without some, say enough about themselves to measure accuracy on them.
  func canMeasureAccuracy(on folder: String, excluding excluded: Set<String>) -> Bool {
    guard takes(folder) else { return false }
    if model.entry.task == .reid {
      return (try? CropFolder(folder, excluding: excluded))?.hasMatches == true
    }
    guard let set = try? LabelledPictures(folder, category: category, excluding: excluded) else {
      return false
    }
    return set.truthCount > 0
  }

  private var category: DetectionClass { model.entry.task == .face ? .face : .person }

  /// Accuracy on labelled data, without some of its pictures. Empty where the folder is for networks of the other kind
  /// or has no box of the class that this one finds.
  func accuracy(on folder: String, excluding excluded: Set<String> = []) throws -> [ModelAccuracy] {
    let name = URL(filePath: folder).lastPathComponent
    guard takes(folder) else { return [] }
    if model.entry.task == .reid {
      let metrics = try ReidentificationScore(
        model: self.name, on: CropFolder(folder, excluding: excluded), embedder: embedder()
      ).metrics
      return [
        ModelAccuracy(data: name, measure: "Rank-1", value: metrics.rank1 * 100),
        ModelAccuracy(data: name, measure: "mAP", value: metrics.meanAveragePrecision * 100),
      ]
    }
    let set = try LabelledPictures(folder, category: category, excluding: excluded)
    guard set.truthCount > 0 else { return [] }
    var precision = AveragePrecision()
    // The floor of the program keeps what a tracker can use; a curve needs the weaker ones too.
    let network = try DetectionNetwork(
      entry: model.entry, model: try compiled(),
      settings: DetectorSettings(scoreFloor: 0.01, overlap: set.category == .person ? 0.6 : 0.3))
    let detector = try DetectorFactory([network]).makeDetector()
    let bar = ProgressBar(title: self.name)
    for (index, picture) in set.pictures.enumerated() {
      let pixels = try PictureReading.picture(picture.path)
      precision.add(try detector.detect(pixels), truth: picture.boxes(in: pixels.size))
      bar.show(fraction: Double(index + 1) / Double(set.pictures.count), note: name)
    }
    bar.finish(note: name)
    return [ModelAccuracy(data: name, measure: "AP50", value: (precision.value ?? 0) * 100)]
  }

  /// How much another form of this network says the same on pictures: the mean cosine of embeddings, or the F1 of
  /// boxes that both believe (score of 0.35 or more, overlap of 0.5).
  func agreement(with other: NetworkTrial, on paths: [String]) throws -> (measure: String, value: Double) {
    let bar = ProgressBar(title: "comparing")
    var sum = 0.0
    if model.entry.task == .reid {
      let (mine, theirs) = (try embedder(), try other.embedder())
      for (index, path) in paths.enumerated() {
        let picture = try PictureReading.picture(path)
        let box = picture.size.bounds
        sum += Double(try mine.embed(picture, box: box).similarity(to: theirs.embed(picture, box: box)))
        bar.show(fraction: Double(index + 1) / Double(paths.count))
      }
      bar.finish(note: "")
      return ("cosine", sum / Double(max(1, paths.count)))
    }
    let (mine, theirs) = (try detector(), try other.detector())
    var (common, total) = (0, 0)
    for (index, path) in paths.enumerated() {
      let picture = try PictureReading.picture(path)
      let left = try mine.detect(picture).filter { $0.score >= 0.35 }
      var right = try theirs.detect(picture).filter { $0.score >= 0.35 }
      total += left.count + right.count
      for detection in left {
        guard
          let match = right.firstIndex(where: { $0.box.intersectionOverUnion(with: detection.box) >= 0.5 })
        else { continue }
        right.remove(at: match)
        common += 2
      }
      bar.show(fraction: Double(index + 1) / Double(paths.count))
    }
    bar.finish(note: "")
    return ("F1 of boxes", total == 0 ? 1 : Double(common) / Double(total))
  }
}
