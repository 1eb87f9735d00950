import Foundation
import ThroughlineCore

/// Who was where and when, on one page: for each identity thumbnails with covered faces, a time line over the
/// cameras, and the journey in words.
public struct JourneyReport: Sendable {
  /// A small picture of a person, faces covered, as a JPEG file.
  public struct Thumbnail: Sendable, Hashable {
    /// Where it was taken.
    public var camera: CameraName
    /// When it was taken.
    public var time: Timestamp
    /// How good the crop is, 0...1.
    public var quality: Double
    /// The JPEG file.
    public var jpeg: [UInt8]

    /// A thumbnail by its parts.
    public init(camera: CameraName, time: Timestamp, quality: Double, jpeg: [UInt8]) {
      self.camera = camera
      self.time = time
      self.quality = quality
      self.jpeg = jpeg
    }
  }

  /// One person of the report.
  public struct Person: Sendable {
    /// Who.
    public var identity: IdentityID
    /// The name, where naming is allowed and one was given.
    public var name: String?
    /// Where and when.
    public var journey: Journey
    /// What the person looks like.
    public var thumbnails: [Thumbnail]

    /// A person by its parts.
    public init(identity: IdentityID, name: String? = nil, journey: Journey, thumbnails: [Thumbnail]) {
      self.identity = identity
      self.name = name
      self.journey = journey
      self.thumbnails = thumbnails
    }
  }

  /// One camera of the report.
  public struct Camera: Sendable {
    /// Its name.
    public var name: CameraName
    /// Frames analysed.
    public var frames: Int
    /// What became of it: `ended`, `failed: ...`.
    public var state: String

    /// A camera by its parts.
    public init(name: CameraName, frames: Int, state: String) {
      self.name = name
      self.frames = frames
      self.state = state
    }
  }

  /// The cameras in the order in which they were named.
  public var cameras: [Camera]
  /// The persons, the earliest first.
  public var persons: [Person]
  /// The first moment of the report.
  public var begin: Timestamp
  /// The last moment of the report.
  public var end: Timestamp

  /// A report by its parts.
  public init(cameras: [Camera], persons: [Person], begin: Timestamp, end: Timestamp) {
    self.cameras = cameras
    self.persons = persons.sorted {
      ($0.journey.sightings.first?.begin ?? end, $0.identity) < (
        $1.journey.sightings.first?.begin ?? end, $1.identity
      )
    }
    self.begin = begin
    self.end = end
  }

  /// How long the report spans, in seconds.
  var span: Double { max(end.seconds(since: begin), 0.001) }

  /// The page: one file that opens in any browser without a network.
  public func html() -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
    <title>Throughline: who was where and when</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <header>
    <h1>Who was where and when</h1>
    <p>\(Self.escaped(summary))</p>
    </header>
    <main>
    \(persons.isEmpty ? "<p class=\"empty\">No person was seen.</p>" : persons.map(article).joined(separator: "\n"))
    <section>
    <h2>Cameras</h2>
    <table>
    <thead><tr><th scope="col">Camera</th><th scope="col">Frames</th><th scope="col">Persons</th><th scope="col">State</th></tr></thead>
    <tbody>
    \(cameras.map(cameraRow).joined(separator: "\n"))
    </tbody>
    </table>
    </section>
    </main>
    <footer><p>Faces are covered in every picture of this page. Identities are anonymous numbers unless their
    owner chose to name them.</p></footer>
    </body>
    </html>

