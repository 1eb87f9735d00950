import ArgumentParser
import Pipeline
import Store
import ThroughlineCore

/// The audit log.
struct GalleryAudit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Show the audit log: who searched, named, exported, forgot or changed what, and why.")

  @OptionGroup var place: GalleryPlace
  @Option(help: "The latest so many; 0 is all.") var limit = 50
  @OptionGroup var output: OutputArguments

  func run() throws {
    let settings = try place.settings()
    let (all, broken) = try GalleryPlace.describing {
      try GalleryStore.intactAuditLog(path: settings.file ?? "", credential: settings.credential())
    }
    let entries = (limit > 0 ? all.suffix(limit) : all[...]).map(GalleryAuditEntry.init)
    try output.write(entries) {
      TextTable.text(
        [["#", "time (UTC)", "who", "what", "whom", "why"]]
          + entries.map {
            ["\($0.number)", Moment.text($0.time), $0.actor, $0.action, $0.subject, $0.reason]
          })
    }
    if let broken {
      throw CommandFailure.failed(
        "audit entry \(broken) is not intact, and what follows it is not shown; keep a copy of the file, and see 'gallery verify'"
      )
    }
  }
}
