import Association
import Configuration
import ThroughlineCore

/// What a configuration says about how a site's cameras hang together: `association.overlaps`, `.disjoint`, `.regions` and
/// `.transitions`.
struct SiteKnowledge {
  private let configuration: Configuration
  private let cameras: [CameraName]

  /// - Parameter cameras: those of the run; every camera that is named must be among them.
  init(_ configuration: Configuration, cameras: [CameraName]) {
    self.configuration = configuration
    self.cameras = cameras
  }

  /// - Throws: ``PipelineError/setting(_:)`` with the place of the first thing that is wrong.
  func apply(to settings: inout AssociationSettings) throws(PipelineError) {
    for pair in try pairs("association.overlaps") { settings.overlaps[pair] = .overlapping }
    for pair in try pairs("association.disjoint") {
      guard settings.overlaps[pair] == nil else {
        throw refusal(
          "association.disjoint",
          "'\(pair.first)+\(pair.second)' stands in association.overlaps too; remove one")
      }
      settings.overlaps[pair] = .disjoint
    }
    for text in configuration.list("association.regions") {
      let (camera, name, region) = try region(text)
      guard settings.regions[camera, default: [:]].updateValue(region, forKey: name) == nil else {
        throw refusal("association.regions", "camera '\(camera)' has two regions named '\(name)'; rename one")
      }
    }
    settings.transitions = []
    for text in configuration.list("association.transitions") {
      settings.transitions.append(try transition(text, regions: settings.regions))
    }
  }

  private func refusal(_ key: String, _ text: String) -> PipelineError {
    .setting("\(configuration.entry(key).origin): '\(key)': \(text)")
  }

  private func camera(_ text: Substring, key: String) throws(PipelineError) -> CameraName {
    if let found = cameras.first(where: { $0.rawValue == text }) { return found }
    let names = cameras.map(\.rawValue).sorted()
    let hint =
      nearest(to: String(text), among: names).map { ", did you mean '\($0)'?" }
      ?? "; there are \(names.joined(separator: ", "))"
    throw refusal(key, "there is no camera '\(text)'" + hint)
  }

  private func pairs(_ key: String) throws(PipelineError) -> [CameraPair] {
    var pairs: [CameraPair] = []
    for text in configuration.list(key) {
      let sides = text.split(separator: "+", omittingEmptySubsequences: false)
      guard sides.count == 2 else {
        throw refusal(key, "'\(text)' is no pair of cameras; write NAME+NAME, for example hall+yard")
      }
      let pair = CameraPair(try camera(sides[0], key: key), try camera(sides[1], key: key))
      guard pair.first != pair.second else { throw refusal(key, "'\(text)' names one camera twice") }
      pairs.append(pair)
    }
    return pairs
  }

  private func region(
    _ text: String
  ) throws(PipelineError) -> (camera: CameraName, name: String, region: PictureRegion) {
    let key = "association.regions"
    let mend =
      "write CAMERA:NAME=LEFT/TOP/RIGHT/BOTTOM in shares of the picture, for example hall:door=0.8/0/1/1"
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    let place = sides[0].split(separator: ":", omittingEmptySubsequences: false)
    guard sides.count == 2, place.count == 2, CameraName(String(place[1])) != nil else {
      throw refusal(key, "'\(text)' is no region; \(mend)")
    }
    let edges = sides[1].split(separator: "/", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard edges.count == 4,
      let region = PictureRegion(left: edges[0], top: edges[1], right: edges[2], bottom: edges[3])
    else { throw refusal(key, "'\(sides[1])' are no edges of a part of the picture; \(mend)") }
    return (try camera(place[0], key: key), String(place[1]), region)
  }

  private func transition(
    _ text: String, regions: [CameraName: [String: PictureRegion]]
  ) throws(PipelineError) -> CameraTransition {
    let key = "association.transitions"
    let mend = "write FROM>TO=SECONDS-SECONDS, for example hall>yard=5-30 or hall:door>yard:gate=5-30"
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    let ends = sides[0].split(separator: ">", omittingEmptySubsequences: false)
    guard sides.count == 2, ends.count == 2 else { throw refusal(key, "'\(text)' is no way; \(mend)") }
    let times = sides[1].split(separator: "-", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard times.count == 2, times[0] >= 0, times[1] >= times[0], times[1] <= 86_400 else {
      throw refusal(key, "'\(sides[1])' are no times, the shorter one first, up to 86400 s; \(mend)")
    }
    let from = try end(ends[0], of: text, regions: regions)
    let to = try end(ends[1], of: text, regions: regions)
    guard from.camera != to.camera else {
      throw refusal(key, "'\(text)' leads from a camera to itself; ways within a camera are the tracker's")
    }
    return CameraTransition(
      from: from.camera, exit: from.region, to: to.camera, entry: to.region, seconds: times[0]...times[1])
  }

  private func end(
    _ text: Substring, of whole: String, regions: [CameraName: [String: PictureRegion]]
  ) throws(PipelineError) -> (camera: CameraName, region: String?) {
    let key = "association.transitions"
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first else {
      throw refusal(key, "'\(whole)': '\(text)' is neither CAMERA nor CAMERA:REGION")
    }
    let camera = try camera(first, key: key)
    guard parts.count == 2 else { return (camera, nil) }
    let known = (regions[camera] ?? [:]).keys.sorted()
    guard known.contains(String(parts[1])) else {
      let hint =
        nearest(to: String(parts[1]), among: known).map { ", did you mean '\($0)'?" }
        ?? "; name it in association.regions"
      throw refusal(key, "camera '\(camera)' has no region '\(parts[1])'" + hint)
    }
    return (camera, String(parts[1]))
  }
}
