import Foundation
import Testing
import ThroughlineCore
import ThroughlineTestKit
import Tracking

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
    file.finish(filling: GapFilling(longest: 0)) { number, time in
      number == 1 ? IdentityID(time.seconds < 0.5 ? 9 : 8) : nil
    }
    let text = try String(contentsOfFile: folder.file("a.txt"), encoding: .utf8)
    #expect(text == "1,9,-1.50,2.00,30.00,70.25,0.50,-1,-1,-1\n2,8,-1.50,2.00,30.00,70.25,0.50,-1,-1,-1\n")
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.txt.partial")))
    #expect(file.failure == nil)
  }

  @Test func aPersonWhoWasHiddenForAMomentIsFilledIn() throws {
    let folder = try TemporaryFolder()
    let file = try MOTFile(path: folder.file("a.txt"))
    func seen(_ frame: UInt64, _ number: UInt64, x: Double, score: Double = 0.5, isCut: Bool = false) {
      var track = track(number)
      track.box = BoundingBox(x: x, y: 20, width: 30, height: 70)
      track.score = score
      file.write(frame: frame, time: Timestamp(seconds: Double(frame) / 10), isCut: isCut, tracks: [track])
    }
    // One person under two track numbers, somebody else meanwhile, and the first again after too long a time, and beyond a
    // cut.
    seen(1, 1, x: 10)
    seen(2, 2, x: 200)
    seen(4, 3, x: 40, score: 0.4)
    seen(90, 1, x: 40)
    seen(92, 1, x: 40, isCut: true)
    file.finish(filling: GapFilling()) { number, _ in IdentityID(number == 2 ? 5 : 9) }
    let text = try String(contentsOfFile: folder.file("a.txt"), encoding: .utf8)
    #expect(
      text == """
        1,9,10.00,20.00,30.00,70.00,0.50,-1,-1,-1
        2,5,200.00,20.00,30.00,70.00,0.50,-1,-1,-1
        2,9,20.00,20.00,30.00,70.00,0.40,-1,0,-1
        3,9,30.00,20.00,30.00,70.00,0.40,-1,0,-1
        4,9,40.00,20.00,30.00,70.00,0.40,-1,-1,-1
        90,9,40.00,20.00,30.00,70.00,0.50,-1,-1,-1
        92,9,40.00,20.00,30.00,70.00,0.50,-1,-1,-1

        """)
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
