import Configuration
import Foundation
import Logging
import Store
import Testing
import ThroughlineTestKit

@testable import Pipeline

/// What the audit log says of settings that changed from one run to the next.
@Suite struct SettingChangeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Opens the gallery as a run does.
  ///
  /// - Returns: what the log says about settings and open faces, so far.
  private func log(after values: [String: ConfigurationValue]) throws -> [String] {
    var configuration = Configuration()
    configuration.set("gallery.file", to: .text(folder.file("g.db")), from: .builtIn)
    for (key, value) in values { configuration.set(key, to: value, from: .builtIn) }
    let settings = try PipelineSettings(
      configuration, environment: ["XDG_CONFIG_HOME": folder.file("config")])
    let opened = try GalleryFile.open(settings, logger: Logger(label: "test"))
    let store = try #require(opened.store)
    defer { try? store.close() }
    return try store.auditLog().filter { $0.action == .setting || $0.action == .reveal }.map {
      "\($0.action.rawValue): \($0.subject) (\($0.reason))"
    }
  }

  @Test func everySettingAboutPeopleIsLoggedWhenItChanges() throws {
    #expect(try log(after: [:]).isEmpty, "what the program does by itself is no change")
    let changes: [(String, ConfigurationValue, String)] = [
      ("privacy.hold", .number(2), "privacy.hold: 0.5 to 2.0"),
      ("privacy.crowd-look", .number(0), "privacy.crowd-look: 3.0 to 0.0"),
      ("retention.embedding", .number(48), "retention.embedding: 24.0 hours to 48.0 hours"),
      ("association.similarity", .number(0.7), "association.similarity: 0"),
      ("detection.person-threshold", .number(0.9), "detection.person-threshold: "),
    ]
    for (index, change) in changes.enumerated() {
      let values = Dictionary(uniqueKeysWithValues: changes.prefix(index + 1).map { ($0.0, $0.1) })
      for _ in 0..<2 {
        let lines = try log(after: values)
        #expect(lines.count == index + 1, "\(lines)")
        #expect(lines.last?.hasPrefix("setting: " + change.2) == true, "\(lines)")
      }
    }
    let back = try log(after: [:])
    #expect(back.count == 2 * changes.count, "that they are as they were is a change, too: \(back)")
  }

  @Test func openFacesAreLoggedWithEveryRun() throws {
    let open: [String: ConfigurationValue] = [
      "privacy.faces": .text("off"), "privacy.reason": .text("a play on a stage"),
    ]
    _ = try log(after: open)
    let lines = try log(after: open)
    #expect(lines.contains { $0.hasPrefix("setting: privacy.faces: blur to off (a play on a stage)") })
    #expect(lines.count { $0 == "reveal: everybody (a play on a stage)" } == 2)
  }

  /// A number that nobody has yet would be given to a stranger later, whose face would then be shown.
  @Test func nobodyUnknownIsShown() throws {
    let show: [String: ConfigurationValue] = [
      "privacy.show-only": .integer(3), "privacy.reason": .text("request 17"),
    ]
    let unknown = #expect(throws: PipelineError.self) { try log(after: show) }
    #expect(unknown.map { "\($0)".contains("knows no identity 3") } == true)
    #expect(try log(after: [:]).isEmpty, "what was refused is no change, and the gallery was let go")
    var configuration = Configuration()
    for (key, value) in show { configuration.set(key, to: value, from: .builtIn) }
    let nameless = #expect(throws: PipelineError.self) {
      _ = try PipelineSettings(configuration, environment: [:])
    }
    #expect(nameless.map { $0.isUsage && "\($0)".contains("--gallery FILE") } == true)
  }

  @Test func namesAndTheirPurposeAreLogged() throws {
    let lines = try log(after: [
      "gallery.naming": .boolean(true), "gallery.naming-purpose": .text("staff, with consent"),
    ])
    #expect(lines.contains { $0.hasPrefix("setting: gallery.naming: off to on (staff, with consent)") })
    #expect(lines.contains { $0.contains("gallery.naming-purpose") })
  }
}
