import ArgumentParser
import Foundation
import Pipeline
import Store

/// Checks a gallery's file, or a receipt.
struct GalleryVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check every record and the audit log, or a receipt of an erasure.",
    discussion: """
      Nothing is written. --audit-head takes what an earlier 'verify' printed: a copy kept elsewhere proves that the \
      log's end was not cut off.
      """)

  @OptionGroup var place: GalleryPlace
  @Option(help: ArgumentHelp("Check the receipts that 'gallery forget --receipt' wrote.", valueName: "file"))
  var receipt: String?
  @Option(
    help: ArgumentHelp(
      "The audit log must contain this state, as an earlier check printed it.", valueName: "n:hash"))
  var auditHead: String?
  @OptionGroup var output: OutputArguments

  func validate() throws {
    guard let auditHead else { return }
    let parts = auditHead.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int64(parts[0]), count > 0, parts[1].count == 64,
      parts[1].allSatisfy(\.isHexDigit)
    else {
      throw ValidationError("--audit-head takes N:HASH with 64 digits, as an earlier 'verify' printed it")
    }
  }

  func run() throws {
    let settings = try place.settings()
    if let receipt {
      try check(receipt: receipt, settings)
      return
    }
    let report = try GalleryPlace.describing { try GalleryCheck(settings, earlierHead: auditHead) }
    try output.write(report) {
      var lines = report.problems
      if report.problemCount > report.problems.count {
        lines.append("and \(report.problemCount - report.problems.count) more")
      }
      lines.append(
        "audit log: " + English.count(report.auditEntries, "entry", "entries")
          + (report.auditHead.map { ", head \($0)" } ?? " before the first that is not intact"))
      lines.append(
        report.problemCount == 0
          ? "\(English.count(report.records, "record")), all intact"
          : "\(English.count(report.problemCount, "problem")); restore a backup, and keep this file as evidence"
      )
      return lines.joined(separator: "\n")
    }
    if report.problemCount > 0 { throw ExitCode(1) }
  }

  /// What is said about one receipt.
  private struct ReceiptResult: Encodable {
    var identity: UInt64
    var isValid: Bool
    /// Whether the file's blocks may still hold, sealed, what was erased.
    var mayLinger: Bool
  }

  private func check(receipt path: String, _ settings: GallerySettings) throws {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      throw CommandFailure.failed("cannot read '\(path)': \(error.localizedDescription)")
    }
    let decoder = JSONDecoder()
    guard
      let receipts = (try? decoder.decode([ForgetReceipt].self, from: data))
        ?? (try? decoder.decode(ForgetReceipt.self, from: data)).map({ [$0] }), !receipts.isEmpty
    else {
      throw CommandFailure.failed("'\(path)' is no receipt; use a file that 'gallery forget --receipt' wrote")
    }
    let results = try GalleryPlace.describing {
      let credential = try settings.credential()
      return try receipts.map { receipt in
        ReceiptResult(
          identity: receipt.identity.rawValue,
          isValid: try GalleryStore.isValid(receipt, path: settings.file ?? "", credential: credential),
          mayLinger: receipt.mayLinger(at: settings.file ?? ""))
      }
    }
    try output.write(results) {
      results.map { result in
        if result.isValid, result.mayLinger {
          return "identity \(result.identity): erased, but the file's blocks may still hold it, sealed; "
            + "run 'gallery forget \(result.identity)' again"
        }
        return result.isValid
          ? "identity \(result.identity): erased, and the audit log tells of it"
          : "identity \(result.identity): NOT valid; the log does not tell of it, or the person is still there"
      }.joined(separator: "\n")
    }
    if results.contains(where: { !$0.isValid || $0.mayLinger }) { throw ExitCode(1) }
  }
}
