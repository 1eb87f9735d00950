import Pipeline
import Testing
import ThroughlineCore

@Suite struct JourneyReportTests {
  private func report(name: String? = nil, persons: Int = 1) -> JourneyReport {
    let camera = CameraName(sanitizing: "till")
    let people = (0..<persons).map { index in
      let identity = IdentityID(UInt64(index + 1))
      let sighting = Sighting(
        identity: identity, track: TrackID(camera: camera, number: 1), begin: Timestamp(seconds: 10),
        end: Timestamp(seconds: 14))
      return JourneyReport.Person(
        identity: identity, name: name, journey: Journey(identity: identity, sightings: [sighting]),
        thumbnails: [.init(camera: camera, time: Timestamp(seconds: 11), quality: 0.9, jpeg: [0xFF, 0xD8])])
    }
    return JourneyReport(
      cameras: [.init(name: camera, frames: 100, state: "ended")], persons: people,
      begin: Timestamp(seconds: 8),
      end: Timestamp(seconds: 20))
  }

  @Test func itNeedsNoNetworkAndNoScript() {
    let page = report().html()
    for forbidden in ["http://", "https://", "<script", "src=\"/", "@import"] {
      #expect(!page.contains(forbidden))
    }
    #expect(page.contains("data:image/jpeg;base64,/9g="))
  }

  @Test func namesAreEscaped() {
    let page = report(name: "<b>&\"x").html()
    #expect(page.contains("&lt;b&gt;&amp;&quot;x"))
    #expect(!page.contains("<b>"))
  }

  @Test func anEmptyRunHasAPageToo() {
    #expect(report(persons: 0).html().contains("No person was seen."))
  }

  @Test func theJourneyIsInWords() {
    #expect(report().html().contains("till: 00:00:10.0 to 00:00:14.0 (4.0 s)"))
  }
}
