import Foundation
import GRDB
import Store
import Testing
import ThroughlineCore
import ThroughlineTestKit

/// The gallery's commands on files that need no model.
@Suite(.enabled(if: ProgramRunner.built != nil)) struct GalleryCommandTests {
  @Test func aGalleryIsListedCorrectedForgottenAndChecked() throws {
    let files = try GalleryFiles()
    func run(_ words: [String], exit code: Int32 = 0) throws -> String {
      let result = try files.gallery(words)
      #expect(result.exitCode == code, "\(words): \(result.errors)")
      return result.output + result.errors
    }
    #expect(try run(["list"]).contains("door"))
    let list =
      try JSONSerialization.jsonObject(with: Data(try run(["list", "--json"]).utf8)) as? [[String: Any]]
    #expect(list?.count == 3)
    #expect(try run(["show", "2", "--why"]).contains("similar to 2"))
    #expect(try run(["merge", "3", "--into", "1", "--reason", "same coat"]).contains("undo 1"))
    #expect(try run(["show", "3"]).contains("which 3 was merged into"))
    #expect(try run(["undo"]).contains("taken back"))
    #expect(try run(["not-same", "1", "2"]).contains("for good"))
    #expect(try run(["undo"]).contains("the not-same of 1 and 2"))
    #expect(try run(["not-same", "1", "2"]).contains("'gallery undo"))
    #expect(try run(["merge", "1", "--into", "2"], exit: 1).contains("'gallery not-same 1 2 --undo'"))
    #expect(try run(["show", "1"]).contains(": 1 and 2 are not the same,"))
    #expect(try run(["not-same", "1", "2", "--undo"]).contains("again"))
    #expect(try run(["split", "2", "--sightings", "3"]).contains("1 stay of 2 is identity 4 now"))
    #expect(try run(["list", "--cameras", "dor"]).contains("nobody was seen in a camera 'dor'"))
    #expect(try run(["stats"]).contains("embedding"))
    #expect(try run(["export", "2", "--output", files.folder.file("out")]).contains("person.json"))
    #expect(try run(["export", "1", "--output", files.folder.file("out")], exit: 1).contains("not empty"))
    #expect(try run(["prune"]).contains("erased"))
    let receipt = files.folder.file("receipt.json")
    #expect(
      try run(["forget", "2", "--receipt", receipt, "--reason", "asked"]).contains("Erased: identity 2"))
    #expect(try run(["show", "2"], exit: 1).contains("2"))
    #expect(try run(["verify", "--receipt", receipt]).contains("erased, and the audit log tells of it"))
    #expect(try run(["verify"]).contains("all intact"))
    let log = try run(["audit"])
    for word in ["same coat", "asked", "export", "forget", "correct"] {
      #expect(log.contains(word), "\(word)")
    }
    #expect(try run(["rotate-key", "--reason", "yearly"]).contains("is replaced by"))
    #expect(try run(["list"]).contains("door"))
  }

  @Test func namesNeedAPurpose() throws {
    let files = try GalleryFiles()
    let refused = try files.gallery(["name", "1", "Ada"])
    #expect(refused.exitCode == 2 && refused.errors.contains("gallery.naming-purpose"))
    let enrolment = try files.gallery(["enrol", "--image", "x.jpg", "--name", "Ada"])
    #expect(enrolment.exitCode == 2 && enrolment.errors.contains("gallery.naming-purpose"))
    let configuration = files.folder.file("t.yaml")
    try "gallery:\n  naming: true\n".write(toFile: configuration, atomically: true, encoding: .utf8)
    let half = try files.gallery(["name", "1", "Ada", "--config", configuration])
    #expect(half.exitCode == 2 && half.errors.contains("stated purpose"))
    try "gallery:\n  naming: true\n  naming-purpose: staff, with consent\n".write(
      toFile: configuration, atomically: true, encoding: .utf8)
    #expect(try files.gallery(["name", "1", "Ada", "--config", configuration]).exitCode == 0)
    #expect(try files.gallery(["list", "--config", configuration]).output.contains("Ada"))
    #expect(try !files.gallery(["list"]).output.contains("Ada"))
    #expect(try !files.gallery(["audit"]).output.contains("Ada"))
  }

  @Test(arguments: [
    (["list", "--from", "yesterday"], "is no moment"), (["show", "zero"], "zero"), (["show"], "id"),
    (["forget"], "--image"), (["search"], "--image"), (["name", "1"], "--remove"),
    (["export", "1"], "--output"), (["split", "1"], "--sightings"),
    (["enrol", "--image", "a.jpg"], "--name"),
    (["list", "--from", "2026-02-02", "--to", "2026-02-01"], "exchange"),
    (["rotate-key", "--to-passphrase-environment", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
    (["verify", "--audit-head", "12:beef"], "N:HASH"),
  ])
  func wordsThatAreNotUnderstoodEndWithTwo(words: [String], message: String) throws {
    let files = try GalleryFiles(people: 1)
    let result = try files.gallery(words)
    #expect(result.exitCode == 2, "\(result.errors)")
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test(arguments: [
    ["show", "77"], ["merge", "77", "--into", "1"], ["forget", "77"], ["undo"], ["name", "77", "--remove"],
  ])
  func whatIsNotThereIsNamed(words: [String]) throws {
    let files = try GalleryFiles(people: 1)
    let result = try files.gallery(words)
    #expect(result.exitCode == 1)
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(words == ["undo"] || result.errors.contains("77"), "\(result.errors)")
  }

  // MARK: - Bad files: a clear line, and nothing touched

  /// What may be wrong with a gallery's file, and what is said about it.
  enum Damage: String, CaseIterable, Sendable {
    case newer, otherKey, truncated, flipped, empty, text, missing
    case missingKey, openKey

    var message: String {
      switch self {
      case .newer: "use a newer program"
      case .otherKey: "give the right key file"
      case .truncated: "truncated"
      case .flipped: "damaged"
      case .empty: "truncated to 0 bytes"
      case .text: "no gallery"
      case .missing: "there is no gallery here"
      case .missingKey: "the key file is missing"
      case .openKey: "chmod 600"
      }
    }
  }

  private func damage(_ kind: Damage, _ files: GalleryFiles) throws -> String {
    let url = URL(filePath: files.path)
    var bytes = try files.bytes()
    switch kind {
    case .newer: bytes[63] = 200
    case .truncated: bytes = bytes.prefix(bytes.count / 2)
    case .flipped: for place in stride(from: 9000, to: bytes.count, by: 997) { bytes[place] ^= 0x55 }
    case .empty: bytes = Data()
    case .text: bytes = Data("this is no gallery, it is a shopping list".utf8)
    case .missing: try FileManager.default.removeItem(at: url)
    case .otherKey:
      let other = files.folder.file("other.key")
      try GalleryKeyFile.create(at: other)
      return other
    case .missingKey: return files.folder.file("none.key")
    case .openKey:
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.key)
    }
    if kind != .missing, kind != .openKey { try bytes.write(to: url) }
    return files.key
  }

  @Test(arguments: Damage.allCases)
  func aBadFileIsNamedAndNotTouched(kind: Damage) throws {
    let files = try GalleryFiles()
    let key = try damage(kind, files)
    let before = try? files.bytes()
    for words in [["list"], ["stats"], ["merge", "1", "--into", "2"], ["forget", "1"], ["prune"]] {
      let result = try files.gallery(words, key: key)
      #expect(result.exitCode == 1, "\(words)")
      #expect(result.errors.contains(kind.message), "\(words): \(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    #expect((try? files.bytes()) == before)
  }

  @Test func twoProcessesDoNotShareAFile() throws {
    let files = try GalleryFiles()
    let holder = try GalleryStore(path: files.path, credential: .file(path: files.key))
    let refused = try files.gallery(["merge", "1", "--into", "2"])
    #expect(refused.exitCode == 1 && refused.errors.contains("in use by process \(getpid())"))
    // Whoever only looks is let in.
    #expect(try files.gallery(["list"]).exitCode == 0)
    #expect(try files.gallery(["verify"]).exitCode == 0)
    let pictures = try files.gallery(["show", "1", "--crops", files.folder.file("pictures")])
    #expect(pictures.exitCode == 0, "\(pictures.errors)")
    try holder.close()
    #expect(try files.gallery(["merge", "1", "--into", "2"]).exitCode == 0)
  }

  @Test func aLockedFileIsNamedAndNothingIsLost() throws {
    let files = try GalleryFiles()
    let other = try FileLocker(files.path)
    let refused = try files.gallery(["merge", "1", "--into", "2"])
    #expect(refused.exitCode == 1 && refused.errors.contains("another program holds it"), "\(refused.errors)")
    try other.release()
    #expect(try files.gallery(["list", "--json"]).output.contains("\"identity\" : 2"))
    #expect(try files.gallery(["merge", "1", "--into", "2"]).exitCode == 0)
  }

  @Test func anImportOfOtherDimensionsChangesNothing() throws {
    let files = try GalleryFiles()
    let other = files.folder.file("other.db")
    try GalleryFiles.make(other, key: files.folder.file("other.key"), people: 2, dimension: 48)
    let result = try files.gallery(["import", other, "--other-key-file", files.folder.file("other.key")])
    #expect(result.exitCode == 1 && result.errors.contains("cannot be joined"), "\(result.errors)")
    #expect(try files.gallery(["list", "--json"]).output.contains("\"identity\" : 3"))
    #expect(try !files.gallery(["list", "--json"]).output.contains("\"identity\" : 4"))
    try GalleryFiles.make(
      files.folder.file("like.db"), key: files.folder.file("like.key"), people: 2, dimension: 32)
    let good = try files.gallery([
      "import", files.folder.file("like.db"), "--other-key-file", files.folder.file("like.key"),
    ])
    #expect(good.exitCode == 0 && good.output.contains("2 identities taken over"), "\(good.errors)")
  }

  /// The file may not grow: what a full disk does, without one.
  @Test func aFullDiskIsNamedAndNothingIsLost() throws {
    let files = try GalleryFiles()
    let shell = ProgramRunner(path: "/bin/bash")
    let result = try shell.run(
      [
        "-c",
        "ulimit -f 1; exec \"$0\" gallery merge 1 --into 2 --gallery \"$1\" --key-file \"$2\"",
        Programs.throughline.path, files.path, files.key,
      ])
    #expect(result.exitCode == 1, "\(result.exitCode) \(result.errors)")
    #expect(result.errors.contains("g.db"), "\(result.errors)")
    #expect(try files.gallery(["verify"]).exitCode == 0)
    #expect(try files.gallery(["list", "--json"]).output.contains("\"identity\" : 2"))
  }

  @Test func aReadOnlyPlaceCanBeReadAndIsNamed() throws {
    let files = try GalleryFiles()
    try FileManager.default.removeItem(atPath: files.path + ".lock")
    let manager = FileManager.default
    try manager.setAttributes([.posixPermissions: 0o400], ofItemAtPath: files.path)
    try manager.setAttributes([.posixPermissions: 0o500], ofItemAtPath: files.folder.path)
    defer {
      try? manager.setAttributes([.posixPermissions: 0o700], ofItemAtPath: files.folder.path)
    }
    // The superuser may write everywhere; somebody else is needed to see this.
    let mayWrite = getuid() == 0
    let words = ["gallery", "list", "--gallery", files.path, "--key-file", files.key]
    let list = try Programs.throughline.run(words)
    #expect(list.exitCode == 0, "\(list.errors)")
    let merge = try files.gallery(["merge", "1", "--into", "2"])
    if mayWrite { return }
    #expect(merge.exitCode == 1 && merge.errors.contains(files.path), "\(merge.errors)")
  }

  @Test func flippedBitsAreFoundByVerify() throws {
    let files = try GalleryFiles()
    let database = try DatabaseQueue(path: files.path)
    try database.write { try $0.execute(sql: "UPDATE sighting SET sealed = zeroblob(60) WHERE id = 2") }
    try database.close()
    let result = try files.gallery(["verify"])
    #expect(result.exitCode == 1)
    #expect(result.output.contains("sighting record 2 does not open"), "\(result.output)")
  }

  @Test func passphrasesOpenWhatTheySealed() throws {
    let files = try GalleryFiles()
    let moved = try files.gallery(
      ["rotate-key", "--to-passphrase-environment", "GALLERY_WORDS"],
      environment: ["GALLERY_WORDS": "correct horse"])
    #expect(moved.exitCode == 0, "\(moved.errors)")
    func list(_ words: String) throws -> ProgramRunner.Result {
      try Programs.throughline.run(
        ["gallery", "list", "--gallery", files.path, "--passphrase-environment", "GALLERY_WORDS"],
        environment: ["GALLERY_WORDS": words])
    }
    #expect(try list("correct horse").exitCode == 0)
    let wrong = try list("battery staple")
    #expect(wrong.exitCode == 1 && wrong.errors.contains("passphrase does not fit"))
    let keyed = try files.gallery(["list"])
    #expect(keyed.exitCode == 1 && keyed.errors.contains("protected by a passphrase"), "\(keyed.errors)")
  }
}
