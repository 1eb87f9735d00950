import Configuration
import Foundation
import Gallery
import Store
import ThroughlineCore

/// Where a gallery lies, what opens it, how long its data live and what may be done with it.
public struct GallerySettings: Sendable {
  /// The gallery's file; `nil` keeps it in memory.
  public var file: String?
  /// The key file, where one is named.
  public var keyFile: String?
  /// The passphrase that opens the gallery instead of a key file.
  public var passphrase: String?
  /// How long each kind of data is kept.
  public var retention = RetentionPolicy()
  /// Why identities may have names; `nil` where they may not.
  public var namingPurpose: String?
  private var environment: [String: String]

  /// Reads the keys `gallery.*` and `retention.*`.
  ///
  /// - Parameter environment: where a passphrase may come from and where the user's folders are.
  /// - Throws: ``PipelineError/setting(_:)`` for what cannot be met.
  public init(_ configuration: Configuration, environment: [String: String]) throws(PipelineError) {
    self.environment = environment
    file = configuration.text("gallery.file")
    keyFile = configuration.text("gallery.key-file")
    if let variable = configuration.text("gallery.passphrase-environment") {
      guard let words = environment[variable], !words.isEmpty else {
        throw .setting(
          "gallery.passphrase-environment: the environment variable \(variable) is not set or empty; put the passphrase into it"
        )
      }
      guard keyFile == nil else {
        throw .setting("gallery.key-file and gallery.passphrase-environment are both set; leave one out")
      }
      passphrase = words
    }
    for kind in RetentionClass.allCases {
      retention[kind] = configuration.number("retention.\(kind.rawValue)") * 3600
    }
    if configuration.boolean("gallery.naming") {
      guard let purpose = configuration.text("gallery.naming-purpose"),
        !purpose.allSatisfy(\.isWhitespace)
      else {
        throw .setting(
          "gallery.naming gives identities names and needs a stated purpose; set gallery.naming-purpose")
      }
      namingPurpose = purpose
    }
  }

  /// The folder of the keys that nobody has named a file for: `$XDG_CONFIG_HOME/throughline/keys`.
  var keyFolder: String? {
    if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return base + "/throughline/keys" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/throughline/keys"
  }

  /// What opens the gallery.
  ///
  /// Without a setting, a key beside the gallery (`FILE.key`) is taken where there is one. Otherwise keys live in a
  /// folder of the user's configuration, away from the gallery and its backups; the one that fits is found by the
  /// identifier in the gallery's file, so that a gallery may be moved or renamed.
  ///
  /// - Throws: ``PipelineError/output(_:)`` where no key fits or no folder can be made.
  public func credential() throws(PipelineError) -> GalleryCredential {
    if let passphrase { return .passphrase(passphrase) }
    if let keyFile { return .file(path: keyFile) }
    guard let file else { throw .setting("no gallery is named; name one with --gallery FILE") }
    if FileManager.default.fileExists(atPath: file + ".key") { return .file(path: file + ".key") }
    guard let folder = keyFolder else {
      throw .setting("there is no home directory to keep the gallery's key in; set gallery.key-file")
    }
    if FileManager.default.fileExists(atPath: file) {
      return .file(path: try key(in: folder, fitting: file))
    }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .output(
        "cannot make the folder '\(folder)' for the gallery's key: \(error.localizedDescription); set gallery.key-file"
      )
    }
    let stem = URL(filePath: file).deletingPathExtension().lastPathComponent
    let mark = String(UInt32.random(in: 0...UInt32.max), radix: 16)
    return .file(path: "\(folder)/\(stem)-\(mark).key")
  }

  private func key(in folder: String, fitting file: String) throws(PipelineError) -> String {
    let wanted: String
    do { wanted = try GalleryStore.keyIdentifier(path: file) } catch { throw .output("\(error)") }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    for name in names where name.hasSuffix(".key") || name.hasSuffix(".key.next") {
      let path = folder + "/" + name
      if let key = try? GalleryKeyFile.read(at: path), key.identifier == wanted {
        // A rotation that was cut short: the store moves the new key to its place when it opens the gallery.
        return name.hasSuffix(".next") ? String(path.dropLast(5)) : path
      }
    }
    throw .output(
      "\(file): no key in '\(folder)' opens this gallery (it is sealed with key \(wanted), or with a passphrase); name its key with gallery.key-file, or gallery.passphrase-environment"
    )
  }
}
