import ArgumentParser
import Configuration
import Foundation
import Pipeline

/// What leaks through the anonymiser.
struct EvaluateAnonymisation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anonymisation",
    abstract:
      "Measure what leaks through the anonymiser: faces in the output, and whether covered ones can be matched.",
    discussion: """
      Videos go through the whole pipeline, photos the way of those that are searched with. A stronger detector (the face \
      network on overlapping, enlarged tiles) looks at input and output. 'same place' are faces of the output that lie \
      where the input has one; another detector, just as thorough, looks for persons there. 'on a person' are those that \
      lie on one, 'open' those of them that lie where the head can be and nothing is covered. The rest is what the face detector finds on covers, \
      on legs and where nobody is. Each is told with its place. 'head R1' says how often a covered face's own open face is the most similar one to the re-ID \
      network, against chance; 'body R1' the same for whole bodies, whose clothes stay visible unless privacy.faces is \
      whole-body.
      """)

  @Argument(help: "Videos, photos, and folders of either.") var data: [String]
  @Option(name: .customLong("config"), help: ArgumentHelp("Read settings from this file.", valueName: "file"))
  var config: String?
  @Option(help: "How faces are covered, as privacy.faces says.") var faces: String?
  @Option(help: "Look at every so many frames of a video.") var every = 10
  @Option(parsing: .upToNextOption, help: "By how much tiles are enlarged for the stronger detector.")
  var scales: [Double] = [1, 2]
  @Option(help: "The score from which the stronger detector's faces count.") var score = 0.6
  @Option(
    help: ArgumentHelp(
      "Write covered pictures into this folder; one with an open face is told, never written.",
      valueName: "dir"))
  var pictures: String?
  @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file")) var json: String?

  private static let photoKinds: Set<String> = ["jpg", "jpeg", "png", "bmp", "webp"]
  private static let videoKinds: Set<String> = ["mp4", "avi", "mkv", "mov", "webm", "ts", "m4v"]

  func validate() throws {
    if data.isEmpty { throw ValidationError("name videos, photos or folders") }
    if every < 1 { throw ValidationError("--every must be 1 or more") }
    if !scales.allSatisfy({ (0.25...4).contains($0) }) { throw ValidationError("--scales must be 0.25 to 4") }
    if !(0.1...1).contains(score) { throw ValidationError("--score must be 0.1 to 1") }
  }

  func run() throws {
    var configuration = Configuration()
    do {
      if let config { try configuration.read(file: config) }
      if let faces { try configuration.read(arguments: ["--privacy.faces", faces]) }
    } catch { throw CommandFailure.usage("\(error)") }
    let settled = configuration
    let scores = try GalleryPlace.describing {
      let sets = try data.flatMap(Self.sets)
      var evaluation = try AnonymisationEvaluation(
        settled, environment: ProcessInfo.processInfo.environment, scales: scales, minimumScore: score,
        logger: ProgramLog.make(level: "warning"))
      evaluation.interval = every
      evaluation.pictureFolder = pictures
      return try sets.map { set in
        let bar = ProgressBar(title: set.name)
        defer { bar.finish(note: "") }
        switch set.content {
        case .photos(let files):
          return try evaluation.measure(photos: files, name: set.name) { bar.show(fraction: $0) }
        case .video(let file):
          return try evaluation.measure(video: file, name: set.name) { bar.show(fraction: $0) }
        }
      }
    }
    print(text(of: scores))
    try ReportFile.write(scores, to: json)
  }

  private func text(of scores: [AnonymisationScore]) -> String {
    func percent(_ value: Double?) -> String { value.map { String(format: "%.1f%%", $0 * 100) } ?? "-" }
    var rows = [
      [
        "", "pictures", "withheld", "faces in", "faces out", "same place", "on a person", "open",
        "of a person covered",
        "head R1 (chance)",
        "body R1 (chance)",
      ]
    ]
    func chance(_ count: Int) -> String { count > 1 ? " (\(percent(1 / Double(count))))" : "" }
    rows += scores.map { score in
      [
        score.name, "\(score.pictures)", "\(score.withheld)", "\(score.facesIn)", "\(score.facesOut)",
        "\(score.facesLeaked)", "\(score.facesOnPersons)", "\(score.facesOpen)", percent(score.coveredShare),
        percent(score.headRank1) + chance(score.heads),
        percent(score.bodyRank1) + chance(score.bodies),
      ]
    }
    let out = scores.reduce(0) { $0 + $1.facesOut }
    let all = scores.reduce(0) { $0 + $1.facesIn }
    let leaked = scores.reduce(0) { $0 + $1.facesLeaked }
    let open = scores.reduce(0) { $0 + $1.facesOpen }
    return TextTable.text(rows)
      + "\nfaces found in the output: \(out) of \(all) in the input; \(leaked) of them where the input has one, \(open) of these where a person's head can be"
  }

  /// Some pictures with a name.
  private struct DataSet {
    enum Content {
      case photos([String])
      case video(String)
    }
    var name: String
    var content: Content
  }

  private static func sets(_ path: String) throws -> [DataSet] {
    let url = URL(filePath: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CommandFailure.failed("'\(path)': there is no such file or folder")
    }
    let name = url.deletingPathExtension().lastPathComponent
    guard isFolder.boolValue else {
      let kind = url.pathExtension.lowercased()
      return [DataSet(name: name, content: photoKinds.contains(kind) ? .photos([path]) : .video(path))]
    }
    let files = (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
    func kind(_ file: String) -> String { URL(filePath: file).pathExtension.lowercased() }
    let photos = files.filter { photoKinds.contains(kind($0)) }.map { path + "/" + $0 }
    let videos = files.filter { videoKinds.contains(kind($0)) }
    var sets = photos.isEmpty ? [] : [DataSet(name: name, content: .photos(photos))]
    sets += videos.map {
      DataSet(
        name: URL(filePath: $0).deletingPathExtension().lastPathComponent, content: .video(path + "/" + $0))
    }
    guard !sets.isEmpty else {
      throw CommandFailure.failed("'\(path)' holds neither photos nor videos; name another folder")
    }
    return sets
  }
}
