import ArgumentParser
import Association
import Evaluation
import Foundation
import ThroughlineCore

/// The association in a simulated world, whose truth is known at any size.
struct EvaluateWorld: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "world",
    abstract: "Measure the association in a simulated world of cameras and people.",
    discussion: """
      People walk over a floor that cameras look at; their embeddings are noisy as measured on real crops, tracks \
      break, people hide each other. The same seed gives the same world.
      """)

  @Option(help: "How many cameras look at the floor.")
  var cameras = 16

  @Option(help: "How many people there are in all.")
  var people = 200

  @Option(help: ArgumentHelp("How long it lasts.", valueName: "seconds"))
  var duration = 3600.0

  @Option(help: "Frames per second of every camera.")
  var frameRate = 2.0

  @Option(help: "The share of cameras that look at the same floor as the one before them, 0 to 1.")
  var overlap = 0.0

  @Option(help: "The share of people who wear the same, 0 to 1.")
  var uniforms = 0.0

  @Option(help: ArgumentHelp("Each camera's clock is off by up to this much.", valueName: "seconds"))
  var clockSkew = 0.0

  @Flag(help: "Decide everybody once more at the end, as with 'throughline run --offline'.")
  var offline = false

  @Option(help: "The seed of the world.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file"))
  var json: String?

  /// What is printed.
  private struct Figures: Codable {
    var identityF1: Double
    var liveIdentityF1: Double
    var oracleF1: Double
    var people: Int
    var identities: Int
    var identitiesPerPerson: Double
    var sharedFrames: Int
    var corrections: Int
    var tracks: Int
    /// Resident memory in MiB at each tenth of the time, without what the evaluation itself keeps to the end.
    var memory: [Int]
    /// The largest of them.
    var peakMemory: Int
    /// From the middle of the time to its end, in MiB.
    var memoryGrowth: Int
  }

  func run() throws {
    guard cameras > 0, people > 0, duration > 0, duration <= 1_000_000, frameRate > 0, frameRate <= 100,
      cameras <= 1000, people <= 100_000, (0...1).contains(overlap), (0...1).contains(uniforms),
      clockSkew >= 0
    else {
      throw CommandFailure.usage(
        "cameras are 1 to 1000, people 1 to 100000, duration up to 1000000 s, frame rate up to 100, shares 0 to 1"
      )
    }
    var settings = WorldSettings()
    settings.cameraCount = cameras
    settings.personCount = people
    settings.duration = duration
    settings.frameRate = frameRate
    settings.overlapShare = overlap
    settings.uniformShare = uniforms
    settings.clockSkew = clockSkew
    settings.seed = seed
    var rules = AssociationSettings()
    if offline {
      rules.consolidationWindow = .infinity
      rules.maximumEndedTracks = Associator.maximumRecordingTracks
    }
    var associator = try Associator(
      network: EmbeddingNetwork(name: "world", version: "1", dimension: settings.appearance.dimension),
      settings: rules)
    let total = Int(duration * frameRate) * cameras
    var frames = 0
    var memory: [Int] = []
    let bar = ProgressBar(title: "world")
    let report = try WorldEvaluation.run(World(settings: settings), with: &associator) { noteBytes in
      frames += 1
      if frames % max(1, total / 10) == 0 { memory.append(Self.residentMebibytes - noteBytes() >> 20) }
      if frames % 500 == 0 {
        bar.show(fraction: Double(frames) / Double(max(1, total)), note: "\(frames) frames")
      }
    }
    bar.finish(note: "\(frames) frames")
    let figures = Figures(
      identityF1: report.identityF1, liveIdentityF1: report.liveIdentityF1, oracleF1: report.oracleF1,
      people: report.people, identities: report.identities,
      identitiesPerPerson: Double(report.identities) / Double(max(1, report.people)),
      sharedFrames: report.sharedFrames, corrections: report.corrections, tracks: report.tracks,
      memory: memory, peakMemory: memory.max() ?? 0,
      memoryGrowth: (memory.last ?? 0) - (memory.isEmpty ? 0 : memory[memory.count / 2]))
    print(
      String(
        format:
          "IDF1 %.1f at the end, %.1f as reported live, %.1f at best; %d people, %d identities (%.2f each)",
        figures.identityF1 * 100, figures.liveIdentityF1 * 100, figures.oracleF1 * 100, figures.people,
        figures.identities, figures.identitiesPerPerson))
    print(
      "frames in which two tracks share an identity: \(figures.sharedFrames); corrections: \(figures.corrections); tracks: \(figures.tracks)"
    )
    print(
      "resident memory in MiB over time, without the evaluation's notes: \(memory.map(String.init).joined(separator: " ")); peak \(figures.peakMemory), second half \(figures.memoryGrowth >= 0 ? "+" : "")\(figures.memoryGrowth)"
    )
    try ReportFile.write(figures, to: json)
  }

  private static var residentMebibytes: Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    guard let fields, fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return (pages * 4096) >> 20
  }
}