    """
  }

  private var summary: String {
    let people = persons.count == 1 ? "1 person" : "\(persons.count) persons"
    let places = cameras.count == 1 ? "1 camera" : "\(cameras.count) cameras"
    return "\(people) in \(places), \(Self.clock(begin)) to \(Self.clock(end)) UTC (\(Self.length(span)))."
  }

  private func cameraRow(_ camera: Camera) -> String {
    let count = persons.filter { $0.journey.sightings.contains { $0.camera == camera.name } }.count
    return
      "<tr><td>\(camera.name)</td><td>\(camera.frames)</td><td>\(count)</td><td>\(Self.escaped(camera.state))</td></tr>"
  }

  private func article(_ person: Person) -> String {
    let title = person.name.map { "\(person.identity) · \($0)" } ?? "Person \(person.identity)"
    let seen = Set(person.journey.sightings.map(\.camera)).count
    let dwell = person.journey.sightings.reduce(0) { $0 + $1.duration }
    let where_ = seen == 1 ? "1 camera" : "\(seen) cameras"
    return """
      <article id="identity-\(person.identity)" style="--mark: \(Self.color(of: person.identity))">
      <h2>\(Self.escaped(title))</h2>
      <p class="facts">\(where_), \(person.journey.sightings.count) sightings, in view for \(Self.length(dwell)) in all</p>
      <div class="thumbnails">\(person.thumbnails.map(figure).joined())</div>
      \(timeline(person))
      <ol>\(person.journey.sightings.map(item).joined())</ol>
      </article>
      """
  }

  private func figure(_ thumbnail: Thumbnail) -> String {
    let data = Data(thumbnail.jpeg).base64EncodedString()
    let caption = "\(thumbnail.camera), \(Self.clock(thumbnail.time))"
    return """
      <figure><img alt="Person in \(Self.escaped(caption)), face covered" src="data:image/jpeg;base64,\(data)">\
      <figcaption>\(Self.escaped(caption))</figcaption></figure>
      """
  }

  private func item(_ sighting: Sighting) -> String {
    "<li>\(sighting.camera): \(Self.clock(sighting.begin)) to \(Self.clock(sighting.end)) (\(Self.length(sighting.duration)))</li>"
  }

  private func timeline(_ person: Person) -> String {
    let rowHeight = 22.0
    let left = 130.0
    let width = 760.0
    let height = Double(cameras.count) * rowHeight + 20
    var shapes = ""
    for (row, camera) in cameras.enumerated() {
      let top = Double(row) * rowHeight
      shapes +=
        "<text x=\"0\" y=\"\(top + 15)\">\(Self.escaped(String(camera.name.rawValue.prefix(18))))</text>"
      shapes += "<line x1=\"\(left)\" x2=\"\(left + width)\" y1=\"\(top + 11)\" y2=\"\(top + 11)\"/>"
      for sighting in person.journey.sightings where sighting.camera == camera.name {
        let from = left + width * sighting.begin.seconds(since: begin) / span
        let length = max(3, width * sighting.duration / span)
        shapes += Self.format(
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\" rx=\"3\"/>", from, top + 4, length)
      }
    }
    shapes += "<text x=\"\(left)\" y=\"\(height - 4)\">\(Self.clock(begin))</text>"
    shapes += "<text x=\"\(left + width)\" y=\"\(height - 4)\" text-anchor=\"end\">\(Self.clock(end))</text>"
    return
      "<svg viewBox=\"0 0 \(left + width) \(height)\" role=\"img\" aria-label=\"Time line over the cameras\">\(shapes)</svg>"
  }

  private static func format(_ pattern: String, _ values: any CVarArg...) -> String {
    String(format: pattern, locale: Locale(identifier: "en_US_POSIX"), arguments: values)
  }

  /// The time of day, to a tenth of a second.
  private static func clock(_ time: Timestamp) -> String {
    String(EventRecord.text(of: time).dropFirst(11).prefix(10))
  }

  private static func length(_ seconds: Double) -> String {
    if seconds < 90 { return format("%.1f s", seconds) }
    if seconds < 5400 { return format("%.1f min", seconds / 60) }
    return format("%.1f h", seconds / 3600)
  }

  private static func color(of identity: IdentityID) -> String {
    "hsl(\((identity.rawValue &* 137) % 360) 60% 42%)"
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  private static let style = """
    :root { color-scheme: light dark; --line: #8884; --soft: #888; }
    body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; }
    h1 { margin-bottom: 0; } header p, .facts, footer { color: var(--soft); }
    article, section { border-top: 1px solid var(--line); padding: 1rem 0; }
    article { border-left: 6px solid var(--mark); padding-left: 1rem; }
    h2 { margin: 0; } .facts { margin: 0 0 .5rem; }
    .thumbnails { display: flex; flex-wrap: wrap; gap: .75rem; }
    figure { margin: 0; } figure img { height: 160px; border-radius: 4px; display: block; }
    figcaption { font-size: 12px; color: var(--soft); }
    svg { width: 100%; margin-top: .75rem; font-size: 12px; } svg text { fill: currentColor; }
    svg line { stroke: var(--line); } svg rect { fill: var(--mark); }
    ol { margin: .5rem 0 0; padding-left: 1.5rem; }
    table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem 1rem .2rem 0; }
    """
}
