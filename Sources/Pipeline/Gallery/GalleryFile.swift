import Configuration
import Foundation
import Gallery
import Logging
import Store
import ThroughlineCore

/// The gallery of a run: a file where one is named, otherwise memory.
enum GalleryFile {
  private static let settingsName = "protection settings"

  /// Opens what the settings name, and notes in its audit log which settings about people have changed.
  ///
  /// - Parameter logger: hears when the file can no longer be written, and when it can again.
  /// - Returns: with whom to show by the number that the person has now.
  /// - Throws: ``PipelineError``, also where the gallery does not know whom the settings want to show: that number would
  ///   be given to a stranger later.
  static func open(
    _ settings: PipelineSettings, logger: Logger
  ) throws -> (
    store: GalleryStore?, contents: GalleryContents, showOnly: (identity: IdentityID, reason: String)?
  ) {
    guard let path = settings.gallery.file else { return (nil, GalleryContents(), settings.showOnly) }
    do {
      let options = StoreOptions(onConditionChange: { condition in
        switch condition {
        case .writing: logger.notice("\(path): the gallery is being written")
        case .closed: break
        case .degraded(let reason):
          logger.warning("the gallery goes on in memory and catches up later: \(reason)")
        case .failed(let reason):
          logger.error("the gallery is not written any more; identities go on in memory: \(reason)")
        }
      })
      let store = try GalleryStore(
        path: path, credential: settings.gallery.credential(), options: options)
      // Who altered the log may have altered it again by the next time somebody looks.
      do { _ = try store.auditLog() } catch StoreError.damaged(_, let reason) {
        logger.warning(
          "\(path): \(reason): somebody has altered the audit log, or the disk has; keep a copy of the file, and see 'gallery verify'"
        )
      } catch {}
      var showOnly = settings.showOnly
      if let asked = showOnly?.identity {
        guard let living = store.contents.resolve(asked) else {
          try? store.close()
          throw PipelineError.setting(
            "privacy.show-only: the gallery knows no identity \(asked); 'gallery list' shows whom it knows")
        }
        showOnly?.identity = living
      }
      try audit(settings, in: store, logger: logger)
      return (store, store.contents, showOnly)
    } catch let error as PipelineError {
      throw error
    } catch {
      throw PipelineError.output("\(error)")
    }
  }

  /// Logs what has changed since the last run. Where the log cannot be written, faces are not shown.
  private static func audit(
    _ settings: PipelineSettings, in store: GalleryStore, logger: Logger
  ) throws(StoreError) {
    let values = settings.protection
    let known = store.contents.learnedState[settingsName].flatMap {
      try? JSONDecoder().decode([String: String].self, from: $0)
    }
    do {
      for (key, value) in values.sorted(by: { $0.key < $1.key }) {
        let before = known?[key] ?? PipelineSettings.standardProtection[key]
        guard before != value else { continue }
        try store.audit(
          .setting, subject: "\(key): \(before ?? "not set") to \(value)", reason: settings.protectionReason,
          actor: Actor.current)
      }
      if settings.showsFaces {
        let whom = settings.showOnly.map { "identity \($0.identity)" } ?? "everybody"
        try store.audit(.reveal, subject: whom, reason: settings.protectionReason, actor: Actor.current)
      }
    } catch {
      guard !settings.showsFaces else { throw error }
      logger.warning("the settings could not be noted in the audit log: \(error)")
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    if known != values, let state = try? encoder.encode(values) {
      store.append([.learnedStateSet(name: settingsName, value: state)])
    }
  }
}

/// Who uses the program, for the audit log.
public enum Actor {
  /// The user's name, or the number where the system has none.
  public static var current: String {
    let name = NSUserName()
    return name.isEmpty ? "user \(getuid())" : name
  }
}

extension PipelineSettings {
  /// Whether somebody's face is shown.
  var showsFaces: Bool {
    if case .off = privacy.faces { return true }
    return showOnly != nil
  }

  /// Why a setting is as it is, as far as the configuration says.
  var protectionReason: String {
    if case .off(let reason) = privacy.faces { return reason }
    return showOnly?.reason ?? gallery.namingPurpose ?? ""
  }

  /// The settings that say who is found, covered, kept and named, as text.
  var protection: [String: String] {
    let worded = [
      "privacy.faces": privacy.faces.name, "privacy.margin": "\(privacy.margin)",
      "privacy.hold": "\(privacy.hold)", "privacy.person-score": "\(privacy.personScore)",
      "privacy.face-score": "\(privacy.faceScore)",
      "privacy.crowd-look": "\(privacy.crowdInterval)",
      "privacy.show-only": showOnly.map { "\($0.identity)" } ?? "nobody",
      "gallery.naming": gallery.namingPurpose == nil ? "off" : "on",
    ]
    // Texts that earlier versions have noted stay as they are, so that an update is no change.
    var values = decisive.merging(worded) { _, text in text }
    for kind in RetentionClass.allCases {
      values["retention.\(kind.rawValue)"] = "\(gallery.retention[kind] / 3600) hours"
    }
    return values
  }

  /// The same for settings that nobody has touched.
  static let standardProtection: [String: String] = {
    guard let settings = try? PipelineSettings(Configuration(), environment: [:]) else { return [:] }
    return settings.protection
  }()
}
