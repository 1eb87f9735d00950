import Foundation
import Testing
import ThroughlineCore
import ThroughlineTestKit

@testable import Pipeline

@Suite struct MOTFileTests {
  private func track(_ number: UInt64, observed: Bool = true) -> Track {
    let moment = Timestamp(seconds: 0)
    return Track(
      id: TrackID(camera: CameraName(sanitizing: "a"), number: number), state: .tracked,
      box: BoundingBox(x: -1.5, y: 2.004, width: 30, height: 70.25), isObserved: observed, score: 0.5,
      firstSeen: moment, lastSeen: moment)
  }

  @Test func identitiesAreWrittenAtTheEnd() throws {
    let folder = try TemporaryFolder()
    let file = try MOTFile(path: folder.file("a.txt"))
    file.write(
      frame: 1, time: Timestamp(seconds: 0), tracks: [track(1), track(2), track(3, observed: false)])
    file.write(frame: 2, time: Timestamp(seconds: 1), tracks: [track(1)])
    file.finish { number, time in number == 1 ? IdentityID(time.seconds < 0.5 ? 9 : 8) : nil }
    let text = try String(contentsOfFile: folder.file("a.txt"), encoding: .utf8)
    #expect(text == "1,9,-1.50,2.00,30.00,70.25,0.50,-1,-1,-1\n2,8,-1.50,2.00,30.00,70.25,0.50,-1,-1,-1\n")
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.txt.partial")))
    #expect(file.failure == nil)
  }

  @Test func anUnwritableDirectoryIsNamed() {
    let error = #expect(throws: MOTFileError.self) { try MOTFile(path: "/nonexistent/a.txt") }
    #expect("\(error!)".contains("/nonexistent/a.txt"))
  }

  @Test func aTrackThatChangedItsPersonIsWrittenAsBoth() throws {
    let track = TrackID(camera: CameraName(sanitizing: "a"), number: 1)
    func sighting(_ identity: UInt64, _ begin: Double, _ end: Double) -> Sighting {
      Sighting(
        identity: IdentityID(identity), track: track, begin: Timestamp(seconds: begin),
        end: Timestamp(seconds: end))
    }
    let identities = FinalIdentities([sighting(2, 5, 9), sighting(1, 0, 5)])
    #expect(identities.identity(of: track, at: Timestamp(seconds: 1)) == IdentityID(1))
    #expect(identities.identity(of: track, at: Timestamp(seconds: 5)) == IdentityID(2))
    #expect(identities.identity(of: track, at: Timestamp(seconds: 30)) == IdentityID(2))
    #expect(
      identities.identity(of: TrackID(camera: track.camera, number: 2), at: Timestamp(seconds: 1)) == nil)
  }
}
