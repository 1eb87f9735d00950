import Testing
import ThroughlineCore

@testable import Privacy

@Suite struct PrivacySettingsTests {
  @Test func showingFacesTakesAReason() throws {
    for reason in [nil, "", "  \t\n"] {
      #expect(throws: PrivacyError.missingReason("privacy.faces: off")) {
        try FaceCovering(name: "off", reason: reason)
      }
    }
    for reason in ["", " "] {
      #expect(throws: PrivacyError.missingReason("privacy.faces: off")) {
        try PrivacySettings(faces: .off(reason: reason))
      }
      #expect(throws: PrivacyError.missingReason("privacy.show-only")) {
        try ShowOnly(tracks: [], reason: reason)
      }
    }
    #expect(try FaceCovering(name: "off", reason: "staff training, consent on file").name == "off")
  }

  @Test func everyNameIsRead() throws {
    for name in FaceCovering.names { #expect(try FaceCovering(name: name, reason: "because").name == name) }
    for name in ["", "Blur", "none", "wholeBody"] {
      #expect(throws: PrivacyError.unknownCovering(name)) { try FaceCovering(name: name, reason: "because") }
    }
  }

  @Test func valuesOutOfRangeAreRefused() throws {
    for margin in [0, -1, 2.1, .nan, .infinity] {
      #expect(throws: PrivacyError.self) { try PrivacySettings(margin: margin) }
    }
    for hold in [0, -0.5, 11, .nan, .infinity] {
      #expect(throws: PrivacyError.self) { try PrivacySettings(hold: hold) }
    }
    for score in [-0.1, 0.51, .nan] {
      #expect(throws: PrivacyError.self) { try PrivacySettings(personScore: score) }
    }
    for score in [0, 0.04, 0.31, .nan] {
      #expect(throws: PrivacyError.self) { try PrivacySettings(faceScore: score) }
    }
    #expect(try PrivacySettings() == .standard)
    for error in [
      PrivacyError.missingReason("a"), .unknownCovering("b"), .outOfRange(setting: "c", value: 1, range: "d"),
    ] {
      #expect(!error.description.contains("\n"))
    }
  }
}
